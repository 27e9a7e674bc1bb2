"""Recommends what people with a similar taste liked: user-user cosine with shrinkage towards few common items.

Source of the shrinkage: Herlocker, Konstan, Borchers and Riedl, SIGIR 1999, doi:10.1145/312624.312682.
"""

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.factors import said_boost
from retrieval.channels.ratings import Ratings, lift
from retrieval.channels.tastes import Taste, best_rows, candidate, eligible, taste_of
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference

NAME = "neighbors"
MOST_NEIGHBORS = 80
KNOWN = 0.5
"""What an item known without any opinion counts, loved 1.5 and hated -.5."""
SHRINKAGE = 10.0
"""In common items: with so many in common a similarity counts half."""


class NeighborsChannel:
    """Weighs the likes and dislikes of the most similar users."""

    def __init__(self, catalog: Catalog, ratings: Ratings) -> None:
        self._catalog = catalog
        self._user_ids = ratings.user_ids
        self._signals = ratings.signals(KNOWN)
        self._by_item = self._signals.T.tocsr()
        self._present = self._by_item.astype(np.bool_).astype(np.float32)
        self._likes = ratings.likes()
        norms = np.sqrt(np.asarray(self._signals.multiply(self._signals).sum(axis=1)).ravel())
        self._norms = np.where(norms > 0, norms, 1.0)

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items that similar users liked; empty where nobody shares a like with this user."""
        taste = taste_of(self._catalog, preference, history)
        users, likeness = self._similar(taste, history.user_id)
        if len(users) == 0:
            return []
        scores = self._signals[users].T @ likeness / (likeness.sum() + 1e-9)
        likers = self._likes[users]
        counts = np.asarray(likers.sum(axis=0)).ravel()
        means = (likers.T @ likeness) / np.maximum(counts, 1)
        open_rows = eligible(self._catalog, preference, history, allowed) & (counts > 0)
        return [
            candidate(self._catalog, row, NAME, scores[row], [self._evidence(counts[row], means[row])])
            for row in best_rows(scores, open_rows, k)
        ]

    def _similar(self, taste: Taste, user_id: str | None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The most similar users and their similarity, best first, the user's own row left out."""
        nobody = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        if not taste.likes or len(self._user_ids) == 0:
            return nobody
        boost = np.where(taste.said, said_boost(int((~taste.said).sum())), 1.0)
        signal = (lift(taste.weights, KNOWN) * boost).astype(np.float32)
        norm = float(np.linalg.norm(signal)) or 1.0
        dots = self._by_item[taste.rows].T @ signal
        common = self._present[taste.rows].T @ np.ones(len(taste.rows), dtype=np.float32)
        shrinkage = min(SHRINKAGE, float(len(taste.rows)))
        likeness = dots / (self._norms * norm) * (common / (common + shrinkage))
        if user_id is not None:
            likeness[self._user_ids == user_id] = 0
        best = np.argsort(-likeness, kind="stable")[:MOST_NEIGHBORS]
        best = best[likeness[best] > 0]
        return best.astype(np.int64), likeness[best].astype(np.float32)

    @staticmethod
    def _evidence(count: float, mean: float) -> Evidence:
        return Evidence(NAME, EvidenceKind.NEIGHBORS, count=int(count), score=float(mean))
