"""Recommends what many people liked lately: popularity with time decay, relative to the newest signal."""

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.ratings import Ratings
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference

NAME = "trend"
HALF_LIFE_DAYS = 180.0
PRIOR = 10.0
"""In ratings: an item with so few has half the say in its own share of likes."""


class TrendChannel:
    """The share of people who like an item, times the logarithm of how many rated it lately."""

    def __init__(self, catalog: Catalog, ratings: Ratings, *, half_life_days: float = HALF_LIFE_DAYS) -> None:
        self._catalog = catalog
        n = len(catalog)
        self.counts: NDArray[np.int64] = np.bincount(ratings.items, minlength=n).astype(np.int64)
        """How many users rated each row."""
        liked = np.bincount(ratings.items, weights=ratings.weights > 0, minlength=n)
        self.shares: NDArray[np.float64] = liked / np.maximum(self.counts, 1)
        """Which share of them liked it."""
        decay = _decay(ratings.times, half_life_days)
        recent = np.bincount(ratings.items, weights=decay, minlength=n)
        overall = liked.sum() / max(1, len(ratings.items))
        self.scores: NDArray[np.float64] = np.log1p(recent) * (liked + PRIOR * overall) / (self.counts + PRIOR)
        """Raw popularity by row; 0 where nobody rated."""

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
        """Popular items; those that nobody rated are left to other channels."""
        open_rows = eligible(self._catalog, preference, history, allowed) & (self.counts > 0)
        return [
            candidate(self._catalog, row, NAME, self.scores[row], [self._evidence(row)])
            for row in best_rows(self.scores, open_rows, k)
        ]

    def _evidence(self, row: int) -> Evidence:
        count, share = int(self.counts[row]), float(self.shares[row])
        return Evidence(NAME, EvidenceKind.POPULAR, count=count, score=share)


def _decay(times: NDArray[np.float64], half_life_days: float) -> NDArray[np.float64]:
    """1 for the newest signal, half for each half-life before; unknown times count like the oldest known one."""
    known = times > 0
    if not known.any():
        return np.ones(len(times))
    newest, oldest = times[known].max(), times[known].min()
    age_days = (newest - np.where(known, times, oldest)) / 86_400.0
    return np.asarray(0.5 ** (age_days / half_life_days))
