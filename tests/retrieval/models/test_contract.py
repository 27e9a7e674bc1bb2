"""One contract for every fitted model, and a truth planted for those that learn from interactions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.errors import IndexMissingError
from retrieval.knowledge import TripleTable
from retrieval.models import (
    als,
    content,
    ease,
    graph_embeddings,
    lightgcn,
    neighbors,
    popularity_now,
    sequential_rules,
    transitions,
    trend,
)
from retrieval.models.als import AlsModel, AlsSettings
from retrieval.models.content import ContentModel
from retrieval.models.ease import EaseModel, EaseSettings
from retrieval.models.graph_embeddings import GraphEmbeddingModel, GraphEmbeddingSettings
from retrieval.models.lightgcn import LightGcnModel, LightGcnSettings
from retrieval.models.log import Log, Profile
from retrieval.models.neighbors import NeighborSettings, UserNeighbors
from retrieval.models.transitions import TransitionModel
from retrieval.models.trend import TrendModel

BLOCKS, IN_BLOCK, PER_BLOCK = 3, 6, 12
N_RATED = BLOCKS * IN_BLOCK
N_ITEMS = N_RATED + 2
"""The last two items were never taken; the very last one has no facts either."""
DAY = 86_400.0


class Saved(Protocol):
    """A model that can be written."""

    @property
    def name(self) -> str: ...

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]: ...

    def save(self, folder: Path) -> None: ...


def planted(*, weight: float | None = None, timed: bool = True) -> Log:
    """People take the items of their block in turn, each beginning elsewhere; the last one is left for them."""
    rows: list[tuple[int, int, float, float]] = []
    for block in range(BLOCKS):
        for n in range(PER_BLOCK):
            for step in range(IN_BLOCK - 1):
                item = block * IN_BLOCK + (n + step) % IN_BLOCK
                when = 1e9 + (block * PER_BLOCK + n) * DAY + step if timed else 0.0
                rows.append(
                    (block * PER_BLOCK + n, item, (0.5 if step % 2 else 1.0) if weight is None else weight, when)
                )
    users, items, weights, times = (np.asarray(column) for column in zip(*rows, strict=True))
    return Log.of(users, items, weights, times, n_users=BLOCKS * PER_BLOCK, n_items=N_ITEMS)


def empty(n_items: int) -> Log:
    nothing = np.zeros(0)
    rows = np.zeros(0, dtype=np.int64)
    return Log.of(rows, rows, nothing, nothing, n_users=0, n_items=n_items)


def facts_for(n_items: int) -> csr_matrix:
    """Items of one block share a value; all but the last item hold one."""
    rows = np.arange(max(1, n_items - 1))
    ones = np.ones(len(rows), dtype=np.float32)
    return csr_matrix((ones, (rows, (rows // IN_BLOCK) % BLOCKS)), shape=(n_items, BLOCKS))


def triples_for(n_items: int) -> TripleTable:
    pairs = facts_for(n_items).tocoo()
    heads, tails = pairs.row.astype(np.int64), pairs.col.astype(np.int64) + n_items
    return TripleTable(heads, np.zeros(len(heads), dtype=np.int64), tails, n_items, n_items + BLOCKS, 1)


def texts_for(n_items: int) -> NDArray[np.float32]:
    """Near to each other within a block; the last item has no description."""
    noise = np.random.default_rng(0).standard_normal((n_items, BLOCKS)).astype(np.float32)
    vectors = np.eye(BLOCKS, dtype=np.float32)[(np.arange(n_items) // IN_BLOCK) % BLOCKS] + 0.05 * noise
    vectors[n_items - 1 :] = 0 if n_items > 1 else vectors[:1]
    return vectors


SMALL_GRAPH = LightGcnSettings(dimension=4, steps=30, learning_rate=0.1)
SMALL_ALS = AlsSettings(factors=3, iterations=10, regularization=1.0, alpha=5.0)
SMALL_COMPLEX = GraphEmbeddingSettings(dimension=4, epochs=15, negatives=10)
FITS: dict[str, Callable[[Log], Saved]] = {
    "ease": ease.fit,
    "plain ease": lambda log: ease.fit(log, EaseSettings(nearness=0, recency=0, opinions=1.0)),
    "transitions": transitions.fit,
    "rules": sequential_rules.fit,
    "together": lambda log: sequential_rules.fit(log, sequential_rules.TOGETHER),
    "trend": trend.fit,
    "coming": popularity_now.fit,
    "als": lambda log: als.fit(log, SMALL_ALS),
    "lightgcn": lambda log: lightgcn.fit(log, facts_for(log.n_items), SMALL_GRAPH),
    "complex": lambda log: graph_embeddings.fit(triples_for(log.n_items), SMALL_COMPLEX),
    "content": lambda log: content.fit(texts_for(log.n_items)),
    "people": lambda log: neighbors.fit(log, neighbors.PEOPLE),
    "people far": lambda log: neighbors.fit(log, NeighborSettings(of="user", nearness=0, recency=0)),
    "items": neighbors.fit,
    "people pearson": lambda log: neighbors.fit(log, NeighborSettings(of="user", similarity="pearson")),
    "people euclidean": lambda log: neighbors.fit(log, NeighborSettings(of="user", similarity="euclidean")),
    "items pearson": lambda log: neighbors.fit(log, NeighborSettings(similarity="pearson")),
    "items euclidean": lambda log: neighbors.fit(log, NeighborSettings(similarity="euclidean")),
}
LOADS: dict[str, Callable[[Path], Saved]] = {
    "ease": EaseModel.load,
    "plain ease": EaseModel.load,
    "transitions": TransitionModel.load,
    "rules": sequential_rules.RuleModel.load,
    "together": sequential_rules.RuleModel.load,
    "trend": TrendModel.load,
    "coming": popularity_now.PopularityNowModel.load,
    "als": AlsModel.load,
    "lightgcn": LightGcnModel.load,
    "complex": GraphEmbeddingModel.load,
    "content": ContentModel.load,
    "people": UserNeighbors.load,
    "people far": UserNeighbors.load,
    "people pearson": UserNeighbors.load,
    "people euclidean": UserNeighbors.load,
}
COLLABORATIVE = (
    "ease",
    "plain ease",
    "transitions",
    "als",
    "lightgcn",
    "people",
    "people far",
    "items",
    "rules",
    "together",
)
BY_OPINION = ("people pearson", "people euclidean", "items pearson", "items euclidean")
"""These need opinions that differ, or opinions that agree by more than chance."""

every = pytest.mark.parametrize("name", list(FITS))


def person(*items: int, timed: bool = True, weight: float = 1.0) -> Profile:
    times = 2e9 + np.arange(len(items)) if timed else np.zeros(len(items))
    return Profile(np.asarray(items, dtype=np.int64), np.full(len(items), weight, dtype=np.float32), times)


NOBODY = person()


@pytest.fixture(scope="module")
def fitted() -> dict[str, Saved]:
    return {name: fit(planted()) for name, fit in FITS.items()}


def is_valid(scores: NDArray[np.float32], shape: tuple[int, int]) -> bool:
    return (
        scores.shape == shape
        and scores.dtype == np.float32
        and not np.isnan(scores).any()
        and not np.isposinf(scores).any()
    )


@every
def test_scores_have_one_row_per_person_and_are_finite_or_left_open(name: str, fitted: dict[str, Saved]) -> None:
    profiles = [person(0, 1), NOBODY, person(N_ITEMS - 1), person(3, timed=False), person(7, 8, weight=-1.0)]

    scores = fitted[name].score(profiles)

    assert is_valid(scores, (5, N_ITEMS))
    assert np.array_equal(scores[2:3], fitted[name].score([profiles[2]]))
    assert fitted[name].score([]).shape == (0, N_ITEMS)


@every
def test_who_did_nothing_gets_scores_of_popularity_alone(name: str, fitted: dict[str, Saved]) -> None:
    told = np.isfinite(fitted[name].score([NOBODY])).any()

    assert told == (name in ("trend", "coming"))


@pytest.mark.parametrize("name", [*COLLABORATIVE, "complex", "content"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_stranger_is_given_the_rest_of_their_block(name: str, block: int, fitted: dict[str, Saved]) -> None:
    begin = block * IN_BLOCK
    taken = [begin, begin + 1, begin + 2]

    scores = fitted[name].score([person(*taken)])[0]
    scores[[*taken, *range(N_RATED, N_ITEMS)]] = -np.inf
    best = np.argsort(-scores, kind="stable")[:3]

    assert set(best.tolist()) == {begin + 3, begin + 4, begin + 5}


@pytest.mark.parametrize("name", ["ease", "transitions", "people", "items", "rules"])
def test_what_was_taken_next_comes_first(name: str, fitted: dict[str, Saved]) -> None:
    scores = fitted[name].score([person(2, 3)])[0]

    assert scores[4] > scores[0]


@pytest.mark.parametrize("name", [*COLLABORATIVE, "trend", "coming", *BY_OPINION])
def test_an_item_that_nobody_took_is_left_to_others(name: str, fitted: dict[str, Saved]) -> None:
    scores = fitted[name].score([person(0, 1, 2)])[0]

    assert scores[N_ITEMS - 1] == -np.inf
    assert (scores[N_ITEMS - 2] == -np.inf) == (name != "lightgcn")


@pytest.mark.parametrize("name", ["lightgcn", "complex", "content"])
def test_an_item_that_nobody_took_is_found_by_what_it_is(name: str) -> None:
    known = planted()
    new = 5

    scores = FITS[name](known.where(known.items != new)).score([person(0, 1, 2)])[0]

    assert scores[new] > max(scores[IN_BLOCK:N_RATED])


def test_a_graph_with_very_many_people_is_learned_from_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightgcn, "MOST_CELLS", 12 * N_ITEMS)

    scores = FITS["lightgcn"](planted()).score([person(0, 1, 2)])[0]
    scores[[0, 1, 2, *range(N_RATED, N_ITEMS)]] = -np.inf

    assert set(np.argsort(-scores, kind="stable")[:3].tolist()) == {3, 4, 5}


@every
@pytest.mark.parametrize("log", [empty(0), empty(1), empty(4)], ids=["no item", "one item", "four items"])
def test_without_interactions_nothing_breaks(name: str, log: Log) -> None:
    if log.n_items == 0 and name in ("lightgcn", "complex"):
        pytest.skip("no graph without items")
    profiles = [NOBODY] if log.n_items == 0 else [NOBODY, person(0)]

    scores = FITS[name](log).score(profiles)

    assert is_valid(scores, (len(profiles), log.n_items))


@every
def test_one_item_taken_by_one_person(name: str) -> None:
    log = Log.of(np.asarray([0]), np.asarray([0]), np.asarray([1.0]), np.asarray([0.0]), n_users=1, n_items=1)

    assert is_valid(FITS[name](log).score([person(0), NOBODY]), (2, 1))


@every
@pytest.mark.parametrize("weight", [1.0, 0.0, -1.0])
def test_equal_opinions_and_unknown_times_are_survived(name: str, weight: float) -> None:
    log = planted(weight=weight, timed=False)

    scores = FITS[name](log).score([person(0, 1, 2, timed=False, weight=weight)])

    assert is_valid(scores, (1, N_ITEMS))


@every
def test_a_repeated_interaction_counts_once(name: str) -> None:
    log = planted()
    twice = Log.of(
        np.tile(log.users, 2),
        np.tile(log.items, 2),
        np.tile(log.weights, 2),
        np.tile(log.times, 2),
        n_users=log.n_users,
        n_items=log.n_items,
    )

    assert np.array_equal(FITS[name](twice).score([person(0, 1)]), FITS[name](log).score([person(0, 1)]))


@pytest.mark.parametrize("name", [one for one in FITS if one not in ("complex", "content")])
def test_a_hundred_thousand_items_and_three_interactions(name: str) -> None:
    n_items = 100_000
    columns: tuple[Any, ...] = (
        np.asarray([0, 0, 1]),
        np.asarray([5, 99_999, 5]),
        np.ones(3),
        np.asarray([1.0, 2.0, 3.0]),
    )
    log = Log.of(*columns, n_users=2, n_items=n_items)

    scores = FITS[name](log).score([person(5)])

    assert is_valid(scores, (1, n_items))


@every
def test_the_same_data_give_the_same_scores(name: str, fitted: dict[str, Saved]) -> None:
    again = FITS[name](planted())

    assert np.array_equal(again.score([person(0, 7)]), fitted[name].score([person(0, 7)]))


@pytest.mark.parametrize("name", list(LOADS))
def test_a_model_survives_a_trip_to_disk(name: str, fitted: dict[str, Saved], tmp_path: Path) -> None:
    fitted[name].save(tmp_path)

    loaded = LOADS[name](tmp_path)

    profiles = [person(0, 1), NOBODY, person(N_ITEMS - 2)]
    assert np.array_equal(loaded.score(profiles), fitted[name].score(profiles))
    assert loaded.name == fitted[name].name


@pytest.mark.parametrize("name", list(LOADS))
def test_a_damaged_model_is_refused_with_the_command(name: str, fitted: dict[str, Saved], tmp_path: Path) -> None:
    fitted[name].save(tmp_path)
    (tmp_path / "settings.json").write_text('{"unheard": 1}', encoding="utf-8")

    with pytest.raises(IndexMissingError, match=r"unreadable settings.*Build it with: reconteur build"):
        LOADS[name](tmp_path)
