"""Interactions as arrays in order of time: what every model is fitted on, and one person's share of them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Profile:
    """What one person did, oldest first, as columns of equal length; may be empty."""

    items: NDArray[np.int64]
    """Rows of the catalog, shape (n,), without repeats."""
    weights: NDArray[np.float32]
    """From -1 (hated) over 0 (known, no opinion) to 1 (loved), shape (n,)."""
    times: NDArray[np.float64]
    """Seconds since 1970, shape (n,); 0 where unknown."""

    def __len__(self) -> int:
        return len(self.items)

    def head(self, n: int) -> "Profile":
        """The first `n` interactions."""
        return Profile(self.items[:n], self.weights[:n], self.times[:n])


@dataclass(frozen=True, slots=True)
class Log:
    """Everyone's interactions, sorted by user, then time; equal times keep the order in which they were read."""

    users: NDArray[np.int64]
    """User row per interaction, ascending."""
    items: NDArray[np.int64]
    """Catalog row per interaction; a user has an item once."""
    weights: NDArray[np.float32]
    """From -1 to 1 per interaction."""
    times: NDArray[np.float64]
    """Seconds since 1970 per interaction; 0 where unknown."""
    n_users: int
    n_items: int

    @classmethod
    def of(
        cls,
        users: NDArray[np.integer],
        items: NDArray[np.integer],
        weights: NDArray[np.floating],
        times: NDArray[np.floating],
        *,
        n_users: int,
        n_items: int,
    ) -> "Log":
        """Sort columns in reading order; of several interactions of a user with an item the last one counts.

        Raises:
            ValueError: The columns differ in length, or a row lies outside the given sizes.
        """
        if len({len(users), len(items), len(weights), len(times)}) != 1:
            lengths = (len(users), len(items), len(weights), len(times))
            raise ValueError(f"expected four columns of equal length, found lengths {lengths}")
        if len(users) and (users.min() < 0 or users.max() >= n_users or items.min() < 0 or items.max() >= n_items):
            raise ValueError(f"expected users in 0..{n_users - 1} and items in 0..{n_items - 1}, found others")
        order = np.lexsort((np.arange(len(users)), times, users))
        keys = users[order].astype(np.int64) * max(1, n_items) + items[order]
        last = len(order) - 1 - np.unique(keys[::-1], return_index=True)[1]
        kept = order[np.sort(last)]
        return cls(
            users[kept].astype(np.int64),
            items[kept].astype(np.int64),
            weights[kept].astype(np.float32),
            times[kept].astype(np.float64),
            n_users,
            n_items,
        )

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "Log":
        """The interactions of a dataset; users are numbered as there, items by catalog row."""
        interactions = dataset.interactions
        return cls.of(
            interactions.users,
            interactions.rows,
            interactions.weights,
            interactions.timestamps,
            n_users=len(interactions.user_ids),
            n_items=len(dataset.catalog),
        )

    def __len__(self) -> int:
        return len(self.users)

    def starts(self) -> NDArray[np.int64]:
        """Where each user's interactions begin, and the total at the end, shape (n_users + 1,)."""
        return np.searchsorted(self.users, np.arange(self.n_users + 1)).astype(np.int64)

    def profiles(self) -> Iterator[Profile]:
        """One profile per user row, in order; empty for a user without interactions."""
        starts = self.starts().tolist()
        for begin, end in itertools.pairwise(starts):
            yield Profile(self.items[begin:end], self.weights[begin:end], self.times[begin:end])

    def without_last(self, n: int) -> "Log":
        """Everyone's interactions without the last `n` of each user."""
        starts = self.starts()
        return self.where(np.arange(len(self)) < starts[self.users + 1] - n)

    def where(self, kept: NDArray[np.bool_]) -> "Log":
        """Only the interactions of a mask, shape (len,); the numbers of users and items stay."""
        columns = (self.users[kept], self.items[kept], self.weights[kept], self.times[kept])
        return Log(*columns, self.n_users, self.n_items)

    def likes(self) -> "Log":
        """Only what was liked; everything where no opinion above 0 is known."""
        liked = self.weights > 0
        return self.where(liked) if liked.any() else self

    def counts(self) -> NDArray[np.int64]:
        """How many users have each item, shape (n_items,)."""
        return np.bincount(self.items, minlength=self.n_items).astype(np.int64)

    def matrix(self, values: NDArray[np.floating] | None = None) -> csr_matrix:
        """A value (1 where none are given) per user and item, shape (n_users, n_items), float32."""
        filled = np.ones(len(self), dtype=np.float32) if values is None else values.astype(np.float32)
        return csr_matrix((filled, (self.users, self.items)), shape=(self.n_users, self.n_items), dtype=np.float32)
