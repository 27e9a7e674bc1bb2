"""What is wanted after a patch: what it states is added, what it takes back goes, the newest word wins."""

from typing import Any

import pytest

from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Leaning, Op, Preference, Wish
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tests.agent.films import film_catalog, film_id
from tests.fakes import tea_catalog
from tests.tools.desk import patch
from tools.patch import MOST_LIKED, PatchResult, apply_patch, with_tastes
from tools.placing import Placer

FILMS, TEAS = film_catalog(), tea_catalog()
ON_FILMS, ON_TEAS = Placer(FILMS), Placer(TEAS)
NO_HORROR = Constraint("genres", Op.NOT, ("Horror",), lasting=True)


def films(before: Preference | None = None, **members: Any) -> PatchResult:
    """A wish for films after a patch."""
    options = {name: members.pop(name) for name in ("shown", "known", "tastes") if name in members}
    return apply_patch(before or Preference(), patch(FILMS, **members), ON_FILMS, **options)


def teas(before: Preference | None = None, **members: Any) -> PatchResult:
    """A wish for teas after a patch."""
    return apply_patch(before or Preference(), patch(TEAS, **members), ON_TEAS)


def wanted(*patches: dict[str, Any]) -> Preference:
    """What is wanted in the end, patch after patch."""
    preference = Preference()
    for members in patches:
        preference = films(preference, **members).preference
    return preference


def limits(preference: Preference) -> list[str]:
    return [limit.key for limit in preference.constraints]


def wishes(preference: Preference) -> list[tuple[str, str, float]]:
    return [(wish.field, wish.value, wish.weight) for wish in preference.wishes]


def genre(*names: str, op: str = "is", **members: Any) -> dict[str, Any]:
    return {"limits": [{"field": "genres", "op": op, "value": list(names), **members}]}


def year(op: str, value: object) -> dict[str, Any]:
    return {"limits": [{"field": "year", "op": op, "value": value}]}


# Adding


def test_an_empty_patch_changes_nothing() -> None:
    before = Preference(text="slow", liked=("film:0",), constraints=(NO_HORROR,), count=3, language="zh")

    assert films(before).preference == before


def test_a_patch_states_what_it_states_and_leaves_the_rest() -> None:
    after = wanted({"about": "slow and sad", **genre("drama")}, {"novelty": 0.9, "count": 3, "language": "pt-BR"})

    assert (after.text, limits(after)) == ("slow and sad", ["genres:is:Drama"])
    assert (after.novelty, after.count, after.language) == (0.9, 3, "pt")


def test_new_words_take_the_place_of_old_ones() -> None:
    assert wanted({"about": "slow"}, {"about": "fast"}).text == "fast"
    assert wanted({"about": "slow"}, {"about": ""}).text == ""


def test_limits_add_up() -> None:
    after = wanted(genre("comedy"), genre("romance"), year("min", 1990), genre("animation", op="not"))

    assert limits(after) == ["genres:is:Comedy", "genres:is:Romance", "year:min:1990", "genres:not:Animation"]


def test_what_should_be_avoided_weighs_against() -> None:
    assert wishes(wanted({"avoid": ["violence"]})) == [("text", "violence", -1.0)]


# The newest word wins


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        (year("min", 1990), year("min", 2000), ["year:min:2000"]),
        (year("is", "1990s"), year("is", "1950s"), ["year:min:1950", "year:max:1959"]),
        (year("is", 1994), year("is", 1995), ["year:is:1995"]),
        (year("is", 1994), year("min", 1990), ["year:min:1990"]),
        (year("max", 1960), year("min", 1990), ["year:min:1990"]),
        (year("max", 1990), year("min", 1960), ["year:max:1990", "year:min:1960"]),
        (year("not", 1994), year("min", 1990), ["year:not:1994", "year:min:1990"]),
        (genre("comedy"), genre("comedy", op="not"), ["genres:not:Comedy"]),
        (genre("comedy", op="not"), genre("comedy"), ["genres:is:Comedy"]),
        (genre("comedy", "drama", op="any_of"), genre("drama", op="not"), ["genres:is:Comedy", "genres:not:Drama"]),
        (genre("comedy", "drama", op="not"), genre("drama"), ["genres:not:Comedy", "genres:is:Drama"]),
    ],
)
def test_the_newest_limit_wins_where_two_contradict_each_other(
    first: dict[str, Any], then: dict[str, Any], left: list[str]
) -> None:
    assert limits(wanted(first, then)) == left


def test_the_newest_word_about_a_value_counts() -> None:
    prefer = {"prefer": [{"field": "genres", "value": "comedy"}]}
    less = {"prefer": [{"field": "genres", "value": "comedy", "less": True}]}

    assert wishes(wanted(prefer, less)) == [("genres", "Comedy", -0.5)]
    assert wishes(wanted(less, prefer)) == [("genres", "Comedy", 1.0)]


