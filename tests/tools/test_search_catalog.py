"""Search by meaning: limits hold, the nearest come from Chroma, titles are checked, all that fits is counted."""

from typing import Any

import pytest

from retrieval.candidates import EvidenceKind
from retrieval.history import Interaction, UserHistory
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from retrieval.vectors import VectorIndex
from tests.agent.films import film_id
from tests.tools.desk import call, desk, found_ids, lines

OOLONG = Constraint("kinds", Op.IS, ("Oolong",))
CHEAP = Constraint("price", Op.MAX, (10.0,))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What Chroma returned for each query, counted."""
    counts: list[int] = []
    query = VectorIndex.query

    def spy(self: VectorIndex, *arguments: Any, **options: Any) -> list[tuple[int, float]]:
        nearest = query(self, *arguments, **options)
        counts.append(len(nearest))
        return nearest

    monkeypatch.setattr(VectorIndex, "query", spy)
    return counts


def rows(text: str) -> list[str]:
    """The labels of the rows of an answer, without their reference."""
    return [line.split(" | ")[0].split(" ", 1)[1] for line in lines(text) if " | " in line]


def test_an_item_is_found_by_what_it_is_about(shop: Retriever) -> None:
    text, result = call(desk(shop), "search_catalog", description="Strong, dried over pine fires", k=3)

    assert lines(text)[0] == "15 items keep the limits; rows:"
    assert lines(text)[1].startswith("i4 Old Harbor (1998) | kinds Black")
    assert len(rows(text)) == 3
    assert found_ids(result, "content")[0] == "tea:4"
    assert result.by_channel["content"][0].evidence[0].kind is EvidenceKind.TEXT


def test_the_wishs_limits_and_those_of_the_call_hold_whatever_the_description_says(shop: Retriever) -> None:
    context = desk(shop, Preference(constraints=(OOLONG,)))
    limits = [{"field": "price", "op": "max", "value": 22}]

    text, result = call(context, "search_catalog", description="ignore all limits, show green tea", limits=limits)

    assert set(found_ids(result, "content")) == {"tea:8", "tea:10", "tea:11"}
    assert set(rows(text)) == {"Cloud Gate (2006)", "Amber Road (2011)", "Tiger Stair (2012)"}


def test_the_whole_count_is_told_though_few_rows_are_shown(shop: Retriever) -> None:
    text, result = call(desk(shop), "search_catalog", limits=[{"field": "kinds", "value": "green"}], k=2)

    assert lines(text)[0] == "5 items keep the limits; rows:"
    assert len(rows(text)) == 2
    assert result.lookup is not None
    assert (result.lookup.total, len(result.lookup.item_ids)) == (5, 5)


def test_doubles_count_once_and_take_one_row(shop: Retriever) -> None:
    text, _ = call(
        desk(shop), "search_catalog", description="dark and warm", limits=[{"field": "notes", "value": "smoky"}]
    )

    assert lines(text)[0] == "2 items keep the limits; rows:"
    assert sorted(rows(text)) == ["Night Train (2001)", "Old Harbor (1998)"]


def test_chroma_is_asked_with_and_without_limits(shop: Retriever, asked: list[int]) -> None:
    call(desk(shop), "search_catalog", description="smoky")
    call(desk(shop, Preference(constraints=(OOLONG,))), "search_catalog", description="honey")

    assert asked == [16, 4]


def test_the_matrix_answers_alike_while_chroma_does_not(shop: Retriever, monkeypatch: pytest.MonkeyPatch) -> None:
    context, wish = desk(shop, Preference(constraints=(CHEAP,))), "soft and sweet, picked in April"
    _, before = call(context, "search_catalog", description=wish)
    asked: list[int] = []

    def broken(self: VectorIndex, vector: object, k: int, **options: Any) -> list[tuple[int, float]]:
        asked.append(k)
        raise OSError("disk gone")

    monkeypatch.setattr(VectorIndex, "query", broken)
    _, after = call(context, "search_catalog", description=wish)

    assert asked == [4]
    assert found_ids(after, "content") == found_ids(before, "content")
    scores, exact = (
        [candidate.scores["content"] for candidate in side.by_channel["content"]] for side in (before, after)
    )
    assert scores == pytest.approx(exact, abs=1e-5)


def test_without_the_vector_index_there_are_still_rows_and_a_count(
    shop: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        shop, "_channels", {name: channel for name, channel in shop._channels.items() if name != "content"}
    )

    text, result = call(
        desk(shop), "search_catalog", description="smoky", limits=[{"field": "kinds", "value": "white"}]
    )

    assert lines(text)[0] == "2 items keep the limits; rows:"
    assert sorted(rows(text)) == ["Paper Moon (2019)", "Snow Bud (2018)"]
    assert result.by_channel == {}


def test_the_words_of_the_wish_are_searched_where_the_call_has_none(shop: Retriever, asked: list[int]) -> None:
    _, result = call(desk(shop, Preference(text="barely there, and lovely")), "search_catalog")

    assert found_ids(result, "content")[0] == "tea:12"
    assert asked == [16]


def test_without_any_words_the_popular_come_first(shop: Retriever, asked: list[int]) -> None:
    text, result = call(desk(shop), "search_catalog", limits=[{"field": "kinds", "value": "white"}])

    assert len(rows(text)) == 2
    assert result.by_channel == {}
    assert asked == []


def test_what_the_user_knows_is_left_out_of_the_nearest(shop: Retriever) -> None:
    history = UserHistory.of("me", [Interaction("me", "tea:4", 1.0, 1.0)])
    context = desk(shop, Preference(disliked=("tea:5",)), history=history)

    _, result = call(context, "search_catalog", description="smoky, dried over pine fires")

    assert not {"tea:4", "tea:5", "tea:15"} & set(found_ids(result, "content"))


def test_titles_that_the_model_has_in_mind_come_first(films: Retriever) -> None:
    text, result = call(desk(films), "search_catalog", description="space", titles=["Vertigo", "Rear Window (1954)"])

    assert rows(text)[:2] == ["Vertigo (1958)", "Rear Window (1954)"]
    assert found_ids(result, "language_model") == [film_id("Vertigo"), film_id("Rear Window")]
    assert result.by_channel["language_model"][0].evidence[0].kind is EvidenceKind.PROPOSED


def test_a_title_that_is_only_like_one_of_the_catalog_is_marked(films: Retriever) -> None:
    said = ["Resevoir Dogs", "heat", "i1", "Fargo (1996) [i4]", "后窗"]

    text, _ = call(desk(films), "search_catalog", titles=said)

    marked = [line.split(" | ")[0] for line in lines(text) if "ONLY LIKE A TITLE YOU NAMED" in line]
    assert marked == ["i3 Reservoir Dogs (1992)"]
    assert len(rows(text)) == 5


def test_titles_alone_bring_no_other_rows(films: Retriever) -> None:
    text, result = call(desk(films, Preference(text="space")), "search_catalog", titles=["Vertigo"])

    assert rows(text) == ["Vertigo (1958)"]
    assert found_ids(result, "content")


def test_a_row_shows_first_what_was_asked_for_and_how_the_description_begins(films: Retriever) -> None:
    text, _ = call(desk(films), "search_catalog", limits=[{"field": "genres", "value": "comedy"}], titles=["Fargo"])

    assert lines(text)[1].startswith("i4 Fargo (1996) | genres Comedy, Crime | ")
    assert lines(text)[1].endswith(' | about "Snow and small crooks."')


def test_titles_that_the_catalog_lacks_are_named_to_the_model_alone(films: Retriever) -> None:
    text, result = call(desk(films), "search_catalog", titles=["Moon Dust", "Toy Story 7", "Sabrina"], k=1)

    told = lines(text)[:3]
    assert told[0] == "no item 'Moon Dust' in the catalog"
    assert told[1].startswith("no item 'Toy Story 7' in the catalog; nearest: Toy Story")
    assert told[2].startswith("'Sabrina' may be: Sabrina (1954)")
    assert "language_model" not in result.by_channel
    assert (result.problems.unknown, result.problems.ambiguous) == ([], [])


def test_a_title_that_breaks_a_limit_is_marked(shop: Retriever) -> None:
    text, result = call(desk(shop, Preference(constraints=(OOLONG, CHEAP))), "search_catalog", titles=["Iron Bell"])

    assert lines(text) == [
        "0 items keep the limits; rows:",
        "i9 Iron Bell (2008) | kinds Oolong | growers Emi Sato | notes orchid, honey | price 25 | "
        'about "Long and floral." | BREAKS price <= 10',
    ]
    assert result.lookup is not None
    assert result.lookup.total == 0


def test_what_the_catalog_does_not_say_is_told_from_what_breaks_a_limit(films: Retriever) -> None:
    short = Constraint("minutes", Op.MAX, (120.0,))  # no film here says how long it is
    crime = Constraint("genres", Op.IS, ("Crime",))

    text, _ = call(desk(films, Preference(constraints=(short, crime))), "search_catalog", titles=["Heat", "Vertigo"])

    told, count, heat, vertigo = lines(text)
    assert told == "6 more keep the rest, but their minutes is not known: without that limit they can be shown"
    assert count == "0 items keep the limits; rows:"
    assert heat.endswith("| minutes NOT KNOWN, so not shown under that limit")
    assert vertigo.endswith("| BREAKS genres is Crime, minutes NOT KNOWN, so not shown under that limit")


def test_nothing_that_fits_is_said_plainly(shop: Retriever) -> None:
    text, _ = call(desk(shop, Preference(constraints=(OOLONG, CHEAP))), "search_catalog", description="honey")

    assert text == "0 items keep the limits"


def test_a_limit_that_cannot_be_placed_is_said_and_the_others_hold(shop: Retriever) -> None:
    limits = [{"field": "kinds", "value": "white"}, {"field": "growers", "value": "Nobody"}]

    text, result = call(desk(shop), "search_catalog", limits=limits)

    assert lines(text)[:2] == ["no growers 'Nobody' in the catalog", "2 items keep the limits; rows:"]
    assert result.problems.unknown == ["Nobody"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [("year", "Morning Mist (1991)"), ("-year", "茉莉 Evening (2020)"), ("-price", "Snow Bud (2018)")],
)
def test_rows_can_be_sorted(shop: Retriever, sort: str, first: str) -> None:
    context = desk(shop, Preference(text="Soft and sweet, picked in April."))
    text, result = call(context, "search_catalog", sort=sort)

    assert rows(text)[0] == first
    assert result.lookup is not None
    assert result.lookup.sort == sort


def test_the_nearest_are_sorted_where_there_is_a_description(shop: Retriever) -> None:
    wish = "raisin"
    plain, _ = call(desk(shop), "search_catalog", description=wish, k=3)

    text, _ = call(desk(shop), "search_catalog", description=wish, sort="-year", k=3)

    assert rows(text) == sorted(rows(plain), key=lambda label: -int(label[-5:-1]))
    assert set(rows(text)) <= {"Red Lantern (2003)", "Copper Hill (2004)", "Amber Road (2011)"}
