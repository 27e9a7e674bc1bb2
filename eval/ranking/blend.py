"""The blend: gradient-boosted trees (LambdaRank) over signals, mixed with the default weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.ranking.features import NAMES
from eval.ranking.rankers import DEFAULT, WeightedSum
from eval.ranking.world import Vector

if TYPE_CHECKING:
    import lightgbm

PER_SIGNAL = 60
"""How many candidates each of the leading signals proposes."""
PROPOSING: tuple[str, ...] = (
    "liked_by",
    "ease",
    "ease_user",
    "joint",
    "joint_user",
    "joint_last",
    "shared",
    "trend",
    "together",
    "together_last",
    "after",
    "recommended",
    "mentioned",
    "text_like",
    "text_best",
    "latent_best",
    "people_like",
    "people_best",
    "text_said",
    "text_last",
    "latent_said",
    "nearest",
    "kernel",
    "kernel_latent",
)
PAIRED: tuple[tuple[str, str], ...] = (
    ("kind_asked", "liked_by"),
    ("kind_asked", "mentioned"),
    ("kind_like", "mentioned"),
    ("person_asked", "liked_by"),
    ("series", "liked_by"),
    ("theme_asked", "liked_by"),
)
"""Signals that many items share, broken by popularity."""
TABLED: tuple[str, ...] = (
    "ease", "joint", "joint_last", "together", "after", "recommended", "mentioned", "liked_by", "text_best",
    "latent_best", "people_like", "text_said", "nearest", "kernel", "kernel_latent", "default",
)  # fmt: skip
"""Signals that also come as places among the candidates: what is large differs from one situation to the next."""
COLUMNS: tuple[str, ...] = (*NAMES, "default", *(f"place_{name}" for name in TABLED))


def candidates(table: NDArray[np.float32], known: frozenset[int]) -> NDArray[np.int64]:
    """Rows that lead in some signal, ascending; nothing that came up before.

    Args:
        table: The signals of one situation, shape (n_items, len(NAMES)).
        known: Rows that are not offered.
    """
    at = {name: place for place, name in enumerate(NAMES)}
    popular = table[:, at["liked_by"]] + table[:, at["mentioned"]]
    columns = [table[:, at[name]] for name in PROPOSING]
    columns += [table[:, at[one]] * (1 + table[:, at[other]]) for one, other in PAIRED]
    columns.append(WeightedSum("default", DEFAULT).score(table))
    blocked = np.fromiter(known, dtype=np.int64, count=len(known))
    found = np.zeros(len(table), dtype=np.bool_)
    for column in columns:
        scores = column + 1e-6 * popular
        scores[blocked] = -np.inf
        k = min(PER_SIGNAL, len(scores))
        top = np.argpartition(-scores, k - 1)[:k]
        found[top[scores[top] > 1e-4]] = True
    return np.flatnonzero(found)


def columns_of(table: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The model's input for some candidates, shape (len(rows), len(COLUMNS))."""
    default = WeightedSum("default", DEFAULT).score(table)[rows]
    values = np.column_stack([table[rows], default])
    names = (*NAMES, "default")
    places = [_places(values[:, names.index(name)]) for name in TABLED]
    return np.column_stack([values, *places]).astype(np.float32)


def _places(values: Vector) -> Vector:
    """The logarithm of each value's place from 1, the largest first; equal values share the best place."""
    ordered = np.sort(-values)
    return np.log(1 + np.searchsorted(ordered, -values, side="left")).astype(np.float32)


@dataclass(frozen=True)
class Blend:
    """The trees, and how much they count beside the default."""

    trees: "tuple[lightgbm.Booster, ...]"
    """Grown with different seeds; their scores are averaged."""
    share: float
    """From 0 (the default alone) to 1 (the trees alone)."""
    name: str = "blend"

    def rank(self, table: NDArray[np.float32], known: frozenset[int]) -> Vector:
        """A score per item, shape (n_items,); items that are no candidates follow in the order of the default."""
        default = WeightedSum("default", DEFAULT).score(table)
        if not self.trees or self.share == 0:
            return default
        rows = candidates(table, known)
        lowest = float(default.max() - default.min()) + 10.0
        scores = default - lowest
        if len(rows):
            columns = columns_of(table, rows)
            learned = predict(self.trees, columns)
            scores[rows] = mixed(learned, columns[:, COLUMNS.index("default")], self.share) + 100.0
        return np.asarray(scores, dtype=np.float32)


def predict(trees: "Sequence[lightgbm.Booster]", columns: NDArray[np.float32]) -> Vector:
    """The trees' mean scores of some candidates."""
    scores = [np.asarray(one.predict(columns, num_threads=1)) for one in trees]
    return np.asarray(np.mean(scores, axis=0), dtype=np.float32)


def mixed(learned: Vector, default: Vector, share: float) -> Vector:
    """Two scores of the same candidates brought to one scale (mean 0, deviation 1) and summed by share."""
    return np.asarray(share * standard(learned) + (1 - share) * standard(default), dtype=np.float32)


def standard(values: Vector) -> Vector:
    """Brought to mean 0 and deviation 1; all alike stay alike."""
    deviation = float(values.std())
    return np.asarray((values - values.mean()) / (deviation or 1.0), dtype=np.float32)
