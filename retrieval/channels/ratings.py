"""What many people did, as arrays: the raw material of the collaborative channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.datasets import Dataset
from retrieval.models.log import Log


@dataclass(frozen=True, slots=True)
class Ratings:
    """The last signal of each user about each item, as columns of equal length."""

    user_ids: NDArray[np.str_]
    users: NDArray[np.int64]
    """User row per signal."""
    items: NDArray[np.int64]
    """Catalog row per signal."""
    weights: NDArray[np.float32]
    """From -1 to 1 per signal."""
    times: NDArray[np.float64]
    """Seconds since 1970 per signal; 0 where unknown."""
    n_items: int

    def likes(self) -> csr_matrix:
        """1 where a user likes an item, shape (n_users, n_items)."""
        liked = self.weights > 0
        return self._matrix(np.ones(int(liked.sum()), dtype=np.float32), liked)

    def signals(self, known: float) -> csr_matrix:
        """The weight lifted by `known`, shape (n_users, n_items)."""
        lifted = lift(self.weights, known)
        return self._matrix(lifted, np.ones(len(lifted), dtype=np.bool_))

    def log(self) -> Log:
        """The same signals in order of time."""
        columns = (self.users, self.items, self.weights, self.times)
        return Log.of(*columns, n_users=len(self.user_ids), n_items=self.n_items)

    def _matrix(self, values: NDArray[np.float32], kept: NDArray[np.bool_]) -> csr_matrix:
        shape = (len(self.user_ids), self.n_items)
        return csr_matrix((values, (self.users[kept], self.items[kept])), shape=shape, dtype=np.float32)


def lift(weights: NDArray[np.float32], known: float) -> NDArray[np.float32]:
    """A weight of -1..1 as a strength of interest: people choose what they try, so even no opinion counts `known`."""
    return np.asarray(weights + known, dtype=np.float32)


def read_ratings(dataset: Dataset) -> Ratings:
    """The columns of a dataset with the last of several signals about one item; equal times: the later line."""
    interactions = dataset.interactions
    n_items = len(dataset.catalog)
    order = np.argsort(interactions.timestamps, kind="stable")[::-1]
    keys = interactions.users[order].astype(np.int64) * max(1, n_items) + interactions.rows[order]
    last = order[np.unique(keys, return_index=True)[1]]
    return Ratings(
        user_ids=np.asarray(interactions.user_ids, dtype=np.str_),
        users=interactions.users[last].astype(np.int64),
        items=interactions.rows[last].astype(np.int64),
        weights=interactions.weights[last].astype(np.float32),
        times=interactions.timestamps[last].astype(np.float64),
        n_items=n_items,
    )