def test_a_wish_for_what_was_refused_lifts_the_refusal() -> None:
    after = wanted(genre("comedy", "drama", op="not"), {"prefer": [{"field": "genres", "value": "comedy"}]})

    assert limits(after) == ["genres:not:Drama"]
    assert wishes(after) == [("genres", "Comedy", 1.0)]


def test_a_refusal_ends_the_wish_for_the_same() -> None:
    gore = {"field": "themes", "value": "gore"}

    after = wanted({"prefer": [gore]}, {"limits": [{**gore, "op": "not"}]})

    assert (limits(after), wishes(after)) == (["themes:not:gore"], [])


# Soft values


def test_a_value_of_a_soft_field_is_a_wish_and_its_refusal_a_limit() -> None:
    after = wanted(
        {"limits": [{"field": "themes", "value": "heist"}, {"field": "themes", "op": "not", "value": "gore"}]}
    )

    assert wishes(after) == [("themes", "heist", 1.0)]
    assert limits(after) == ["themes:not:gore"]


def test_a_lasting_wish_is_kept() -> None:
    result = films(limits=[{"field": "themes", "value": "heist", "lasting": True}])

    assert result.kept == (Wish("themes", "heist", lasting=True),)


def test_soft_words_that_cannot_be_placed_go_on_as_words() -> None:
    result = teas(
        Preference(text="calm"),
        limits=[{"field": "notes", "value": "leather"}, {"field": "notes", "op": "not", "value": "soap"}],
        prefer=[{"field": "notes", "value": "old books"}, {"field": "notes", "value": "dust", "less": True}],
    )

    assert result.preference.text == "calm, leather, old books"
    assert wishes(result.preference) == [("text", "soap", -1.0), ("text", "dust", -1.0)]
    assert result.problems.unknown == []
    assert "no notes 'old books' in the catalog, taken as words" in result.problems.lines


def test_soft_words_said_twice_stand_there_once() -> None:
    leather = {"prefer": [{"field": "notes", "value": "leather"}]}

    assert teas(teas(Preference(text="calm"), **leather).preference, **leather).preference.text == "calm, leather"


def test_a_preference_for_a_number_goes_on_as_words() -> None:
    assert wanted({"prefer": [{"field": "year", "value": "the 1990s"}]}).text == "the 1990s"


# Opinions and examples


def test_an_example_is_liked_but_no_opinion() -> None:
    result = films(similar_to=["Fargo"], likes=["Heat"], seen=["Casino"])

    assert result.preference.liked == (film_id("Heat"), film_id("Fargo"))
    assert result.preference.examples == (film_id("Fargo"),)
    assert (result.liked, result.examples, result.seen) == (
        (film_id("Heat"),),
        (film_id("Fargo"),),
        (film_id("Casino"),),
    )


def test_an_example_that_is_said_to_be_liked_becomes_an_opinion() -> None:
    after = wanted({"similar_to": ["Fargo"]}, {"likes": ["Fargo"]})

    assert (after.liked, after.examples) == ((film_id("Fargo"),), ())


@pytest.mark.parametrize("first", ["likes", "similar_to"])
def test_an_opinion_can_turn_round(first: str) -> None:
    after = wanted({first: ["Heat", "Casino"]}, {"dislikes": ["Heat"]})
    again = films(after, likes=["Heat"]).preference

    assert (after.liked, after.disliked) == ((film_id("Casino"),), (film_id("Heat"),))
    assert film_id("Heat") not in after.examples
    assert (again.liked, again.disliked) == ((film_id("Casino"), film_id("Heat")), ())


def test_a_new_opinion_counts_again_though_its_chip_was_taken_away() -> None:
    assert films(Preference(set_aside=("film:0", "film:1")), likes=["Heat"]).preference.set_aside == ("film:1",)


def test_places_mean_the_list_last_shown() -> None:
    assert films(dislikes=["#2"], shown=("film:3", "film:5")).disliked == ("film:5",)


def test_the_oldest_of_very_many_liked_items_go() -> None:
    titles = [item.label for item in FILMS.items[: MOST_LIKED + 2]]

    after = wanted({"similar_to": titles[:8]}, {"similar_to": titles[8:]})

    assert after.liked == tuple(f"film:{row}" for row in range(2, MOST_LIKED + 2))
    assert set(after.examples) <= set(after.liked)


def test_titles_that_cannot_be_placed_are_told_and_the_others_count() -> None:
    result = films(likes=["Heat", "Nowhere Land"], dislikes=["Sabrina"])

    assert result.liked == (film_id("Heat"),)
    assert result.problems.unknown == ["Nowhere Land"]
    assert [title for title, _ in result.problems.ambiguous] == ["Sabrina"]


# Starting over


