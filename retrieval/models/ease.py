"""EASE, a linear item-item model with a closed-form solution, that knows what comes close together in time.

Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, doi:10.1145/3308558.3313710. Two
things are added: pairs of items count more the nearer a user took them to each other, and the newest entries of a
profile weigh most (compare the session-aware linear models of Choi et al., WWW 2021, doi:10.1145/3442381.3450005).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, near_pairs, product
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model
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
class EaseModel:
    """The learned weights between the rated items."""

    settings: EaseSettings
    rows: NDArray[np.int64]
    """Catalog row of each place, ascending, shape (m,)."""
    weights: NDArray[np.float32]
    """Weight of having the first item for the second, shape (m, m), zero diagonal."""
    n_items: int

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of the rated items, shape (len(profiles), n_items); -inf for others and where nothing is known."""
        signals = np.zeros((len(profiles), len(self.rows)), dtype=np.float32)
        told = np.zeros(len(profiles), dtype=np.bool_)
        for i, profile in enumerate(profiles):
            places, found = self._places(profile.items)
            signals[i, places] = self.strengths(profile)[found]
            told[i] = len(places) > 0
        return self._spread(product(signals, self.weights), told)

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        fresh = fading(ages(profile.times), self.settings.recency)
        return np.asarray(fresh * (1.0 + self.settings.opinions * profile.weights), dtype=np.float32)

    def score_entries(self, items: NDArray[np.int64], strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of one person whose entries have these strengths, shape (n_items,); a negative one repels."""
        places, found = self._places(items)
        scores = strengths[found].astype(np.float32) @ self.weights[places]
        return np.asarray(self._spread(scores[None, :], np.asarray([len(places) > 0]))[0])

    def contributions(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What each entry adds to the score of some items, shape (n, len(rows)); 0 where one has no place."""
        places, found = self._places(items)
        columns, known = self._places(rows)
        parts = np.zeros((len(items), len(rows)), dtype=np.float32)
        parts[np.ix_(found, known)] = self.weights[np.ix_(places, columns)] * strengths[found][:, None]
        return parts

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {
            "rows": self.rows,
            "weights": self.weights,
            "n_items": np.asarray([self.n_items]),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "EaseModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("rows", "weights", "n_items"), EaseSettings)
        return cls(settings, stored.rows("rows"), stored.floats("weights"), int(stored.rows("n_items")[0]))

    def _places(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The places of those items that have one, and which they are."""
        if len(self.rows) == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(len(items), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.rows, items), len(self.rows) - 1)
        found = self.rows[at] == items
        return at[found].astype(np.int64), np.asarray(found)

    def _spread(self, scores: NDArray[np.float32], told: NDArray[np.bool_]) -> NDArray[np.float32]:
        spread = np.full((len(scores), self.n_items), -np.inf, dtype=np.float32)
        spread[np.ix_(told, self.rows)] = scores[told]
        return spread


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
