"""Implicit ALS: people and items as points whose products say who takes what; new people are placed in closed form.

Source: Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008,
doi:10.1109/ICDM.2008.22. The items are fitted by the library `implicit`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from retrieval.models.log import Log, Profile
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

NAME = "als"
WHAT = "factor model"
USUAL_COUNT = 60.0
"""Interactions per item for which `regularization` is meant; it is scaled down for emptier data."""


@dataclass(frozen=True, slots=True)
class AlsSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    factors: int = 64
    alpha: float = 80.0
    """Confidence in an interaction, beyond the 1 of every absent one."""
    regularization: float = 100.0
    iterations: int = 15
    recency: float = 1.5
    """Power by which older entries of a profile fade when a person is placed; 0 weighs all alike."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AlsModel:
    """The items' points; people are placed on demand."""

    settings: AlsSettings
    items: NDArray[np.float32]
    """Shape (n_items, factors); zeros where nobody has an item."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Products of the people with the rated items, shape (len(profiles), n_items); -inf where nothing is known."""
        gram = self._gram()
        people = np.zeros((len(profiles), self.items.shape[1]), dtype=np.float32)
        for i, profile in enumerate(profiles):
            people[i] = self._place(profile.items, self.strengths(profile), gram)
        told: NDArray[np.bool_] = np.asarray(people.any(axis=1))
        scores = np.where(told[:, None] & self._rated()[None, :], people @ self.items.T, -np.inf)
        return scores.astype(np.float32)

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        return fading(ages(profile.times), self.settings.recency)

    def score_entries(self, items: NDArray[np.int64], strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of one person whose entries have these strengths, shape (n_items,); a negative one repels."""
        person = self._place(items, strengths, self._gram())
        if not person.any():
            return np.full(len(self.items), -np.inf, dtype=np.float32)
        return np.where(self._rated(), self.items @ person, -np.inf).astype(np.float32)

    def contributions(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What each entry adds to the score of some items, shape (n, len(rows))."""
        system, pull = self._system(items, strengths, self._gram())
        return np.asarray(pull.T @ np.linalg.solve(system, self.items[rows].T), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {"items": self.items}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "AlsModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("items",), AlsSettings)
        return cls(settings, stored.floats("items"))

    def _gram(self) -> NDArray[np.float64]:
        gram = (self.items.T @ self.items).astype(np.float64)
        gram[np.diag_indices_from(gram)] += self.settings.regularization
        return gram

    def _place(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], gram: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """The person's point: (Y'Y + Y'(C - I)Y + reg I)^-1 Y'C p."""
        if len(items) == 0:
            return np.zeros(self.items.shape[1], dtype=np.float32)
        system, pull = self._system(items, strengths, gram)
        return np.asarray(np.linalg.solve(system, pull.sum(axis=1)), dtype=np.float32)

    def _system(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], gram: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The left side, shape (f, f), and each entry's part of the right side, shape (f, n).

        A disliked entry is one that the person surely does not take: confidence without preference.
        """
        points = self.items[items].astype(np.float64)
        extra = self.settings.alpha * np.abs(strengths).astype(np.float64)
        system = gram + (points.T * extra) @ points
        return system, points.T * np.where(strengths > 0, 1.0 + extra, 0.0)

    def _rated(self) -> NDArray[np.bool_]:
        return np.asarray(self.items.any(axis=1))


def fit(log: Log, settings: AlsSettings | None = None, progress: Progress = silent) -> AlsModel:
    """Alternate between people and items; an item that nobody has stays at 0."""
    settings = settings or AlsSettings()
    if len(log) == 0:
        return AlsModel(settings, np.zeros((log.n_items, settings.factors), dtype=np.float32))
    counts = log.counts()
    scale = min(1.0, float(counts[counts > 0].mean()) / USUAL_COUNT)
    settings = replace(settings, regularization=settings.regularization * scale)
    from implicit.als import AlternatingLeastSquares

    # the library warns of, and is slowed down by, a BLAS that uses several threads
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=settings.factors,
            alpha=settings.alpha,
            regularization=settings.regularization,
            iterations=settings.iterations,
            random_state=settings.seed,
            num_threads=1,
        )
        tell: Callable[..., None] = lambda done, *_: progress(NAME, int(done) + 1, settings.iterations)  # noqa: E731
        model.fit(log.matrix(), show_progress=False, callback=tell)
    items = np.asarray(model.item_factors, dtype=np.float32)
    return AlsModel(settings, np.where(counts[:, None] > 0, items, 0.0).astype(np.float32))
