"""A draw of some guesses from a pool whose probabilities are known exactly.

Knows positions in a pool only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Lottery:
    """Equally likely sets of guesses, mixed with a share of sets drawn uniformly from the whole pool."""

    sets: NDArray[np.int64]
    """Positions in the pool, shape (n_sets, n), without repeats in a row, n_sets >= 1."""
    size: int
    """How many candidates the pool has, >= n."""
    floor: float = 0.0
    """Probability of a uniform draw instead, 0..1: with some, every guess that could be shown has been possible."""

    def draw(self, rng: Generator) -> NDArray[np.int64]:
        """The positions of the guesses of one list, in the order to show, shape (n,)."""
        n = self.sets.shape[1]
        if self.floor and rng.random() < self.floor:
            return np.asarray(rng.choice(self.size, size=n, replace=False), dtype=np.int64)
        return np.asarray(self.sets[int(rng.integers(len(self.sets)))])

    def inclusion(self) -> NDArray[np.float64]:
        """The probability of each candidate to be among the guesses, shape (size,); sums to n."""
        n_sets, n = self.sets.shape
        if n == 0:
            return np.zeros(self.size)
        chosen = np.bincount(self.sets.ravel(), minlength=self.size) / n_sets
        inclusion: NDArray[np.float64] = (1 - self.floor) * chosen + self.floor * n / self.size
        return inclusion

    def probability(self, positions: Sequence[int]) -> float:
        """The probability of exactly this set of guesses, in whatever order."""
        wanted = np.sort(np.asarray(positions, dtype=np.int64))
        if len(wanted) != self.sets.shape[1]:
            return 0.0
        same = (np.sort(self.sets, axis=1) == wanted).all(axis=1).mean()
        return float((1 - self.floor) * same + self.floor / comb(self.size, len(wanted)))
