"""What the catalog says of items, as the numbers that the sequence model learns to read beside who took them."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.items import Catalog
from retrieval.knowledge import holdings

LEAST_ITEMS = 8
"""A value that fewer items hold says too little."""
BINS = 16
"""Ranges of equally many items into which a number field is cut."""
MOST_VALUES, MOST_CELLS = 2000, 20_000_000
"""Only the most frequent values: so many, and fewer where the table of items and values would grow larger."""


def item_features(catalog: Catalog, texts: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Features of every item of a catalog, as `stacked` has them.

    Args:
        catalog: Whose fields are read; names of people are values like any others.
        texts: A vector per item's text, shape (n_items, dimension), where there is one.
    """
    held = holdings(catalog, least=LEAST_ITEMS)[0]
    fields = catalog.schema.quantities
    numbers = [[item.numbers.get(spec.name, np.nan) for spec in fields] for item in catalog]
    return stacked(held, np.asarray(numbers, dtype=np.float32).reshape(len(catalog), len(fields)), texts)


def stacked(
    held: csr_matrix, numbers: NDArray[np.float32], texts: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Text vectors, values and ranges of numbers side by side, each of mean square length 1 over the items.

    Args:
        held: Above 0 where an item has a value, shape (n_items, n_values).
        numbers: NaN where unknown, shape (n_items, n_numbers).
        texts: Shape (n_items, dimension).

    Returns:
        Shape (n_items, d). Zeros where nothing is known.
    """
    counts = np.asarray((held > 0).sum(axis=0)).ravel()
    most = np.argsort(-counts, kind="stable")[: min(MOST_VALUES, MOST_CELLS // max(1, len(numbers)))]
    values = np.asarray((held[:, np.sort(most[counts[most] >= LEAST_ITEMS])] > 0).todense(), dtype=np.float32)
    values /= np.sqrt(np.maximum(values.sum(axis=1, keepdims=True), 1))
    parts = [values, *(_ranges(column) for column in numbers.T)]
    if texts is not None:
        parts.insert(0, texts)
    return np.hstack([_scaled(part) for part in parts]).astype(np.float32)


def _ranges(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """One indicator per range of a number; none where it is unknown. Shape (n_items, n_ranges)."""
    known = ~np.isnan(numbers)
    limits = np.unique(np.quantile(numbers[known], np.arange(1, BINS) / BINS)) if known.any() else numbers[:0]
    ranges = np.zeros((len(numbers), len(limits) + 1), dtype=np.float32)
    ranges[np.flatnonzero(known), np.searchsorted(limits, numbers[known])] = 1
    return ranges


def _scaled(part: NDArray[np.float32]) -> NDArray[np.float32]:
    square = float((part**2).sum(axis=1).mean()) if part.size else 0.0
    return np.asarray(part / np.sqrt(square) if square > 0 else part, dtype=np.float32)
