"""What the retriever looks up: by meaning within limits, by limits alone, between two items, around one."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.candidates import EvidenceKind
from retrieval.channels.content import ContentChannel
from retrieval.datasets import Dataset, Interactions
from retrieval.errors import UnknownItemError
from retrieval.graph import GraphUnavailableError, KnowledgeGraph
from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog, Item
from retrieval.parts import Parts
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors import MOST_NAMED, VectorIndex, build_vectors
from tests.fakes import HashEncoder, tea_schema

NOBODY = UserHistory()
GREEN = Constraint("kinds", Op.IS, ("Green",))
CHEAP = Constraint("price", Op.MAX, (12.0,))


class Down:
    """A SPARQL endpoint that does not answer."""

    def select(self, query: str, bound: object) -> list[Any]:
        raise GraphUnavailableError("down")


class Stale(KnowledgeGraph):
    """A graph that finds one item of each value, as often as it may return."""

    def items_with(self, field: str, value: str, *, limit: int = 50) -> tuple[str, ...]:
        return tuple(f"tea:{row}" for row in range(3, 3 + limit))


@pytest.fixture(scope="module")
def graph(teas: Dataset, tea_settings: RetrievalSettings) -> KnowledgeGraph:
    return KnowledgeGraph.open(teas.catalog, tea_settings)


def retriever_with(
    dataset: Dataset, settings: RetrievalSettings, graph: KnowledgeGraph | None, vectors: VectorIndex | None = None
) -> Retriever:
    encoder = HashEncoder()
    channels = {} if vectors is None else {"content": ContentChannel(dataset.catalog, vectors, encoder)}
    return Retriever(Parts(dataset, channels, vectors, graph, encoder), settings)


@pytest.fixture(scope="module")
def retriever(teas: Dataset, tea_settings: RetrievalSettings, vectors: VectorIndex, graph: KnowledgeGraph) -> Retriever:
    return retriever_with(teas, tea_settings, graph, vectors)


@pytest.fixture(params=["graph", "no graph", "graph down"])
def anyhow(
    request: pytest.FixtureRequest, teas: Dataset, tea_settings: RetrievalSettings, graph: KnowledgeGraph
) -> Retriever:
    """With the graph, without it, and while it does not answer."""
    graphs = {"graph": graph, "no graph": None, "graph down": KnowledgeGraph(Down())}
    return retriever_with(teas, tea_settings, graphs[request.param])


def found(retriever: Retriever, description: str, *limits: Constraint, **members: Any) -> list[str]:
    candidates = retriever.search(description, limits, Preference(**members), NOBODY)
    return [candidate.item_id for candidate in candidates]


# By meaning


def test_the_nearest_description_comes_first_with_its_cosine(retriever: Retriever, vectors: VectorIndex) -> None:
    best = retriever.search("strong, dried over pine fires", (), Preference(), NOBODY)[0]

    cosine = float(vectors.matrix[4] @ HashEncoder().encode(["strong, dried over pine fires"])[0])
    assert best.item_id == "tea:4"
    assert best.scores["content"] == pytest.approx(cosine, abs=1e-5)
    assert [(why.kind, why.text) for why in best.evidence] == [(EvidenceKind.TEXT, "Strong, dried over pine fires.")]


def test_every_limit_holds_in_a_search(retriever: Retriever) -> None:
    assert set(found(retriever, "smoky tar", GREEN, CHEAP)) == {"tea:0", "tea:1", "tea:2"}
    assert found(retriever, "smoky tar", GREEN, Constraint("year", Op.MIN, (2050.0,))) == []


def test_only_the_words_count_whatever_is_liked(retriever: Retriever) -> None:
    plain = found(retriever, "honey and orchids")
    other = found(retriever, "honey and orchids", liked=("tea:4",), wishes=(Wish("notes", "smoky"),), text="smoky")

    assert other == [item_id for item_id in plain if item_id != "tea:4"]


def test_what_is_known_is_left_out_with_its_doubles(retriever: Retriever) -> None:
    history = UserHistory.of("me", [Interaction("me", "tea:4", 1.0, 1.0)])

    candidates = retriever.search("smoky", (), Preference(disliked=("tea:5",), seen=("tea:0",)), history)

    assert not {"tea:0", "tea:4", "tea:5", "tea:15"} & {candidate.item_id for candidate in candidates}


def test_no_words_find_nothing(retriever: Retriever) -> None:
    assert found(retriever, "  ") == []


def test_without_the_vector_index_nothing_is_near(teas: Dataset, tea_settings: RetrievalSettings) -> None:
    assert found(retriever_with(teas, tea_settings, None), "smoky") == []


def test_no_more_than_the_pool_is_found(teas: Dataset, tea_settings: RetrievalSettings, vectors: VectorIndex) -> None:
    small = retriever_with(teas, tea_settings.model_copy(update={"pool_size": 3}), None, vectors)

    assert len(found(small, "smoky")) == small.pool_size == 3


@pytest.mark.parametrize("limits", [(), (GREEN,), (GREEN, CHEAP)])
def test_chroma_is_asked_and_the_matrix_agrees(
    retriever: Retriever,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limits: Sequence[Constraint],
) -> None:
    asked: list[NDArray[np.int64] | None] = []
    query = VectorIndex.query

    def spy(
        self: VectorIndex, vector: NDArray[np.float32], k: int, *, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        asked.append(among)
        if len(asked) > 1:
            raise RuntimeError("what was searched")
        return query(self, vector, k, among=among)

    monkeypatch.setattr(VectorIndex, "query", spy)
    by_chroma = found(retriever, "a grassy note of melon", *limits)
    with caplog.at_level(logging.WARNING):
        by_matrix = found(retriever, "a grassy note of melon", *limits)

    assert len(asked) == 2
    assert (asked[0] is None) == (not limits)
    assert by_chroma == by_matrix
    assert caplog.messages == ["Chroma did not answer (RuntimeError): exact scores from memory"]


# Nearest rows among some


def test_only_the_rows_that_are_named_are_returned(vectors: VectorIndex) -> None:
    among = np.asarray([0, 3, 9, 12])
    query = vectors.matrix[4]

    nearest = vectors.query(query, 3, among=among)

    exact = among[np.argsort(-(vectors.matrix[among] @ query))]
    assert [row for row, _ in nearest] == exact[:3].tolist()
    assert [cosine for _, cosine in nearest] == pytest.approx((vectors.matrix[exact[:3]] @ query).tolist(), abs=1e-4)


def test_among_no_rows_nothing_is_near_and_among_few_all_are(vectors: VectorIndex) -> None:
    assert vectors.query(vectors.matrix[4], 5, among=np.zeros(0, dtype=np.int64)) == []
    assert {row for row, _ in vectors.query(vectors.matrix[4], 5, among=np.asarray([1, 2]))} == {1, 2}


@pytest.mark.parametrize("closed", ["far", "near"])
def test_among_many_rows_the_others_are_skipped_wherever_they_lie(tmp_path: Path, closed: str) -> None:
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(150)]
    texts = [" ".join(rng.choice(words, size=6)) for _ in range(MOST_NAMED + 600)]
    catalog = Catalog(tea_schema(), tuple(Item(f"tea:{n}", f"Tea {n}", text=text) for n, text in enumerate(texts)))
    settings = RetrievalSettings(data_dir=tmp_path, encoder="hash")
    build_vectors(Dataset(catalog), settings, encoder=HashEncoder())
    index = VectorIndex.open(catalog, settings)
    query = index.matrix[7]
    by_nearness = np.argsort(-(index.matrix @ query))
    among = np.sort(by_nearness[400:] if closed == "near" else by_nearness[:-400])

    nearest = index.query(query, 40, among=among)

    exact = among[np.argsort(-(index.matrix[among] @ query))[:40]]
    assert len(nearest) == 40
    assert len(set(exact.tolist()) & {row for row, _ in nearest}) >= 38
    assert {row for row, _ in nearest} <= set(among.tolist())


# By limits


@pytest.mark.parametrize(
    ("limits", "ids"),
    [
        ((GREEN, CHEAP), ["tea:0", "tea:1", "tea:2"]),
        ((Constraint("growers", Op.IS, ("Emi Sato",)),), ["tea:9", "tea:10", "tea:14"]),
        (
            (Constraint("growers", Op.IS, ("EMI SATO", "farid aziz")),),
            ["tea:9", "tea:10", "tea:12", "tea:13", "tea:14"],
        ),
        (
            (Constraint("growers", Op.IS, ("Emi Sato",)), Constraint("notes", Op.IS, ("honey",))),
            ["tea:9", "tea:10"],
        ),
        ((Constraint("growers", Op.IS, ("Emi Sato",)), Constraint("notes", Op.NOT, ("honey",))), ["tea:14"]),
        ((Constraint("year", Op.IS, (1991.0, 1993.0)),), ["tea:0", "tea:1"]),
        ((Constraint("growers", Op.IS, ("Nobody",)),), []),
    ],
)
def test_all_items_that_keep_the_limits_are_found(
    anyhow: Retriever, limits: Sequence[Constraint], ids: list[str]
) -> None:
    total, order = anyhow.matching(limits)

    assert (total, sorted(order, key=lambda item_id: int(item_id[4:]))) == (len(ids), ids)


def test_equal_doubles_count_once(anyhow: Retriever) -> None:
    assert anyhow.matching((Constraint("growers", Op.IS, ("Chiara Rossi",)),))[0] == 2
    assert anyhow.matching(())[0] == 15


def test_the_popular_come_first_unless_another_order_is_asked_for(retriever: Retriever, teas: Dataset) -> None:
    limits = (Constraint("kinds", Op.IS, ("White", "Oolong")),)

    default, rare = retriever.matching(limits)[1], retriever.matching(limits, "popularity")[1]

    assert default == retriever.matching(limits, "-popularity")[1]
    assert {*default[-2:]} == {*rare[:2]} == {"tea:12", "tea:13"}
    assert retriever.matching(limits, "year")[1] == ["tea:8", "tea:9", "tea:10", "tea:11", "tea:12", "tea:13"]
    assert retriever.matching(limits, "-price")[1][:2] == ["tea:12", "tea:13"]


def test_items_without_the_number_come_last_and_equal_ones_by_popularity() -> None:
    numbers: tuple[dict[str, float], ...] = ({}, {"year": 2000.0}, {"year": 1990.0}, {"year": 2000.0})
    items = tuple(Item(f"t:{row}", f"T{row}", numbers=known) for row, known in enumerate(numbers))
    catalog = Catalog(tea_schema(), items)
    liked = Interactions.of(catalog, [Interaction(f"u{n}", "t:3", 1.0, 1.0) for n in range(5)])
    retriever = Retriever(Parts(Dataset(catalog, liked)), RetrievalSettings())

    assert retriever.matching((), "year")[1] == ["t:2", "t:3", "t:1", "t:0"]
    assert retriever.matching((), "-year")[1] == ["t:3", "t:1", "t:2", "t:0"]


def test_a_value_of_more_items_than_the_graph_returns_is_counted_by_the_catalog(
    teas: Dataset, tea_settings: RetrievalSettings, graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.lookups.MOST_OF_VALUE", 2)
    short = retriever_with(teas, tea_settings, Stale(graph._triples))

    assert short.matching((Constraint("growers", Op.IS, ("Ada Finch",)),))[0] == 3


def test_candidates_of_a_look_up_carry_the_facts_they_were_found_by(retriever: Retriever) -> None:
    first, second = retriever.candidates_of(["tea:1", "nothing", "tea:0"], "graph", (GREEN, CHEAP))

    assert (first.item_id, second.item_id) == ("tea:1", "tea:0")
    assert first.scores["graph"] > second.scores["graph"]
    assert {(fact.field, fact.value) for fact in first.evidence} == {("kinds", "Green"), ("price", "12")}


# Between two, around one


def test_two_items_are_connected_by_all_that_they_share_the_rarest_first(anyhow: Retriever) -> None:
    shared = anyhow.connections("tea:5", "tea:4")

    assert [(piece.field, piece.value, piece.count) for piece in shared] == [
        ("growers", "Chiara Rossi", 2),
        ("notes", "smoky", 2),
        ("kinds", "Black", 4),
    ]
    assert shared[0].kind is EvidenceKind.PATH
    assert shared[0].path == (("tea:5", "growers", "Chiara Rossi"), ("tea:4", "growers", "Chiara Rossi"))


def test_a_shared_decade_counts_its_items(anyhow: Retriever) -> None:
    shared = anyhow.connections("tea:0", "tea:1")

    assert ("year_decade", "1990s", 5) in [(piece.field, piece.value, piece.count) for piece in shared]


def test_items_that_share_nothing_may_be_connected_over_another(retriever: Retriever) -> None:
    (connection,) = retriever.connections("tea:4", "tea:10")

    assert connection.path == (
        ("tea:4", "notes", "tar"),
        ("tea:7", "notes", "tar"),
        ("tea:7", "notes", "raisin"),
        ("tea:10", "notes", "raisin"),
    )


def test_neighbors_share_most_and_are_no_doubles(anyhow: Retriever) -> None:
    around = anyhow.neighbors("tea:5", 3)

    assert around[0] == ("tea:4", 2)
    assert not {"tea:5", "tea:15"} & dict(around).keys()
    assert len(anyhow.neighbors("tea:4")) == len({*anyhow.neighbors("tea:4")})
    assert len({"tea:5", "tea:15"} & dict(anyhow.neighbors("tea:4")).keys()) == 1
    assert anyhow.neighbors("tea:4", 0) == ()


def test_unknown_items_are_named(anyhow: Retriever) -> None:
    for look_up in (lambda: anyhow.connections("tea:0", "gone"), lambda: anyhow.neighbors("gone")):
        with pytest.raises(UnknownItemError, match="no item 'gone' in the catalog"):
            look_up()


def test_a_graph_that_does_not_answer_is_logged(
    teas: Dataset, tea_settings: RetrievalSettings, caplog: pytest.LogCaptureFixture
) -> None:
    down = retriever_with(teas, tea_settings, KnowledgeGraph(Down()))

    with caplog.at_level(logging.WARNING):
        down.matching((Constraint("growers", Op.IS, ("Emi Sato",)),))

    assert caplog.messages == ["the graph did not answer (GraphUnavailableError): the catalog alone"]
