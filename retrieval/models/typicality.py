"""How typical each item is of each value that it has: whether everything else that is known of it says the value, too.

A war film is one about war; one that has the word among five others, and otherwise looks like an adventure, is less so.
Knows nothing of any domain: a ridge regression guesses each value from descriptions, other values and who likes what.
Where the catalog says how much an item has of a value, that comes first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from threadpoolctl import threadpool_limits

from retrieval.channels.ratings import read_ratings
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.items import Catalog
from retrieval.knowledge import holdings
from retrieval.models import content
from retrieval.resources import Progress, load_arrays, require, save_arrays, silent, writing
from retrieval.settings import RetrievalSettings
from retrieval.vectors import built_vectors

NAME = "typicality"
WHAT = "table of what is typical"
LEAST = 8
"""A value that fewer items have is not learned: each of them is as typical as the next."""
VALUES, LIKES = 96, 48
"""Directions into which other values, and people's likes, are pressed."""
RIDGE = 0.05
"""Of the mean square of a feature, times the number of items."""
SURE = 20.0
"""In items: where so many have a value, half of what was learned of them counts."""
MAIN, OTHER, SLIGHT = (2 / 3, 1.0), (1 / 3, 2 / 3), (0.0, 1 / 3)
"""Between what the values of an item lie where some of them are stated to be main or slight."""
BLOCK = 256
"""Values that are guessed at once."""


