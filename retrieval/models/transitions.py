"""What people take next: a ridge regression from someone's fading past to their following items, in closed form.

Source: Choi, Kim, Lee, Shim and Lee, "Session-aware Linear Item-Item Models for Session-based Recommendation", WWW
2021, doi:10.1145/3442381.3450005 (its item-transition part, with other decays).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.models.item_item import ItemItemModel
from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, places
from retrieval.models.recency import ages, fading
from retrieval.resources import Progress, silent

NAME = "transitions"
WHAT = "transition model"
LONGEST = 1000
"""Only the newest so many interactions of a user are learned from."""


@dataclass(frozen=True, slots=True)
class TransitionSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    ridge: float = 300.0
    """Lambda, for about 100,000 interactions; scaled down for fewer."""
    recency: float = 0.75
    """Power by which the past fades, in fitting and in scoring."""
    ahead: int = 5
    """How many of the following items are to be predicted."""
    soon: float = 1.0
    """Power by which later ones of those count less."""
    most_items: int = 6000


@dataclass(frozen=True, slots=True)
class TransitionModel(ItemItemModel[TransitionSettings]):
    """The weights that were learned from past items to following ones."""

    name = NAME
    what = WHAT
    kind = TransitionSettings

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        return fading(ages(profile.times), self.settings.recency)


def fit(log: Log, settings: TransitionSettings | None = None, progress: Progress = silent) -> TransitionModel:
    """Solve (P'P + ridge I) B = P'F: P the fading past, F the following items, one row per interaction of the log."""
    settings = settings or TransitionSettings()
    rows = most_rated(log, settings.most_items)
    place_of = places(rows, log.n_items)
    gram = np.zeros((len(rows), len(rows)), dtype=np.float32)
    cross = np.zeros_like(gram)
    for user, profile in enumerate(log.profiles()):
        own = place_of[profile.items[-LONGEST:]]
        own = own[own >= 0]
        if len(own) > 1:
            past, following = _steps(len(own), settings)
            where = np.ix_(own, own)
            gram[where] += past.T @ past
            cross[where] += past.T @ following
        if user % 200 == 0:
            progress(NAME, user, log.n_users)
    regular = gram.astype(np.float64)
    scale = min(1.0, len(log) / 100_000.0)
    regular[np.diag_indices_from(regular)] += max(settings.ridge * scale, 0.5)
    weights = np.linalg.solve(regular, cross).astype(np.float32)
    progress(NAME, log.n_users, log.n_users)
    return TransitionModel(settings, rows, weights, log.n_items)


def _steps(n: int, settings: TransitionSettings) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The weights of the past and of the following entries at each step after the first, both shape (n - 1, n)."""
    order = np.arange(n)
    distance = (order[1:, None] - order[None, :]).astype(np.float64)
    past = np.where(distance > 0, np.maximum(distance, 1.0) ** -settings.recency, 0.0)
    later = -distance
    near = (later >= 0) & (later < settings.ahead)
    following = np.where(near, (1.0 + np.maximum(later, 0.0)) ** -settings.soon, 0.0)
    return past.astype(np.float32), following.astype(np.float32)
