"""What many people did, as arrays: the raw material of the collaborative channels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.history import Interaction
from retrieval.items import Catalog

KNOWN = 0.5
"""People choose what they try: an item known without any opinion counts half a liked one."""


class HasRatings(Protocol):
    """What a collaborative channel needs of a dataset."""

    @property
    def catalog(self) -> Catalog:
        """The items."""
        ...

    @property
    def interactions(self) -> Iterable[Interaction]:
        """What people did with them."""
        ...


@dataclass(frozen=True, slots=True)
class Ratings:
    """The last signal of each user about each item, users in order of their first appearance."""

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

    def signals(self) -> csr_matrix:
        """The weight lifted by `KNOWN`, shape (n_users, n_items)."""
        lifted = lift(self.weights)
        return self._matrix(lifted, np.ones(len(lifted), dtype=np.bool_))

    def _matrix(self, values: NDArray[np.float32], kept: NDArray[np.bool_]) -> csr_matrix:
        shape = (len(self.user_ids), self.n_items)
        return csr_matrix((values, (self.users[kept], self.items[kept])), shape=shape, dtype=np.float32)


def lift(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """A weight of -1..1 as a strength of interest: loved 1.5, known .5, hated -.5."""
    return np.asarray(weights + KNOWN, dtype=np.float32)


def read_ratings(dataset: HasRatings) -> Ratings:
    """Turn interactions into arrays; the last of several about one item counts, unknown items are left out."""
    catalog = dataset.catalog
    last: dict[tuple[str, str], Interaction] = {}
    for one in dataset.interactions:
        if one.item_id not in catalog:
            continue
        before = last.get((one.user_id, one.item_id))
        if before is None or one.timestamp >= before.timestamp:
            last[one.user_id, one.item_id] = one
    rows: dict[str, int] = {}
    users = [rows.setdefault(one.user_id, len(rows)) for one in last.values()]
    return Ratings(
        user_ids=np.asarray(list(rows), dtype=np.str_),
        users=np.asarray(users, dtype=np.int64),
        items=catalog.rows(one.item_id for one in last.values()),
        weights=np.asarray([one.weight for one in last.values()], dtype=np.float32),
        times=np.asarray([one.timestamp for one in last.values()], dtype=np.float64),
        n_items=len(catalog),
    )