class Typicality:
    """From 0 to 1 by item and value; one half where nothing was learned."""

    def __init__(self, catalog: Catalog, typical: NDArray[np.float32]) -> None:
        holds, names = holdings(catalog)
        if typical.shape != holds.data.shape:
            raise ValueError(f"expected a value for each of the catalog's {holds.nnz}, found {typical.shape}")
        self._by_value = csr_matrix((typical, holds.indices, holds.indptr), shape=holds.shape).tocsc()
        self._columns = {(field, value.casefold()): place for place, (field, value) in enumerate(names)}

    def of(self, field: str, value: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows that have a value, and how typical each is of it, from 0 to 1."""
        column = self._columns.get((field, value.casefold()))
        if column is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        span = slice(*self._by_value.indptr[column : column + 2])
        return self._by_value.indices[span].astype(np.int64), self._by_value.data[span]


def build_typicality(
    dataset: Dataset,
    settings: RetrievalSettings,
    progress: Progress = silent,
    *,
    vectors: NDArray[np.float32] | None = None,
) -> None:
    """Learn it and write it under data_dir/typicality; without `vectors` it reads those that are built there."""
    progress(NAME, 0, 1)
    vectors = vectors if vectors is not None else built_vectors(dataset.catalog, settings)
    with threadpool_limits(limits=1, user_api="blas"):  # the matrices are small: threads would wait for each other
        typical = fit(dataset.catalog, vectors, read_ratings(dataset).likes())
    with writing(settings.data_dir / NAME, dataset.fingerprint) as folder:
        save_arrays(folder, {"typical": typical.astype(np.float16)})
    progress(NAME, 1, 1)


def open_typicality(dataset: Dataset, settings: RetrievalSettings) -> Typicality:
    """Load what `build_typicality` wrote.

    Raises:
        IndexMissingError: It is absent, damaged, or made for other data.
    """
    folder = settings.data_dir / NAME
    require(folder, dataset.fingerprint, WHAT)
    typical = load_arrays(folder, WHAT, ("typical",))["typical"].astype(np.float32)
    try:
        return Typicality(dataset.catalog, typical)
    except ValueError as error:
        raise IndexMissingError(f"{WHAT} ({error})", path=str(folder)) from error


def fit(catalog: Catalog, vectors: NDArray[np.float32] | None, likes: csr_matrix) -> NDArray[np.float32]:
    """How typical each item is of each value that it has.

    Args:
        catalog: The items.
        vectors: Of their descriptions, shape (n_items, d); None where there are none.
        likes: 1 where a person likes an item, shape (n_people, n_items).

    Returns:
        From 0 to 1, in the order of the entries of `holdings(catalog)`.
    """
    holds, names = holdings(catalog)
    people = {spec.name for spec in catalog.schema.fields if spec.people}
    fields = np.asarray([field for field, _ in names])
    counts = np.asarray(holds.sum(axis=0)).ravel()
    shared = [content.fit(vectors).vectors] if vectors is not None else []
    shared += [_pressed(likes.T.tocsr(), LIKES)]
    halves = np.full(len(holds.data), 0.5, dtype=np.float32)
    typical = csr_matrix((halves, holds.indices, holds.indptr), holds.shape).tocsc()
    for field in sorted({*fields.tolist()} - people):
        wanted = np.flatnonzero((fields == field) & (counts >= LEAST))
        others = _pressed(holds[:, np.flatnonzero((fields != field) & (counts > 1))], VALUES)
        told = [group for group in (*shared, others) if group.size]
        if not told or not len(wanted):
            continue
        features = np.hstack(told)
        n_others = np.maximum(np.asarray(holds[:, np.flatnonzero(fields == field)].sum(axis=1)).ravel(), 1)
        for start in range(0, len(wanted), BLOCK):
            columns = wanted[start : start + BLOCK]
            guessed = _guessed(features, holds[:, columns].toarray()) / np.sqrt(n_others)[:, None]
            for place, column in enumerate(columns.tolist()):
                span = slice(*typical.indptr[column : column + 2])
                typical.data[span] = _shares(guessed[typical.indices[span], place])
    matrix = typical.tocsr()
    matrix.sort_indices()
    low, high = _bands(catalog, matrix, names)
    return np.asarray(low + (high - low) * matrix.data, dtype=np.float32)


def _bands(
    catalog: Catalog, holds: csr_matrix, names: Sequence[tuple[str, str]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The least and the most that each entry can be, by what is stated of its item in such a field."""
    bands = np.tile(np.asarray((0.0, 1.0), dtype=np.float32), (holds.nnz, 1))
    stated = [
        {value.casefold(): band for band, values in ((SLIGHT, item.slight), (MAIN, item.main)) for value in values}
        for item in catalog
    ]
    entries = [
        (entry, field, stated[row].get(value.casefold()))
        for row in range(holds.shape[0])
        if stated[row]
        for entry in range(*holds.indptr[row : row + 2])
        for field, value in (names[holds.indices[entry]],)
    ]
    fields = {field for _, field, band in entries if band}
    for entry, field, band in entries:
        if field in fields:
            bands[entry] = band or OTHER
    return bands[:, 0], bands[:, 1]


def _guessed(features: NDArray[np.float32], has: NDArray[np.float32]) -> NDArray[np.float64]:
    """How strongly the features of each item say each value, where the item itself is left out (a ridge regression).

    Source: Allen, "The Relationship between Variable Selection and Data Augmentation", Technometrics 1974 (PRESS).
    """
    x = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    y = has.astype(np.float64) - has.mean(axis=0, dtype=np.float64)
    gram = x.T @ x
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / max(1, len(gram))
    solved = np.linalg.solve(gram, x.T)
    own = np.minimum(np.einsum("ij,ji->i", x, solved), 0.99)[:, None]
    return np.asarray((x @ (solved @ y) - own * y) / (1 - own) + has.mean(axis=0), dtype=np.float64)


def _shares(guessed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places among those that have the value, from 0 to 1, drawn to one half where they are few."""
    places = (guessed.argsort(kind="stable").argsort(kind="stable") + 0.5) / len(guessed)
    return 0.5 + (places - 0.5) * len(guessed) / (len(guessed) + SURE)


def _pressed(counts: csr_matrix, size: int) -> NDArray[np.float32]:
    """Rows of a table of counts in a few directions, rare columns weighing more; zeros for empty rows."""
    n_rows, n_columns = counts.shape
    size = min(size, n_rows - 1, n_columns - 1)
    if size < 1 or not counts.nnz:
        return np.zeros((n_rows, 0), dtype=np.float32)
    rarity = np.log(n_rows / np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1)) + 0.1
    weighed = counts.astype(np.float64) @ diags(rarity)
    lengths = np.sqrt(np.asarray(weighed.power(2).sum(axis=1)).ravel())
    weighed = diags(1 / np.maximum(lengths, 1e-9)) @ weighed
    from sklearn.utils.extmath import randomized_svd  # loads pandas, which only builds need

    left, strengths, _ = randomized_svd(weighed, size, random_state=0)
    pressed = left * strengths
    return np.asarray(pressed / np.maximum(np.linalg.norm(pressed, axis=1, keepdims=True), 1e-9), dtype=np.float32)
