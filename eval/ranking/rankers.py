"""Rankers: from a situation to the catalog's rows, best first. All but the blend are fixed weights on the signals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.ranking.features import NAMES
from eval.ranking.reading import Situation
from eval.ranking.world import Vector

DEFAULT: dict[str, float] = {
    "liked_by": 1.3,
    "liked_share": 0.5,
    "newness": 1.7,
    "ease": 0.45,
    "ease_last": 1.1,
    "text_like": 0.65,
    "latent_like": 1.5,
    "latent_best": 0.6,
    "series": 0.1,
    "people_like": 0.55,
    "people_best": 0.5,
    "kind_like": 0.25,
    "kind_best": 0.2,
    "theme_like": 1.1,
    "kind_asked": 1.1,
    "kind_last": 0.25,
    "kind_refused": -0.1,
    "person_asked": 1.9,
    "person_last": 0.2,
    "theme_asked": 0.2,
    "limits_kept": 2.0,
    "text_said": 1.4,
}
"""What each signal counts where nothing was learned from dialogues.

Signals are scaled by their largest value in the situation. Found by maximizing the likelihood of what was recommended
in the tuning part of ReDial's validation set (softmax over candidates, signs bound), rounded.
"""
LEARNED_POPULARITY: dict[str, float] = {"ease": 1.0, "recommended": 0.5, "liked_by": 0.05}
CONTENT: dict[str, float] = {
    "text_best": 0.5,
    "latent_best": 0.5,
    "people_best": 0.4,
    "kind_like": 0.3,
    "series": 0.3,
    "kind_asked": 0.5,
    "person_asked": 0.8,
    "theme_asked": 0.2,
    "text_said": 0.5,
    "kind_refused": -0.2,
}
SYSTEMS: dict[str, dict[str, float]] = {
    "default": DEFAULT,
    "popularity": {"liked_by": 1.0},
    "cf": {"ease": 1.0, "liked_by": 1e-3},
    "content": CONTENT,
    "cf+popularity": LEARNED_POPULARITY,
}
"""The systems that are a weighted sum of signals."""
NEEDS_DIALOGUES = ("cf+popularity",)
"""Those of them that count popularity in recorded dialogues."""


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Signals, each scaled by its largest value in the situation, times weights."""

    name: str
    weights: Mapping[str, float]

    def score(self, table: NDArray[np.float32]) -> Vector:
        """The weighted sum."""
        columns = [NAMES.index(name) for name in self.weights]
        weights = np.asarray(list(self.weights.values()), dtype=np.float32)
        part = table[:, columns]
        largest = np.abs(part).max(axis=0)
        return np.asarray((part / np.where(largest > 0, largest, 1)) @ weights, dtype=np.float32)


def best_rows(scores: Vector, situation: Situation, k: int) -> list[tuple[int, float]]:
    """The best rows with their scores, without what came up before; equal scores keep the catalog's order."""
    offered = scores.astype(np.float64)
    offered[list(situation.known)] = -np.inf
    k = min(k, len(offered))
    top = np.argpartition(-offered, k - 1)[:k] if k < len(offered) else np.arange(len(offered))
    order = top[np.lexsort((top, -offered[top]))]
    return [(int(row), float(offered[row])) for row in order if np.isfinite(offered[row])]
