"""Two groups of items held against each other: what "more of these or more of those?" asks of a taste.

Knows a taste model and rows only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import TINY, Floats, TasteModel

HINT = 0.3
"""What words leave open, as a share of the variance among strangers, beside what people do not know of themselves."""
REACH = 1.2
"""So many standard deviations among strangers does an answer turn the taste."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where the one group lies as seen from the other."""

    along: Floats
    """The direction of taste that prefers the one to the other, shape (width,)."""
    answer: float
    """How far along it an answer says that the taste lies, > 0."""
    noise: float
    """The variance of an answer."""


def compare(model: TasteModel, one: NDArray[np.int64], other: NDArray[np.int64]) -> Comparison | None:
    """Hold two groups of rows against each other; None where nothing sets them apart.

    A group is weighed by what an average person answers to it, so that a large or popular one is not preferred for
    its size; people read their own taste from what they know of it, so a group of few answers is a vague one.
    """
    along = lift(model, one) - lift(model, other)
    variance = float(along @ model.strangers @ along)
    if variance <= TINY:
        return None
    return Comparison(
        along, REACH * float(np.sqrt(variance)), HINT * variance + _vague(model, one) + _vague(model, other)
    )


def _total(model: TasteModel, rows: NDArray[np.int64]) -> float:
    return max(TINY, float(model.base[rows].sum()))


def lift(model: TasteModel, rows: NDArray[np.int64]) -> Floats:
    """Where a group lies, beside what an average person answers to it, shape (width,)."""
    mean_features: Floats = model.features[rows].sum(axis=0) / _total(model, rows)
    return mean_features


def _vague(model: TasteModel, rows: NDArray[np.int64]) -> float:
    return float((model.noise[rows] + model.doubt[rows]).sum()) / _total(model, rows) ** 2
