"""What many people took lately: popularity with time decay, as of the time of the profile's newest entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.log import Log, Profile
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

NAME = "trend"
WHAT = "trend model"
DAY = 86_400.0
LASTING = 1e-3
"""Weight of popularity over all times, so that an item does not drop out where nobody took it lately."""


@dataclass(frozen=True, slots=True)
class TrendSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    half_life_days: float = 7.0
    """After so many days an interaction counts half."""
    appeal: float = 0.0
    """Power of the share of people who like the item."""
    prior: float = 10.0
    """In interactions: an item with so few has half the say in its own share of likes."""


@dataclass(frozen=True, slots=True)
class TrendModel:
    """How many took each item on each day."""

    settings: TrendSettings
    days: csr_matrix
    """Interactions per day and item, shape (n_days, n_items); one row where no time is known."""
    first: float
    """When the first day begins, in seconds since 1970; 0 where no time is known."""
    counts: NDArray[np.int64]
    """How many users took each item, shape (n_items,)."""
    shares: NDArray[np.float64]
    """Which share of them likes it, drawn towards the share over all items, shape (n_items,)."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of all items anyone took, shape (len(profiles), n_items), >= 0; -inf for others."""
        times = [float(profile.times.max()) if len(profile) else 0.0 for profile in profiles]
        return self.score_at(np.asarray(times, dtype=np.float64))

    def score_at(self, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """What is popular at these times, shape (len(times), n_items); 0 stands for the last day, as any later time."""
        n_days = self.days.shape[0]
        today = np.where(times > 0, (times - self.first) // DAY, n_days - 1).clip(0, n_days - 1)
        age = today[:, None] - np.arange(n_days)[None, :]
        weights = np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / self.settings.half_life_days), 0.0)
        recent = np.asarray((self.days.T @ weights.T).T) + LASTING * self.counts
        scores = np.log1p(recent) * self.shares[None, :] ** self.settings.appeal
        return np.where(self.counts[None, :] > 0, scores, -np.inf).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        entries = self.days.tocoo()
        arrays = {
            "day": entries.row,
            "item": entries.col,
            "taken": entries.data,
            "shape": np.asarray(entries.shape),
            "first": np.asarray([self.first]),
            "counts": self.counts,
            "shares": self.shares,
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "TrendModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        names = ("day", "item", "taken", "shape", "first", "counts", "shares")
        stored, settings = load_model(folder, WHAT, names, TrendSettings)
        where = (stored.rows("day"), stored.rows("item"))
        n_days, n_items = stored.rows("shape").tolist()
        days = csr_matrix((stored.floats("taken"), where), shape=(n_days, n_items))
        first = float(stored.doubles("first")[0])
        return cls(settings, days, first, stored.rows("counts"), stored.doubles("shares"))


def fit(log: Log, settings: TrendSettings | None = None, progress: Progress = silent) -> TrendModel:
    """Count who took what on which day; unknown times count like the oldest known one."""
    settings = settings or TrendSettings()
    progress(NAME, 0, 1)
    known = log.times > 0
    first = float(log.times[known].min()) if known.any() else 0.0
    days = (np.maximum(log.times - first, 0.0) // DAY).astype(np.int64)
    shape = (int(days.max(initial=0)) + 1, log.n_items)
    matrix = csr_matrix((np.ones(len(log), dtype=np.float32), (days, log.items)), shape=shape)
    counts = log.counts()
    liked = np.bincount(log.items, weights=(log.weights > 0).astype(np.float64), minlength=log.n_items)
    overall = float(liked.sum()) / max(1, len(log))
    shares = (liked + settings.prior * overall) / (counts + settings.prior)
    progress(NAME, 1, 1)
    return TrendModel(settings, matrix, first, counts, shares)
