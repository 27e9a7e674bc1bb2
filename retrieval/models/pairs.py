"""How often two items are taken by the same people, and how near to each other: what item-item models are fitted on."""

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log
from retrieval.models.recency import ages


def most_rated(log: Log, most: int) -> NDArray[np.int64]:
    """Rows of the items that anyone has, at most the `most` most frequent ones, ascending."""
    counts = log.counts()
    order = np.argsort(-counts, kind="stable")[:most]
    return np.sort(order[counts[order] > 0]).astype(np.int64)


def places(rows: NDArray[np.int64], n_items: int) -> NDArray[np.int64]:
    """The place of each catalog row, shape (n_items,); -1 where it has none."""
    place_of = np.full(n_items, -1, dtype=np.int64)
    place_of[rows] = np.arange(len(rows))
    return place_of


def near_pairs(log: Log, rows: NDArray[np.int64], *, nearness: float, longest: int = 2000) -> NDArray[np.float32]:
    """Sum over users of exp(-distance / nearness) for each pair of items that a user has.

    Args:
        log: Interactions in order of time.
        rows: The items that get a place, ascending, shape (m,).
        nearness: In places of a user's order; 0 counts every pair as 1, however far apart.
        longest: Only the newest so many interactions of a user are paired.

    Returns:
        Shape (m, m), symmetric; the diagonal holds how many users have the item.
    """
    if nearness <= 0:
        matrix = log.matrix()[:, rows]
        return np.asarray((matrix.T @ matrix).todense(), dtype=np.float32)
    place_of = places(rows, log.n_items)
    total = np.zeros((len(rows), len(rows)), dtype=np.float32)
    for profile in log.profiles():
        own = place_of[profile.items[-longest:]]
        old = ages(profile.times[-longest:])[own >= 0]
        own = own[own >= 0]
        total[np.ix_(own, own)] += np.exp(-np.abs(old[:, None] - old[None, :]) / nearness).astype(np.float32)
    return total


def product(signals: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matrix product; for few people only the rows of what they have are read, since the whole fills no cache.

    Args:
        signals: How much each item counts for each person, mostly 0, shape (n, m).
        weights: Between items, shape (m, m).
    """
    used = np.flatnonzero(signals.any(axis=0)) if len(signals) <= 4 else np.arange(signals.shape[1])
    if len(used) > signals.shape[1] // 4:
        return signals @ weights
    return np.asarray(signals[:, used] @ weights[used], dtype=np.float32)
