"""Questions to the knowledge graph: which, how many, what of an item, how two hang together, what is like it."""

from typing import Any

import pytest

from retrieval.candidates import EvidenceKind
from retrieval.graph import GraphUnavailableError, KnowledgeGraph
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_id
from tests.tools.desk import call, desk, found_ids, labels, lines

EMI = {"field": "growers", "value": "Sato"}


class Down:
    """A SPARQL endpoint that does not answer."""

    def select(self, query: str, bound: object) -> list[Any]:
        raise GraphUnavailableError("down")


@pytest.fixture(params=["none", "down"])
def without_graph(request: pytest.FixtureRequest, shop: Retriever, monkeypatch: pytest.MonkeyPatch) -> Retriever:
    """The shop while its graph was not built, or does not answer."""
    monkeypatch.setattr(shop, "graph", None if request.param == "none" else KnowledgeGraph(Down()))
    return shop


# Which and how many


def test_all_items_of_a_value_are_listed_with_their_whole_count(shop: Retriever) -> None:
    text, result = call(desk(shop), "graph_lookup", limits=[EMI], sort="year", k=2)

    assert lines(text)[0] == "3 items: growers is Emi Sato"
    assert [line.split(" | ")[0] for line in lines(text)[1:]] == ["i9 Iron Bell (2008)", "i10 Amber Road (2011)"]
    assert result.lookup is not None
    assert (result.lookup.total, result.lookup.sort) == (3, "year")
    assert result.lookup.item_ids == ("tea:9", "tea:10", "tea:14")


def test_what_is_found_are_candidates_with_the_facts_they_were_found_by(shop: Retriever) -> None:
    _, result = call(desk(shop), "graph_lookup", limits=[EMI])

    best = result.by_channel["graph"][0]
    assert set(found_ids(result, "graph")) == {"tea:9", "tea:10", "tea:14"}
    assert best.scores == {"graph": 1.0}
    assert [(fact.kind, fact.field, fact.value) for fact in best.evidence] == [
        (EvidenceKind.FACT, "growers", "Emi Sato")
    ]


def test_a_count_brings_a_number_and_no_rows(shop: Retriever) -> None:
    text, result = call(desk(shop), "graph_lookup", kind="count", limits=[{"field": "notes", "value": "smoky"}])

    assert text == "2 items: notes is smoky"
    assert result.by_channel == {}
    assert result.lookup is not None
    assert result.lookup.total == 2


def test_items_of_two_people_must_have_both(films: Retriever) -> None:
    limits = [{"field": "directors", "value": "Scorsese"}, {"field": "cast", "value": "De Niro"}]

    text, result = call(desk(films), "graph_lookup", limits=limits)

    assert lines(text)[0] == "1 items: directors is Martin Scorsese, cast is Robert De Niro"
    assert found_ids(result, "graph") == [film_id("Casino")]


def test_the_oldest_of_somebody_is_the_first_by_year(films: Retriever) -> None:
    text, result = call(
        desk(films), "graph_lookup", limits=[{"field": "directors", "value": "希区柯克"}], sort="year", k=1
    )

    assert lines(text) == [
        "2 items: directors is Alfred Hitchcock",
        f"i6 Rear Window (1954) | {lines(text)[1].split(' | ', 1)[1]}",
    ]
    assert labels(films.catalog, result.lookup.item_ids if result.lookup else ()) == [
        "Rear Window (1954)",
        "Vertigo (1958)",
    ]


def test_the_wish_does_not_count_in_a_look_up(shop: Retriever) -> None:
    context = desk(shop, Preference(constraints=(Constraint("kinds", Op.IS, ("Black",)),), disliked=("tea:9",)))

    assert call(context, "graph_lookup", kind="count", limits=[EMI])[0] == "3 items: growers is Emi Sato"


def test_without_limits_everything_counts_each_thing_once(shop: Retriever) -> None:
    assert call(desk(shop), "graph_lookup", kind="count")[0] == "15 items: all items"


def test_a_refusal_and_numbers_count_as_well(shop: Retriever) -> None:
    limits = [{"field": "growers", "op": "not", "value": "Sato"}, {"field": "year", "op": "min", "value": 2008}]

    assert call(desk(shop), "graph_lookup", kind="count", limits=limits)[0] == (
        "3 items: growers not Emi Sato, year >= 2008"
    )


@pytest.mark.parametrize("kind", ["count", "items"])
def test_a_limit_that_cannot_be_placed_counts_nothing(shop: Retriever, kind: str) -> None:
    text, result = call(desk(shop), "graph_lookup", kind=kind, limits=[EMI, {"field": "kinds", "value": "Purple"}])

    assert lines(text)[0] == "nothing was counted: a limit could not be placed"
    assert lines(text)[1].startswith("no kinds 'Purple' in the catalog")
    assert result.is_refused
    assert (result.lookup, result.by_channel) == (None, {})
    assert result.problems.unknown == ["Purple"]


def test_a_value_cannot_break_out_of_the_query(shop: Retriever) -> None:
    evil = {"field": "growers", "value": '" . ?s ?p ?o } #'}

    assert call(desk(shop), "graph_lookup", limits=[evil])[1].is_refused


# Items


