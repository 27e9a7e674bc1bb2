"""Which items are worth a guess: unrated ones, little known ones near to the taste, those that would tell most.

Knows a belief and arrays over its items only.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from retrieval.belief import Belief

POOL = 60
"""Rows in a pool at the most."""
PROMISING = 800
"""So many of the most promising rows of a kind a pool is drawn from."""
EARLY = 0.6
"""Above this width only what tells most is tried: nobody can say yet what of the long tail is near to the taste."""
NEW = 60
"""Likewise of those that nobody rated: what others answered to them has sorted them."""
TRIES = 2
"""A row that was a guess so often, for anybody, makes room for others."""
TELLING = 40
"""So many of the most telling rows are tried in that time."""
NEAREST = 40
"""Where something was asked for, guesses come from so many of the nearest rows: further away they break the mood."""
TAIL = 0.8
"""Items outside the most rated 20 % are little known."""
OPTIMISM = 0.5
"""In standard deviations: what might please counts, too."""


class Kind(StrEnum):
    """What a guess tries out."""

    UNRATED = "unrated"
    """Nobody rated it: only its description and its facts speak for it."""
    LITTLE_KNOWN = "little_known"
    """Few people know it, and it is near to what is believed of the taste."""
    OTHER = "other"
    """Its answer would tell most about the taste: known to many, and of a kind that was not tried yet."""


def guess_pool(
    belief: Belief,
    open_rows: NDArray[np.bool_],
    counts: NDArray[np.int64],
    *,
    tried: NDArray[np.bool_] | None = None,
    nearness: NDArray[np.floating] | None = None,
    size: int = POOL,
    rng: Generator | None = None,
    shown: NDArray[np.int64] | None = None,
) -> dict[int, Kind]:
    """The most promising rows of each kind, taken in turn.

    Args:
        belief: What is believed of one person.
        open_rows: Rows that may be guessed at all: within the limits, not known, not refused, shape (n_items,).
        counts: How many people rated each row, shape (n_items,).
        tried: Rows of a kind that the person has answered to, shape (n_items,); None where nothing was tried.
        nearness: How near each row is to what was asked for, shape (n_items,); None where nothing was.
        size: The most rows.
        rng: Draws the pool from the promising rows; the best of them where None.
        shown: How often each row was a guess before, for anybody, shape (n_items,): what never was one comes first.

    Returns:
        Row -> kind, without repeats; the order carries no meaning for a policy.
    """
    rows = np.flatnonzero(open_rows)
    if len(rows) == 0 or size <= 0:
        return {}
    if nearness is not None:
        rows = rows[np.argsort(-nearness[rows], kind="stable")[:NEAREST]]
    is_tail = counts <= _edge(counts)
    well_known = rows[~is_tail[rows]]
    if float(belief.uncertainty()[0]) > EARLY and len(well_known):
        telling = _most_telling(belief, well_known, belief.mean(well_known)[0])
        return dict.fromkeys(telling[:TELLING].tolist(), Kind.OTHER)
    mean = belief.mean(rows)[0]
    order = np.argsort(-(mean + OPTIMISM * belief.deviation(rows)[0]), kind="stable")
    rows, mean = rows[order], mean[order]
    unrated, tail = counts[rows] == 0, is_tail[rows]
    known = ~tail if tried is None else ~tail & ~tried[rows]
    little = _some(rows[tail & ~unrated][:PROMISING], rng, shown)
    groups = (
        (Kind.LITTLE_KNOWN, little[::2]),
        (Kind.UNRATED, _some(rows[unrated][:NEW], rng, shown)),
        (Kind.LITTLE_KNOWN, little[1::2]),
        (Kind.OTHER, _some(_most_telling(belief, rows[known], mean[known])[:TELLING], rng, shown)),
    )
    return _in_turn(groups, size)


def _some(rows: NDArray[np.int64], rng: Generator | None, shown: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The rows in the order of chance, so that not everybody is shown the same few; the least shown first."""
    mixed = rows if rng is None else rng.permutation(rows)
    return mixed if shown is None else mixed[np.argsort(shown[mixed] // TRIES, kind="stable")]


def _edge(counts: NDArray[np.int64]) -> int:
    """So many ratings has an item at the edge of the long tail."""
    place = min(len(counts) - 1, int(TAIL * len(counts)))
    return int(np.partition(counts, place)[place])


def _most_telling(belief: Belief, rows: NDArray[np.int64], mean: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows by how much they are expected to narrow the belief: by an answer, if one comes."""
    model = belief.model
    gain = belief.narrowing(model.features[rows], model.noise[rows] + model.doubt[rows])[0]
    return rows[np.argsort(-gain * np.maximum(mean, 0), kind="stable")]


def _in_turn(groups: Sequence[tuple[Kind, NDArray[np.int64]]], size: int) -> dict[int, Kind]:
    chosen: dict[int, Kind] = {}
    kinds = [kind for kind, _ in groups]
    for turn in zip_longest(*(group.tolist() for _, group in groups)):
        for row, kind in zip(turn, kinds, strict=True):
            if row is not None and row not in chosen:
                chosen[row] = kind
        if len(chosen) >= size:
            break
    return dict(list(chosen.items())[:size])
