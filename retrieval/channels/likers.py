"""Who liked what, to count how many people liked two items: evidence for the collaborative channels."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from retrieval.channels.ratings import Ratings


class Likers:
    """The likes of everyone, by item."""

    def __init__(self, ratings: Ratings) -> None:
        self._ratings = ratings

    @cached_property
    def _by_item(self) -> csc_matrix:
        return self._ratings.likes().tocsc()

    def both(self, liked: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many people liked each pair, shape (len(liked), len(rows))."""
        likes = self._by_item
        return np.asarray((likes[:, liked].T @ likes[:, rows]).todense()).astype(np.int64)
