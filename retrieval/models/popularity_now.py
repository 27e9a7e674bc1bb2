"""What is popular for someone who comes now, or comes back: items they had the chance to take count less.

A newcomer likes what newcomers lately liked on their first day. Someone who comes back after taking much passed over
what was already popular then; what has come up since they left did not have its chance yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.log import Log, Profile
from retrieval.models.storage import load_model, save_model
from retrieval.models.trend import DAY
from retrieval.resources import Progress, silent

NAME = "coming"
WHAT = "model of what is popular now"


@dataclass(frozen=True, slots=True)
class PopularityNowSettings:
    """Chosen on cuts at 15 to 40 % of the ratings (docs/recommender.md)."""

    half_life_days: float = 14.0
    """After so many days an interaction counts half."""
    pseudo: float = 30.0
    """In interactions: so many are thought to be spread as over all times, so that a few new ones do not say much."""
    passed_over: float = 0.11
    """How much a share that has grown since someone left counts, per natural logarithm of what they took."""
    doubt: float = 0.003
    """As `pseudo`, of what was taken before someone left, but as a share of it: what was not there at all then would
    stand out the more the longer the log is."""
    arriving_days: float = 1.0
    """So long after their first interaction people are newcomers."""


@dataclass(frozen=True, slots=True)
class PopularityNowModel:
    """How many took each item on each day, and what newcomers took."""

    settings: PopularityNowSettings
    days: csr_matrix
    """Interactions per day and item, shape (n_days, n_items); one row where no time is known."""
    first: float
    """When the first day begins, in seconds since 1970; 0 where no time is known."""
    arriving: NDArray[np.float64]
    """Faded interactions of newcomers, shape (n_items,)."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Log shares of all items anyone took, shape (len(profiles), n_items); -inf for others."""
        counts = np.asarray(self.days.sum(axis=0), dtype=np.float64).ravel()
        usual = counts / max(1.0, counts.sum())
        now = _log_share(self._faded()[:, None], usual, self.settings.pseudo)[:, 0]
        arriving = np.log(np.maximum(self.arriving + usual, 1e-12))
        sizes = np.asarray([len(profile) for profile in profiles])
        risen = self._risen(profiles, counts, usual) * (self.settings.passed_over * np.log1p(sizes))
        scores = np.where(sizes[:, None] > 0, now + risen.T, arriving)
        return np.where(counts > 0, scores, -np.inf).astype(np.float32)

    def _faded(self) -> NDArray[np.float64]:
        age = np.arange(self.days.shape[0])[::-1]
        return np.asarray(self.days.T @ 0.5 ** (age / self.settings.half_life_days), dtype=np.float64)

    def _risen(
        self, profiles: Sequence[Profile], counts: NDArray[np.float64], usual: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Log growth of each item's share since each person's last day, shape (n_items, len(profiles))."""
        left = np.asarray([self._day(profile) for profile in profiles], dtype=np.int64)
        is_since = np.arange(self.days.shape[0])[:, None] > left
        since = np.asarray(self.days.T @ is_since.astype(np.float64), dtype=np.float64)
        before = counts[:, None] - since
        doubt = np.maximum(self.settings.doubt * before.sum(axis=0), 1.0)
        return _log_share(since, usual, self.settings.pseudo) - _log_share(before, usual, doubt)

    def _day(self, profile: Profile) -> int:
        """The day of the newest entry; the last day where none is known."""
        newest = float(profile.times.max()) if len(profile) else 0.0
        return int((newest - self.first) // DAY) if newest > 0 else self.days.shape[0]

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        entries = self.days.tocoo()
        where = {"day": entries.row, "item": entries.col, "taken": entries.data, "shape": np.asarray(entries.shape)}
        save_model(folder, {**where, "first": np.asarray([self.first]), "arriving": self.arriving}, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "PopularityNowModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        names = ("day", "item", "taken", "shape", "first", "arriving")
        stored, settings = load_model(folder, WHAT, names, PopularityNowSettings)
        n_days, n_items = stored.rows("shape").tolist()
        where = (stored.rows("day"), stored.rows("item"))
        days = csr_matrix((stored.floats("taken"), where), shape=(n_days, n_items))
        return cls(settings, days, float(stored.doubles("first")[0]), stored.doubles("arriving"))


def fit(log: Log, settings: PopularityNowSettings | None = None, progress: Progress = silent) -> PopularityNowModel:
    """Count who took what on which day; unknown times count like the oldest known one."""
    settings = settings or PopularityNowSettings()
    progress(NAME, 0, 1)
    known = log.times > 0
    first = float(log.times[known].min()) if known.any() else 0.0
    since_first = np.maximum(log.times - first, 0.0)
    days = (since_first // DAY).astype(np.int64)
    shape = (int(days.max(initial=0)) + 1, log.n_items)
    matrix = csr_matrix((np.ones(len(log), dtype=np.float32), (days, log.items)), shape=shape)
    arrived = np.full(log.n_users, np.inf)
    np.minimum.at(arrived, log.users, since_first)
    is_new = since_first - arrived[log.users] < settings.arriving_days * DAY
    faded = 0.5 ** ((shape[0] - 1 - days) / settings.half_life_days) * is_new
    arriving = np.bincount(log.items, weights=faded, minlength=log.n_items)
    progress(NAME, 1, 1)
    return PopularityNowModel(settings, matrix, first, np.asarray(arriving, dtype=np.float64))


def _log_share(
    taken: NDArray[np.float64], usual: NDArray[np.float64], pseudo: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log of each item's share in its column, drawn towards its share over all times; shape of `taken`."""
    drawn = np.maximum(taken + pseudo * usual[:, None], 1e-12)
    return np.asarray(np.log(drawn / drawn.sum(axis=0)), dtype=np.float64)
