"""Who liked what, to count how many people liked two items: evidence for the collaborative channels."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.channels.ratings import Ratings


class Likers:
    """The likes of everyone, by item."""

    def __init__(self, ratings: Ratings) -> None:
        self._ratings = ratings

    @cached_property
    def _by_item(self) -> csr_matrix:
        """1 where a user likes an item, shape (n_items, n_users): by rows, since slices and products need them."""
        return self._ratings.likes().T.tocsr()

    def both(self, liked: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many people liked each pair, shape (len(liked), len(rows))."""
        likes = self._by_item
        return np.asarray((likes[liked] @ likes[rows].T.tocsr()).todense()).astype(np.int64)
