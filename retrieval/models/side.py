"""A catalog's facts and descriptions as arrays: all that the models know of items beside interactions.

What a language model read out of the descriptions counts as facts, where there is such a reading.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.features.store import ItemFeatures
from retrieval.graph import item_facts
from retrieval.items import Catalog
from retrieval.models.features import ItemSide

MOOD = "mood"
"""The relation of an item to a mood that was read out of its description."""


def item_side(
    catalog: Catalog, vectors: NDArray[np.float32] | None = None, read: ItemFeatures | None = None
) -> ItemSide:
    """Read a catalog.

    Args:
        catalog: The items.
        vectors: Unit vectors of their descriptions in row order, shape (n_items, width), where there are any.
        read: Moods and themes that a language model read out of the descriptions, where there are any.
    """
    numbers = [spec.name for spec in catalog.schema.quantities if catalog.bounds(spec.name)]
    table = [[item.numbers.get(name, np.nan) for name in numbers] for item in catalog]
    array = np.asarray(table, dtype=np.float32).reshape(len(catalog), len(numbers))
    return ItemSide(_facts(catalog, read), array, vectors)


def _facts(catalog: Catalog, read: ItemFeatures | None) -> csr_matrix:
    """Values by rarity (inverse document frequency), rows scaled to length 1."""
    columns: dict[tuple[str, str], int] = {}
    held = [
        sorted({columns.setdefault((relation, value.casefold()), len(columns)) for relation, value in facts})
        for facts in ([*item_facts(item, catalog.schema), *_read(item.item_id, read)] for item in catalog)
    ]
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *map(_rows, held)]), minlength=len(columns))
    rarity = np.log((1.0 + len(catalog)) / (1.0 + counts))
    starts = np.concatenate([[0], np.cumsum([len(values) for values in held])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, np.int64), *map(_rows, held)])
    matrix = csr_matrix((rarity[indices], indices, starts), shape=(len(catalog), len(columns)), dtype=np.float32)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(starts)).astype(np.float32)
    return matrix


def _read(item_id: str, read: ItemFeatures | None) -> list[tuple[str, str]]:
    """What was read about one item, as facts."""
    if read is None or item_id not in read:
        return []
    themes = [(field, value) for field, values in read.values.get(item_id, {}).items() for value in values]
    return [*((MOOD, mood) for mood in read.moods[item_id]), *themes]


def _rows(values: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)
