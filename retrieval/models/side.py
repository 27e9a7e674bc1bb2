"""A catalog's facts and descriptions as arrays: all that the models know of items beside interactions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.graph import item_facts
from retrieval.items import Catalog
from retrieval.models.features import ItemSide
from retrieval.schema import FieldKind


def item_side(catalog: Catalog, vectors: NDArray[np.float32] | None = None) -> ItemSide:
    """Read a catalog.

    Args:
        catalog: The items.
        vectors: Unit vectors of their descriptions in row order, shape (n_items, width), where there are any.
    """
    numbers = [spec.name for spec in catalog.schema.of_kind(FieldKind.NUMBER)]
    table = [[item.numbers.get(name, np.nan) for name in numbers] for item in catalog]
    array = np.asarray(table, dtype=np.float32).reshape(len(catalog), len(numbers))
    return ItemSide(_facts(catalog), array, vectors)


def _facts(catalog: Catalog) -> csr_matrix:
    """Values by rarity (inverse document frequency), rows scaled to length 1."""
    columns: dict[tuple[str, str], int] = {}
    held = [
        sorted({columns.setdefault((relation, value.casefold()), len(columns)) for relation, value in facts})
        for facts in (item_facts(item, catalog.schema) for item in catalog)
    ]
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *map(_rows, held)]), minlength=len(columns))
    rarity = np.log((1.0 + len(catalog)) / (1.0 + counts))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in held])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, np.int64), *map(_rows, held)])
    matrix = csr_matrix((rarity[indices], indices, starts), shape=(len(catalog), len(columns)), dtype=np.float32)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(starts)).astype(np.float32)
    return matrix


def _rows(values: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)
