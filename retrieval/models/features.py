"""What a learned fusion looks at: for each person and candidate, calibrated scores and facts, as one array.

Knows arrays only; what the catalog says of its items comes as an `ItemSide`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.calibration import places, standardize
from retrieval.models.log import Log, Profile

Kind = TypeVar("Kind", bound=np.generic)

FEW, SOME = 5, 20
"""How many of the newest entries stand for 'just now', and for 'lately'."""


class Dimension(StrEnum):
    """What an interest consists of."""

    CONTENT = "content"
    """What it is about."""
    SENTIMENT = "sentiment"
    """How they feel about it."""
    TIMELINESS = "timeliness"
    """What comes next, lately and now."""
    COLLABORATIVE = "collaborative"
    """What people with the same taste take."""
    GRAPH = "graph"
    """How things hang together."""


@dataclass(frozen=True, slots=True)
class ItemSide:
    """What is known of items without anybody's interactions, by row of the catalog."""

    facts: csr_matrix
    """Weight of each value that an item has, rows of length 1 or 0, shape (n_items, n_values), float32."""
    numbers: NDArray[np.float32]
    """Quantities such as year or price, NaN where unknown, shape (n_items, n_numbers)."""
    vectors: NDArray[np.float32] | None = None
    """Unit vectors of the descriptions, shape (n_items, width); None where there are none."""

    def holds(self) -> csr_matrix:
        """1 where an item has a value, shape (n_items, n_values)."""
        held = self.facts.copy()
        held.data = np.ones_like(held.data)
        return held

    @classmethod
    def bare(cls, n_items: int) -> "ItemSide":
        """Items of which nothing is known."""
        return cls(csr_matrix(np.zeros((n_items, 0), dtype=np.float32)), np.zeros((n_items, 0), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a log says of its items: how many took them, and how they liked them."""

    counts: NDArray[np.int64]
    """Shape (n_items,)."""
    liking: NDArray[np.float32]
    """Mean weight, drawn towards the mean of all, shape (n_items,)."""

    @classmethod
    def of(cls, log: Log, *, prior: float = 10.0) -> "ItemFacts":
        """Count; an item with `prior` interactions has half the say in its own mean."""
        counts = log.counts()
        overall = float(log.weights.mean()) if len(log) else 0.0
        total = np.bincount(log.items, weights=log.weights, minlength=log.n_items)
        return cls(counts, ((total + prior * overall) / (counts + prior)).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Features:
    """Some people's candidates as numbers."""

    rows: NDArray[np.int64]
    """Catalog rows of the candidates, shape (n, m)."""
    values: NDArray[np.float32]
    """Shape (n, m, f), finite; the first columns are the members' calibrated scores."""
    people: NDArray[np.float32]
    """What is known of each person, shape (n, g), finite."""
    members: tuple[str, ...] = field(default=())
    """Names of the first columns."""

    def __len__(self) -> int:
        return len(self.rows)


def feature_names(members: Sequence[str], n_numbers: int) -> tuple[str, ...]:
    """The columns of `Features.values`, in order."""
    numbers = [f"{kind}_{i}" for i in range(n_numbers) for kind in ("number", "number_apart")]
    return (*members, *(f"place_{name}" for name in members), "count", "liking", *numbers, *PEOPLE)


PEOPLE = ("length", "pause_few", "pause_some", "fame_few", "liking_few", "liking_all", "liking_spread")
"""The columns of `Features.people`, in order; they are repeated in `Features.values` for the trees."""


def make_features(
    scores: Mapping[str, NDArray[np.float32]],
    profiles: Sequence[Profile],
    rows: NDArray[np.int64],
    side: ItemSide,
    facts: ItemFacts,
) -> Features:
    """Calibrate and gather.

    Args:
        scores: Calibrated scores of all items by member (see `calibrate_all`), each shape (n, n_items).
        profiles: The people, n of them.
        rows: Candidates of each, shape (n, m).
        side: What is known of the items.
        facts: What the log says of them.
    """
    is_open = open_items(profiles, len(facts.counts))
    near = [np.take_along_axis(matrix, rows, axis=1) for matrix in scores.values()]
    ranks = _at_once(scores, lambda matrix, times: np.log1p(places(matrix, _tile(is_open, times), _tile(rows, times))))
    people = about_people(profiles, facts)
    columns = [
        *near,
        *ranks.values(),
        np.log1p(facts.counts)[rows],
        facts.liking[rows],
        *_numbers(profiles, rows, side),
    ]
    repeated = np.broadcast_to(people[:, None, :], (*rows.shape, people.shape[1]))
    values = np.concatenate([np.stack(columns, axis=-1), repeated], axis=-1).astype(np.float32)
    return Features(rows, values, people, tuple(scores))


def calibrate_all(
    scores: Mapping[str, NDArray[np.float32]], profiles: Sequence[Profile]
) -> dict[str, NDArray[np.float32]]:
    """Each member's scores of all items, calibrated per person over the items that the profile lacks."""
    n_items = next((matrix.shape[1] for matrix in scores.values()), 0)
    is_open = open_items(profiles, n_items)
    return _at_once(scores, lambda matrix, times: standardize(matrix, _tile(is_open, times)))


def open_items(profiles: Sequence[Profile], n_items: int) -> NDArray[np.bool_]:
    """Which items each person has not had, shape (len(profiles), n_items)."""
    is_open = np.ones((len(profiles), n_items), dtype=np.bool_)
    for line, profile in zip(is_open, profiles, strict=True):
        line[profile.items] = False
    return is_open


def about_people(profiles: Sequence[Profile], facts: ItemFacts) -> NDArray[np.float32]:
    """The columns `PEOPLE` of each person, shape (len(profiles), len(PEOPLE))."""
    fame = np.log1p(facts.counts)
    return np.asarray([_person(profile, fame) for profile in profiles], dtype=np.float32).reshape(-1, len(PEOPLE))


def _person(profile: Profile, fame: NDArray[np.float64]) -> tuple[float, ...]:
    n = len(profile)
    if n == 0:
        return (0.0,) * len(PEOPLE)
    few, some = profile.times[-FEW:], profile.times[-SOME:]
    return (
        float(np.log1p(n)),
        float(np.log1p(few[-1] - few[0])),
        float(np.log1p(some[-1] - some[0])),
        float(fame[profile.items[-FEW:]].mean()),
        float(profile.weights[-FEW:].mean()),
        float(profile.weights.mean()),
        float(profile.weights.std()),
    )


def _at_once(
    scores: Mapping[str, NDArray[np.float32]],
    step: Callable[[NDArray[np.float32], int], NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """Do the same with each member's scores; for few people all members are done in one call, which is faster."""
    n = len(next(iter(scores.values()), ()))
    if n > FEW or not scores:
        return {name: step(matrix, 1) for name, matrix in scores.items()}
    done = step(np.concatenate(list(scores.values())), len(scores))
    return {name: done[i * n : (i + 1) * n] for i, name in enumerate(scores)}


def _tile(array: NDArray[Kind], times: int) -> NDArray[Kind]:
    return array if times == 1 else np.tile(array, (times, 1))


def _numbers(profiles: Sequence[Profile], rows: NDArray[np.int64], side: ItemSide) -> list[NDArray[np.float32]]:
    """Each quantity of the candidates, and how far it lies from that of the newest entries; 0 where unknown."""
    columns: list[NDArray[np.float32]] = []
    for i in range(side.numbers.shape[1]):
        number = side.numbers[:, i]
        known = np.isfinite(number)
        usual = float(np.median(number[known])) if known.any() else 0.0
        filled = np.where(known, number, usual)
        recent = np.asarray([filled[profile.items[-FEW:]].mean() if len(profile) else usual for profile in profiles])
        columns += [filled[rows], np.abs(filled[rows] - recent[:, None]).astype(np.float32)]
    return columns