def test_starting_over_keeps_lasting_limits_and_opinions() -> None:
    before = Preference(
        text="slow",
        liked=("film:0", "film:4"),
        examples=("film:4",),
        disliked=("film:1",),
        seen=("film:2",),
        passed_over=("film:3",),
        constraints=(NO_HORROR, Constraint("year", Op.MIN, (1990.0,))),
        wishes=(Wish("themes", "heist"), Wish("themes", "mafia", -1.0, lasting=True)),
        leanings=(Leaning("genres", "Drama", "Comedy"),),
        language="zh",
    )

    after = films(before, start_over=True, about="fast").preference

    assert after == Preference(
        text="fast",
        liked=("film:0",),
        disliked=("film:1",),
        seen=("film:2",),
        constraints=(NO_HORROR,),
        wishes=(Wish("themes", "mafia", -1.0, lasting=True),),
        language="zh",
    )


# Taking back


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("genres", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("genre", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("类型", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("genres:is:Comedy", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("Comedy", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("funny", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("喜剧", ["year:min:1990", "year:max:1999", "directors:is:Alfred Hitchcock"]),
        ("Hitchcock", ["genres:is:Comedy", "year:min:1990", "year:max:1999"]),
        ("year", ["genres:is:Comedy", "directors:is:Alfred Hitchcock"]),
        ("1990s", ["genres:is:Comedy", "directors:is:Alfred Hitchcock"]),
        ("1990", ["genres:is:Comedy", "year:max:1999", "directors:is:Alfred Hitchcock"]),
    ],
)
def test_a_limit_is_taken_back_by_field_label_key_or_value(said: str, left: list[str]) -> None:
    director = {"limits": [{"field": "directors", "value": "Hitchcock"}]}

    assert limits(wanted(genre("comedy"), year("is", "1990s"), director, {"drop": [said]})) == left


def test_a_number_is_taken_back_with_its_unit() -> None:
    before = Preference(constraints=(Constraint("price", Op.MAX, (12.0,)),))

    assert teas(before, drop=["12 EUR"]).preference.constraints == ()


def test_one_of_several_values_is_taken_back_alone() -> None:
    result = films(Preference(constraints=(Constraint("genres", Op.IS, ("Comedy", "Drama")),)), drop=["comedy"])

    assert limits(result.preference) == ["genres:is:Drama"]
    assert result.dropped == ("genres:is:Comedy|Drama",)


def test_a_wish_a_leaning_and_what_was_to_be_avoided_are_taken_back_by_value() -> None:
    before = Preference(
        wishes=(Wish("themes", "heist"), Wish("text", "violence", -1.0)), leanings=(Leaning("genres", "Drama", "War"),)
    )

    after = films(before, drop=["heist", "violence", "drama"]).preference

    assert (after.wishes, after.leanings) == ((), ())


def test_an_opinion_is_taken_back_by_title_or_place() -> None:
    before = Preference(liked=("film:0", "film:4"), examples=("film:4",), disliked=("film:1",), seen=("film:2",))

    after = films(before, drop=["Fargo", "Casino (1995)", "#1"], shown=("film:2",)).preference

    assert (after.liked, after.examples, after.disliked, after.seen) == (("film:0",), (), (), ())


@pytest.mark.parametrize("said", ["about", "text", "About"])
def test_the_words_are_taken_back_as_about(said: str) -> None:
    before = Preference(text="slow, sad", wishes=(Wish("text", "violence", -1.0),))

    after = films(before, drop=[said]).preference

    assert (after.text, len(after.wishes)) == ("", 1)


def test_a_phrase_is_taken_back_without_the_others() -> None:
    assert films(Preference(text="slow and sad, a rainy night"), drop=["rainy"]).preference.text == "slow and sad"


def test_part_of_a_word_takes_nothing_back() -> None:
    result = films(
        Preference(text="a warm evening", constraints=(Constraint("genres", Op.IS, ("War",)),)), drop=["war"]
    )

    assert result.preference.text == "a warm evening"
    assert result.preference.constraints == ()


def test_what_stands_in_the_limits_and_in_the_words_goes_from_both() -> None:
    before = Preference(text="romantic comedy", constraints=(Constraint("genres", Op.IS, ("Comedy",)),))

    after = films(before, drop=["comedy"]).preference

    assert (after.text, after.constraints) == ("", ())


@pytest.mark.parametrize("said", ["western", "Nowhere Land", "#3", "!"])
def test_what_is_not_in_the_wish_cannot_be_taken_back(said: str) -> None:
    result = films(Preference(text="slow", constraints=(NO_HORROR,)), drop=[said])

    assert result.preference == Preference(text="slow", constraints=(NO_HORROR,))
    assert result.problems.lines == [f"nothing of the wish is called {said!r}"]
    assert result.problems.unknown == []


def test_taking_back_comes_before_stating() -> None:
    after = wanted(genre("comedy"), {"drop": ["genres"], **genre("drama")})

    assert limits(after) == ["genres:is:Drama"]


# Lasting tastes


def test_lasting_limits_of_a_patch_are_handed_on_to_be_kept() -> None:
    result = films(**genre("horror", op="not", lasting=True))

    assert result.kept == (NO_HORROR,)


def test_a_lasting_taste_of_the_store_can_be_taken_back() -> None:
    result = films(drop=["horror"], tastes=(NO_HORROR,))

    assert result.dropped == (NO_HORROR.key,)
    assert result.kept == ()


def test_of_a_lasting_taste_the_other_values_stay() -> None:
    taste = Constraint("genres", Op.NOT, ("Horror", "War"), lasting=True)
    rest = Constraint("genres", Op.NOT, ("War",), lasting=True)

    result = films(drop=["horror"], tastes=(taste,))

    assert (result.dropped, result.kept) == ((taste.key,), (rest,))
    assert result.preference.constraints == (rest,)


def test_tastes_join_what_is_wanted() -> None:
    mafia = Wish("themes", "mafia", lasting=True)

    joined = with_tastes(Preference(text="slow"), (NO_HORROR, mafia))

    assert joined == Preference(text="slow", constraints=(NO_HORROR,), wishes=(mafia,))


def test_this_conversation_beats_a_taste_about_the_same_value_only() -> None:
    taste = Constraint("genres", Op.NOT, ("Horror", "War"), lasting=True)
    horror, wish = Constraint("genres", Op.IS, ("Horror",)), Wish("genres", "Horror")

    assert limits(with_tastes(Preference(constraints=(horror,)), (taste,))) == ["genres:is:Horror", "genres:not:War"]
    assert limits(with_tastes(Preference(wishes=(wish,)), (taste,))) == ["genres:not:War"]
    assert limits(with_tastes(Preference(constraints=(horror,)), (NO_HORROR,))) == ["genres:is:Horror"]


def test_a_number_wanted_now_beats_a_lasting_one() -> None:
    now, taste = Constraint("year", Op.MAX, (1960.0,)), Constraint("year", Op.MIN, (1980.0,), lasting=True)

    assert with_tastes(Preference(constraints=(now,)), (taste,)).constraints == (now,)


@pytest.mark.parametrize(
    "now",
    [
        Preference(wishes=(Wish("themes", "mafia", -1.0),)),
        Preference(constraints=(Constraint("themes", Op.NOT, ("Mafia",)),)),
    ],
)
def test_a_lasting_wish_is_silent_where_the_opposite_is_wanted(now: Preference) -> None:
    assert with_tastes(now, (Wish("themes", "mafia", lasting=True),)) == now


def test_a_catalog_without_fields_has_a_wish_in_words_alone() -> None:
    catalog = type(TEAS)(CatalogSchema(name="things"), TEAS.items)

    result = apply_patch(Preference(), patch(catalog, about="round", likes=["Iron Bell"]), Placer(catalog))

    assert (result.preference.text, result.liked) == ("round", ("tea:9",))


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ({"field": "on", "value": "Max"}, ["color:is:blue", "on:is:Max"]),
        ({"field": "color", "value": "red"}, ["on:is:Netflix", "color:is:red"]),
        ({"field": "on", "op": "all_of", "value": ["Max", "Netflix"]}, ["color:is:blue", "on:is:Max", "on:is:Netflix"]),
    ],
)
def test_another_value_takes_the_place_of_the_old_where_one_is_meant(then: dict[str, Any], expected: list[str]) -> None:
    names = (("on", True), ("color", False))
    specs = (
        FieldSpec(name=n, kind=FieldKind.CATEGORY, label={"en": n}, one_suffices=suffices) for n, suffices in names
    )
    items = (
        Item("1", "One", values={"on": ("Netflix", "Max"), "color": ("red",)}),
        Item("2", "Two", values={"color": ("blue",)}),
    )
    catalog = Catalog(CatalogSchema(name="things", fields=tuple(specs)), items)
    before = Preference(constraints=(Constraint("on", Op.IS, ("Netflix",)), Constraint("color", Op.IS, ("blue",))))

    constraints = apply_patch(before, patch(catalog, limits=[then]), Placer(catalog)).preference.constraints

    assert [limit.key for limit in constraints] == expected


def test_a_service_that_is_wanted_now_beats_the_one_that_is_kept() -> None:
    now, kept = Constraint("on", Op.IS, ("Max",)), Constraint("on", Op.IS, ("Netflix",), lasting=True)

    assert with_tastes(Preference(constraints=(now,)), (kept,), one_of=("on",)).constraints == (now,)
    assert with_tastes(Preference(constraints=(now,)), (kept,)).constraints == (now, kept)
