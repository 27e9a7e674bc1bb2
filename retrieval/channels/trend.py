"""Recommends what many people liked lately: popularity with time decay, as of the newest signal."""

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.ratings import Ratings
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.models import trend
from retrieval.models.trend import TrendModel, TrendSettings
from retrieval.preference import Preference

NAME = "trend"
LASTING = TrendSettings(half_life_days=180.0, appeal=1.0)
"""What is well known and liked, beyond the fashion of a week."""
NOW = np.zeros(1)


class TrendChannel:
    """The logarithm of how many took an item lately, times the share of them who like it."""

    def __init__(
        self,
        catalog: Catalog,
        ratings: Ratings,
        model: TrendModel | None = None,
        *,
        spoken: NDArray[np.float32] | None = None,
    ) -> None:
        self._catalog = catalog
        log = ratings.log()
        lasting = trend.fit(log, LASTING)
        self._scores: NDArray[np.float32] = np.asarray((model or lasting).score_at(NOW)[0])
        self.counts: NDArray[np.int64] = lasting.counts
        """How many users rated each row."""
        self.popularity: NDArray[np.float64] = np.maximum(lasting.score_at(NOW)[0].astype(np.float64), 0.0)
        """How well known and liked each row is over half a year; 0 where nobody rated."""
        liked = np.bincount(ratings.items, weights=ratings.weights > 0, minlength=len(catalog))
        self.shares: NDArray[np.float64] = liked / np.maximum(self.counts, 1)
        """Which share of those who rated a row liked it."""
        self.spoken: NDArray[np.float32] = np.zeros(len(catalog), dtype=np.float32) if spoken is None else spoken
        """In how many recorded conversations each row came up."""
        self._talked: NDArray[np.float32] = np.where((self.spoken > 0) & (self.counts > 0), self.spoken, -np.inf)

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """How popular every item is now, the same for everyone; -inf where nobody rated."""
        return self._scores

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Popular items, half of them those that people speak of most; what nobody rated is left to other channels."""
        open_rows = eligible(self._catalog, preference, history, allowed)
        talked = best_rows(self._talked, open_rows, k // 2)
        famous = best_rows(self._scores, open_rows, k)
        famous = famous[~np.isin(famous, talked)][: k - len(talked)]
        rows = np.concatenate([talked, famous])
        rows = rows[np.argsort(-self._scores[rows], kind="stable")]
        columns = (rows, self._scores[rows], self.counts[rows], self.shares[rows])
        return [
            candidate(self._catalog, row, NAME, score, Pending(_popular, count, share))
            for row, score, count, share in zip(*(column.tolist() for column in columns), strict=True)
        ]


def _popular(count: int, share: float) -> tuple[Evidence]:
    return (Evidence(NAME, EvidenceKind.POPULAR, count=count, score=share),)