def test_facts_of_items_are_written_out_and_kept(shop: Retriever) -> None:
    text, result = call(desk(shop), "graph_lookup", kind="facts", items=["Old Harbor", "#1"], shown=["tea:0"])

    assert lines(text)[:4] == [
        "i4 Old Harbor (1998)",
        "  kinds: Black",
        "  growers: Chiara Rossi",
        "  notes: smoky, tar",
    ]
    assert "no item '#1'" in lines(text)[-1]
    assert {(fact.field, fact.value) for fact in result.facts["tea:4"]} >= {("notes", "tar"), ("price", "11")}


def test_a_path_names_all_that_two_items_share_the_rarest_first(shop: Retriever) -> None:
    text, result = call(desk(shop), "graph_lookup", kind="path", items=["Old Harbor", "Night Train"])

    shared = "Old Harbor (1998) -{0}; Night Train (2001) -{0}"
    assert lines(text) == [
        shared.format("growers- Chiara Rossi"),
        shared.format("notes- smoky"),
        shared.format("kinds- Black"),
    ]
    assert [path.count for path in result.paths] == [2, 2, 4]
    assert set(result.facts) == {"tea:4", "tea:5"}


def test_a_path_may_lead_over_an_item_between(films: Retriever) -> None:
    text, result = call(desk(films), "graph_lookup", kind="path", items=["Alien", "Raiders"])

    (path,) = result.paths
    assert text == (
        "Alien (1979) -directors- Ridley Scott; Blade Runner (1982) -directors- Ridley Scott; "
        "Blade Runner (1982) -cast- Harrison Ford; Raiders (1981) -cast- Harrison Ford"
    )
    assert (path.path[0][0], path.path[-1][0]) == (film_id("Alien"), film_id("Raiders"))


def test_items_that_share_nothing_have_no_path(films: Retriever) -> None:
    text, result = call(desk(films), "graph_lookup", kind="path", items=["Nosferatu", "Toy Story"])

    assert (text, result.paths) == ("no connection was found", ())


def test_two_people_hang_together_by_an_item_of_both(films: Retriever) -> None:
    text, result = call(desk(films), "graph_lookup", kind="path", items=["Scorsese", "Robert De Niro"])

    assert text == "Casino (1995) -directors- Martin Scorsese; Casino (1995) -cast- Robert De Niro"
    assert set(result.facts) == {film_id("Casino")}
    assert result.paths[0].kind is EvidenceKind.PATH


def test_two_people_hang_together_over_others(films: Retriever) -> None:
    text, _ = call(desk(films), "graph_lookup", kind="path", items=["Sigourney Weaver", "Harrison Ford"])

    assert text.split("; ") == [
        "Alien (1979) -cast- Sigourney Weaver",
        "Alien (1979) -directors- Ridley Scott",
        "Blade Runner (1982) -directors- Ridley Scott",
        "Blade Runner (1982) -cast- Harrison Ford",
    ]


def test_people_who_have_nothing_in_common_are_said_to_have_no_connection(films: Retriever) -> None:
    text, result = call(desk(films), "graph_lookup", kind="path", items=["Max Schreck", "Tom Hanks"])

    assert text == "no connection was found between Max Schreck and Tom Hanks"
    assert result.paths == ()


def test_neighbors_share_most_with_an_item(shop: Retriever) -> None:
    text, result = call(desk(shop), "graph_lookup", kind="neighbors", items=["Iron Bell"], k=3)

    assert {line.split(" | ")[0] for line in lines(text)[:2]} == {"i10 Amber Road (2011)", "i14 茉莉 Evening (2020)"}
    assert len(found_ids(result, "graph")) == 3
    assert set(result.facts) == {"tea:9"}


def test_a_double_is_no_neighbor(shop: Retriever) -> None:
    _, result = call(desk(shop), "graph_lookup", kind="neighbors", items=["Night Train"], k=2)
    _, others = call(desk(shop), "graph_lookup", kind="neighbors", items=["Old Harbor"])

    assert len(found_ids(result, "graph")) == 2
    assert "tea:15" not in found_ids(result, "graph")
    assert len({"tea:5", "tea:15"} & set(found_ids(others, "graph"))) == 1


@pytest.mark.parametrize(("kind", "items"), [("path", ["Iron Bell"]), ("neighbors", []), ("facts", ["Moon Dust"])])
def test_too_few_items_are_refused_with_what_is_needed(shop: Retriever, kind: str, items: list[str]) -> None:
    text, result = call(desk(shop), "graph_lookup", kind=kind, items=items)

    assert result.is_refused
    assert lines(text)[0] == f"'{kind}' needs {2 if kind == 'path' else 1} item(s) in items"
    assert result.problems.unknown == (["Moon Dust"] if "Moon Dust" in items else [])


# Without the graph


def test_counts_are_the_same_without_the_graph(without_graph: Retriever) -> None:
    assert call(desk(without_graph), "graph_lookup", kind="count", limits=[EMI])[0] == "3 items: growers is Emi Sato"


def test_connections_are_the_same_without_the_graph(without_graph: Retriever) -> None:
    text, result = call(desk(without_graph), "graph_lookup", kind="path", items=["Old Harbor", "Night Train"])

    assert [line.split("; ")[0].split(" -")[1] for line in lines(text)] == [
        "growers- Chiara Rossi",
        "notes- smoky",
        "kinds- Black",
    ]
    assert [path.count for path in result.paths] == [2, 2, 4]


def test_neighbors_are_found_without_the_graph(without_graph: Retriever) -> None:
    _, result = call(desk(without_graph), "graph_lookup", kind="neighbors", items=["Night Train"], k=2)

    assert found_ids(result, "graph")[0] == "tea:4"
    assert "tea:15" not in found_ids(result, "graph")
