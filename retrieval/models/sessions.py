"""What people take within the same minutes: pairs of items, counted the more the nearer in time they were taken.

Where people work through lists (a page of titles to rate, a shelf, a playlist) this says what stood on one page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.models.item_item import ItemItemModel
from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, places
from retrieval.models.recency import ages
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
class SessionModel(ItemItemModel[SessionSettings]):
    """How near in time two items are taken; weights are >= 0, with a zero diagonal."""

    name = NAME
    what = WHAT
    kind = SessionSettings

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        return newest(profile.times, self.settings.half_life)


def newest(times: NDArray[np.float64], half_life: float) -> NDArray[np.float32]:
    """Weights that halve with every `half_life` places of age, the newest 1, shape (n,); all 1 where all are equal."""
    old = ages(times)
    return np.asarray(0.5 ** ((old - old.min(initial=np.inf)) / half_life), dtype=np.float32)


def fit(log: Log, settings: SessionSettings | None = None, progress: Progress = silent) -> SessionModel:
    """Sum 1 / (1 + minutes apart) over the users who have both items, then damp the popular ones."""
    settings = settings or SessionSettings()
    rows = most_rated(log, settings.most_items)
    place_of = places(rows, log.n_items)
    near = np.zeros((len(rows), len(rows)), dtype=np.float32)
    for user, profile in enumerate(log.profiles()):
        own = place_of[profile.items[-LONGEST:]]
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
