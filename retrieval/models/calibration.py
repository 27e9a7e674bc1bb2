"""Scores of different models made comparable before they meet: per person, over the items that are still open.

Three views of one score: how far above that person's usual score it lies (`standardize`), its place (`places`), and
its share of all attention (`shares`).
"""

import numpy as np
from numpy.typing import NDArray

HIGHEST = 12.0
"""In standard deviations: a far outlier says no more than this."""


def standardize(scores: NDArray[np.floating], open_items: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each person's scores in standard deviations above the mean of what is open and scored.

    Args:
        scores: Shape (n_profiles, n_items); -inf where a model cannot tell.
        open_items: Which items count for mean and deviation, the same shape.

    Returns:
        The same shape, at most `HIGHEST` in size. Where the model cannot tell: the lowest value of that person among
        open items, so that not knowing is never better than knowing; 0 where it can tell nothing at all, or tells all
        items the same.
    """
    values = np.asarray(scores, dtype=np.float32)
    finite = np.isfinite(values)
    counted = finite & open_items
    filled = np.where(finite, values, 0.0)
    n = np.maximum(counted.sum(axis=1, keepdims=True), 1)
    mean = np.sum(filled, axis=1, keepdims=True, dtype=np.float64, where=counted) / n
    centered = filled - mean.astype(np.float32)
    deviation = np.sqrt(np.sum(centered**2, axis=1, keepdims=True, dtype=np.float64, where=counted) / n)
    flat = deviation <= 1e-6 * np.abs(mean) + 1e-12
    scale = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, deviation)).astype(np.float32)
    calibrated = np.clip(centered * scale, -HIGHEST, HIGHEST)
    lowest = np.min(calibrated, axis=1, keepdims=True, initial=np.inf, where=counted)
    lowest = np.where(np.isfinite(lowest), lowest, 0.0)
    return np.where(finite, calibrated, lowest).astype(np.float32)


def places(
    calibrated: NDArray[np.floating], open_items: NDArray[np.bool_], chosen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """How many open items score higher than some chosen ones, shape and order of `chosen`; equal ones do not count.

    Args:
        calibrated: Finite scores, shape (n_profiles, n_items).
        open_items: Which items are counted, the same shape.
        chosen: Rows of items, shape (n_profiles, n_chosen).
    """
    ordered = np.sort(np.where(open_items, -calibrated, np.inf), axis=1)
    asked = np.take_along_axis(-calibrated, chosen, axis=1)
    positions = [np.searchsorted(line, wanted, side="left") for line, wanted in zip(ordered, asked, strict=True)]
    return np.asarray(positions, dtype=np.float32).reshape(chosen.shape)


def shares(calibrated: NDArray[np.floating], *, temperature: float = 1.0) -> NDArray[np.float32]:
    """Softmax over the last axis: non-negative, summing to 1."""
    scaled = np.asarray(calibrated, dtype=np.float64) / temperature
    if scaled.shape[-1] == 0:
        return scaled.astype(np.float32)
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)
