"""EASE, a linear item-item model with a closed-form solution, that knows what comes close together in time.

Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, doi:10.1145/3308558.3313710. Two
things are added: pairs of items count more the nearer a user took them to each other, and the newest entries of a
profile weigh most (compare the session-aware linear models of Choi et al., WWW 2021, doi:10.1145/3442381.3450005).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.models.item_item import ItemItemModel
from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, near_pairs
from retrieval.models.recency import ages, fading
from retrieval.resources import Progress, silent

NAME = "ease"
WHAT = "item-item model"
USUAL_COUNT = 60.0
"""Interactions per item for which `ridge` is meant; it is scaled down for emptier data."""


@dataclass(frozen=True, slots=True)
class EaseSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    ridge: float = 60.0
    """Lambda: pulls all weights towards 0."""
    nearness: float = 50.0
    """In places of a user's order (see `near_pairs`); 0 is plain EASE."""
    recency: float = 0.6
    """Power by which older entries of a profile fade; 0 weighs all alike."""
    opinions: float = 0.0
    """How much an opinion changes an entry's strength of 1: 1 makes loved 2 and hated 0."""
    most_items: int = 6000
    """Only the most rated items get a place: the matrix is dense."""


@dataclass(frozen=True, slots=True)
class EaseModel(ItemItemModel[EaseSettings]):
    """The weights that were learned, with a zero diagonal."""

    name = NAME
    what = WHAT
    kind = EaseSettings

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        fresh = fading(ages(profile.times), self.settings.recency)
        return np.asarray(fresh * (1.0 + self.settings.opinions * profile.weights), dtype=np.float32)


def fit(log: Log, settings: EaseSettings | None = None, progress: Progress = silent) -> EaseModel:
    """Solve EASE in closed form: B = I - P diag(P)^-1 with P = (G + ridge I)^-1, G the near pairs."""
    settings = settings or EaseSettings()
    progress(NAME, 0, 2)
    rows = most_rated(log, settings.most_items)
    gram = near_pairs(log, rows, nearness=settings.nearness).astype(np.float64)
    progress(NAME, 1, 2)
    scale = min(1.0, float(np.diag(gram).mean()) / USUAL_COUNT) if len(rows) else 1.0
    gram[np.diag_indices_from(gram)] += max(settings.ridge * scale, 0.5)
    inverse = np.linalg.inv(gram)
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0)
    progress(NAME, 2, 2)
    return EaseModel(settings, rows, weights, log.n_items)
