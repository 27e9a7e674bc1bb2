"""The plain ways to fuse calibrated scores: a weighted sum with learned weights, and voting by places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.models.features import Features
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

WEIGHTED, RECIPROCAL_RANK, VOTES = "weighted", "reciprocal_rank", "votes"
WHAT = "weighted fusion"
DAMPING = 20.0
"""In places, for reciprocal ranks."""
USUAL: Mapping[str, float] = {"ease": 0.5, "transitions": 0.35, "sessions": 0.3, "sequence": 0.3, "lightgcn": 0.1}
"""Weights where there is nothing to learn them from; `OTHERS` for every other member."""
OTHERS = 0.05


@dataclass(frozen=True, slots=True)
class WeightSettings:
    """How weights are learned."""

    pull: float = 20.0
    """How strongly weights are drawn towards `USUAL`, in examples per squared unit."""
    steps: int = 200


@dataclass(frozen=True, slots=True)
class WeightedModel:
    """A weight per member."""

    settings: WeightSettings
    members: tuple[str, ...]
    weights: NDArray[np.float32]
    """Shape (n_members,), >= 0."""

    @property
    def name(self) -> str:
        """The name of this strategy."""
        return WEIGHTED

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Scores of the candidates, shape (n, m)."""
        return np.asarray(features.values[..., : len(self.weights)] @ self.weights, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the weights into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights, "members": np.asarray(self.members, dtype=np.str_)}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "WeightedModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("weights", "members"), WeightSettings)
        members = tuple(str(name) for name in stored.arrays["members"])
        return cls(settings, members, stored.floats("weights"))


def usual_weights(members: Sequence[str]) -> WeightedModel:
    """The weighted sum where there is nothing to learn from."""
    weights = np.asarray([USUAL.get(name, OTHERS) for name in members], dtype=np.float32)
    return WeightedModel(WeightSettings(), tuple(members), weights)


def fit_weights(
    features: Features,
    taken: NDArray[np.bool_],
    settings: WeightSettings | None = None,
    progress: Progress = silent,
) -> WeightedModel:
    """Choose the weights under which what was taken is most likely among the candidates (multinomial logit).

    Args:
        features: Candidates of some people, n x m of them.
        taken: Which candidate was taken next, one per line, shape (n, m).
        settings: How to learn.
        progress: Told at the end.
    """
    from scipy.optimize import minimize

    settings = settings or WeightSettings()
    scores = features.values[..., : len(features.members)].astype(np.float64)
    start = usual_weights(features.members).weights.astype(np.float64)
    chosen = scores[taken]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total = scores @ weights
        raised = np.exp(total - total.max(axis=1, keepdims=True))
        shares = raised / raised.sum(axis=1, keepdims=True)
        apart = weights - start
        likely = np.log(np.maximum(shares[taken], 1e-12)).sum()
        slope = np.einsum("nm,nmf->f", shares, scores) - chosen.sum(axis=0)
        return float(-likely + settings.pull * apart @ apart), slope + 2.0 * settings.pull * apart

    bounds = [(0.0, None)] * len(start)
    fitted = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": settings.steps})
    progress(WEIGHTED, 1, 1)
    return WeightedModel(settings, features.members, np.asarray(fitted.x, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class VotingModel:
    """Members vote with their places; scores do not count."""

    members: tuple[str, ...]
    weights: NDArray[np.float32]
    """How much each member's vote counts, shape (n_members,)."""
    kind: str = RECIPROCAL_RANK

    @property
    def name(self) -> str:
        """'reciprocal_rank' or 'votes'."""
        return self.kind

    def rank(self, features: Features) -> NDArray[np.float32]:
        """Points of the candidates, shape (n, m).

        Source of reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114; votes
        are Borda's count.
        """
        n_members, m = len(self.members), features.rows.shape[1]
        scores = features.values[..., :n_members]
        places = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
        points = (m - places) / max(1, m) if self.kind == VOTES else 1.0 / (DAMPING + places)
        return np.asarray(points @ self.weights, dtype=np.float32)
