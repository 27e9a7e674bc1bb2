"""What the catalog says of items, as the numbers that the sequence model learns to read beside who took them."""

import numpy as np
from numpy.typing import NDArray

from retrieval.items import Catalog
from retrieval.knowledge import holdings
from retrieval.schema import FieldKind

LEAST_ITEMS = 8
"""A value that fewer items hold says too little."""
BINS = 16
"""Ranges of equally many items into which a number field is cut."""
MOST_VALUES = 2000
"""Only the most frequent values."""


def item_features(catalog: Catalog, texts: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Features of every item.

    Args:
        catalog: Whose fields are read; names of people are values like any others.
        texts: A vector per item's text, shape (n_items, dimension), where there is one.

    Returns:
        Shape (n_items, d): text vectors, values of categories and entities, ranges of numbers; each of the three of
        mean square length 1 over the items. Zeros where nothing is known.
    """
    held = holdings(catalog, least=LEAST_ITEMS)[0].tocsc()
    most = np.argsort(-np.diff(held.indptr), kind="stable")[:MOST_VALUES]
    values = np.asarray(held[:, np.sort(most)].todense(), dtype=np.float32)
    values /= np.sqrt(np.maximum(values.sum(axis=1, keepdims=True), 1))
    parts = [values, *_numbers(catalog)]
    if texts is not None:
        parts.insert(0, texts)
    return np.hstack([_scaled(one) for one in parts]).astype(np.float32)


def _numbers(catalog: Catalog) -> list[NDArray[np.float32]]:
    """One indicator per range of each number field; none where the number is unknown."""
    found = []
    for spec in catalog.schema.of_kind(FieldKind.NUMBER):
        numbers = np.asarray([item.numbers.get(spec.name, np.nan) for item in catalog], dtype=np.float64)
        known = ~np.isnan(numbers)
        if not known.any():
            continue
        limits = np.unique(np.quantile(numbers[known], np.arange(1, BINS) / BINS))
        column = np.zeros((len(numbers), len(limits) + 1), dtype=np.float32)
        column[np.flatnonzero(known), np.searchsorted(limits, numbers[known])] = 1
        found.append(column)
    return found


def _scaled(part: NDArray[np.float32]) -> NDArray[np.float32]:
    square = float((part**2).sum(axis=1).mean()) if part.size else 0.0
    return np.asarray(part / np.sqrt(square) if square > 0 else part, dtype=np.float32)
