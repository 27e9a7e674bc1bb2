"""What people take within the same minutes: pairs of items, counted the more the nearer in time they were taken.

Where people work through lists (a page of titles to rate, a shelf, a playlist) this says what stood on one page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, product
from retrieval.models.recency import ages
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

NAME = "sessions"
WHAT = "session model"
LONGEST = 2000
"""Only the newest so many interactions of a user are paired."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    minutes: float = 1.0
    """Two items taken so many minutes apart count half of two taken at once."""
    half_life: float = 2.0
    """In places of a profile: an entry so much older than the newest one counts half."""
    from_popular: float = 0.5
    """Power of its count by which a known item speaks less loudly."""
    to_popular: float = 0.35
    """Power of its count by which an item is held back."""
    least: float = 5.0
    """Items with fewer interactions are treated as if they had so many."""
    most_items: int = 6000


@dataclass(frozen=True, slots=True)
class SessionModel:
    """The weights between the rated items."""

    settings: SessionSettings
    rows: NDArray[np.int64]
    """Catalog row of each place, ascending, shape (m,)."""
    weights: NDArray[np.float32]
    """Shape (m, m): from the first item to the second, >= 0, zero diagonal."""
    n_items: int

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of the rated items, shape (len(profiles), n_items); -inf for others and where nothing is known."""
        signals = np.zeros((len(profiles), self.n_items), dtype=np.float32)
        for i, profile in enumerate(profiles):
            signals[i, profile.items] = newest(profile.times, self.settings.half_life)
        past = signals[:, self.rows]
        told = past.any(axis=1)
        scores = np.full((len(profiles), self.n_items), -np.inf, dtype=np.float32)
        scores[np.ix_(told, self.rows)] = product(past[told], self.weights)
        return scores

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {
            "rows": self.rows,
            "weights": self.weights,
            "n_items": np.asarray([self.n_items]),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "SessionModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("rows", "weights", "n_items"), SessionSettings)
        return cls(settings, stored.rows("rows"), stored.floats("weights"), int(stored.rows("n_items")[0]))


def newest(times: NDArray[np.float64], half_life: float) -> NDArray[np.float32]:
    """Weights that halve with every `half_life` places of age, the newest 1, shape (n,); all 1 where all are equal."""
    old = ages(times)
    return np.asarray(0.5 ** ((old - old.min(initial=np.inf)) / half_life), dtype=np.float32)


def fit(log: Log, settings: SessionSettings | None = None, progress: Progress = silent) -> SessionModel:
    """Sum 1 / (1 + minutes apart) over the users who have both items, then damp the popular ones."""
    settings = settings or SessionSettings()
    rows = most_rated(log, settings.most_items)
    places = np.full(log.n_items, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    near = np.zeros((len(rows), len(rows)), dtype=np.float32)
    for user, profile in enumerate(log.profiles()):
        own = places[profile.items[-LONGEST:]]
        times = profile.times[-LONGEST:][own >= 0]
        own = own[own >= 0]
        apart = np.abs(times[:, None] - times[None, :]) / 60.0
        near[np.ix_(own, own)] += (1.0 / (1.0 + apart / settings.minutes)).astype(np.float32)
        if user % 200 == 0:
            progress(NAME, user, log.n_users)
    np.fill_diagonal(near, 0.0)
    counts = np.maximum(log.counts()[rows], settings.least).astype(np.float32)
    near /= counts[:, None] ** settings.from_popular * counts[None, :] ** settings.to_popular
    progress(NAME, log.n_users, log.n_users)
    return SessionModel(settings, rows, near, log.n_items)
