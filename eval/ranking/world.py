"""What is known of the items without any dialogue: fields, texts, and who rated what. Built once for a run."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from eval.ranking.text import TextIndex, terms
from eval.reading.words import stem, words_of
from retrieval.datasets import Dataset
from retrieval.items import Catalog, Item
from retrieval.schema import FieldKind
from retrieval.titles import normalize_title

Vector = NDArray[np.float32]
LATENT = 96
"""Dimensions of the latent space of texts."""
DENSE = 64
"""Up to this size a matrix is decomposed whole."""
LIKED = 0.1
"""A weight above this counts as a like (on a scale of -1 to 1)."""
LEAST_LIKES = 3
"""Items with fewer likes have no place in the item-item model."""
RIDGE = 150.0
HALF_LIFE_S = 3 * 365.25 * 86_400
"""After this long a like counts half for what is timely."""


@dataclass(frozen=True)
class World:
    """Arrays over the catalog's rows."""

    catalog: Catalog
    text: TextIndex
    latent: Vector
    """Texts in a latent space, rows of unit length, shape (n_items, LATENT or less)."""
    fields: dict[str, csr_matrix]
    """Category and entity fields: item x value, weighted by rarity, rows of unit length."""
    values: dict[tuple[str, str], int]
    """(field, value casefolded) -> column in its matrix."""
    holders: dict[str, csr_matrix]
    """The transposed 0/1 matrices: value x item."""
    year: Vector
    """Calendar year; the mean where unknown."""
    newness: Vector
    """The share of dated items that are older, from 0 to 1; one half where unknown."""
    series: NDArray[np.int64]
    """Items whose titles begin alike ('Alien', 'Aliens 3', 'Alien: ...') share a number."""
    likes: csr_matrix
    """User x item, 1 for a like."""
    popularity: Vector
    """How many users like each item."""
    trend: Vector
    """The same with likes fading over time; all alike where times are unknown."""
    quality: Vector
    """The share of its raters who like it, drawn towards the mean."""
    ease: "ItemWeights"

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.catalog)


@dataclass(frozen=True)
class ItemWeights:
    """An item-item model over some of the rows."""

    rows: NDArray[np.int64]
    """Catalog rows with a place, shape (n,)."""
    places: NDArray[np.int64]
    """Place by catalog row, -1 without, shape (n_items,)."""
    weights: Vector
    """Weight of having the first for the second, shape (n, n), zero diagonal."""

    def score(self, rows: NDArray[np.int64], strength: Vector | None = None) -> Vector:
        """The summed weights of some rows, shape (n_items,); 0 where the model knows nothing."""
        found = np.zeros(len(self.places), dtype=np.float32)
        places = self.places[rows]
        has = places >= 0
        if has.any():
            given = np.ones(len(rows), dtype=np.float32) if strength is None else strength
            found[self.rows] = given[has] @ self.weights[places[has]]
        return found


def fit_ease(matrix: csr_matrix, rows: NDArray[np.int64], *, ridge: float = RIDGE) -> ItemWeights:
    """EASE over some columns of a user x item matrix, in closed form.

    Source: Steck, WWW 2019, doi:10.1145/3308558.3313710.
    """
    places = np.full(matrix.shape[1], -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    part = matrix[:, rows]
    gram = np.asarray((part.T @ part).todense(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += ridge
    inverse = np.linalg.inv(gram) if len(rows) else gram
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return ItemWeights(rows, places, weights.astype(np.float32))


def build_world(dataset: Dataset) -> World:
    """Everything that holds for a catalog and its interactions."""
    catalog = dataset.catalog
    text = TextIndex.of([item_terms(item) for item in catalog])
    names = [
        spec.name
        for kind in (FieldKind.CATEGORY, FieldKind.ENTITY)
        for spec in catalog.schema.of_kind(kind)
        if catalog.values(spec.name)
    ]
    values = {
        (name, value): column
        for name in names
        for column, value in enumerate(dict.fromkeys(one.casefold() for one in catalog.values(name)))
    }
    holders = {name: _holders(catalog, name, values) for name in names}
    years = np.asarray([item.numbers.get("year", np.nan) for item in catalog], dtype=np.float32)
    newness = _newness(years)
    years = np.nan_to_num(years, nan=float(np.nanmean(years)) if not np.isnan(years).all() else 0.0)
    likes, popularity, trend, quality = _likes(dataset)
    rows = np.flatnonzero(popularity >= LEAST_LIKES).astype(np.int64)
    return World(
        catalog=catalog,
        text=text,
        latent=latent_space(text.matrix),
        fields={name: _weighted(matrix) for name, matrix in holders.items()},
        values=values,
        holders=holders,
        year=years,
        newness=newness,
        series=_series(catalog),
        likes=likes,
        popularity=popularity,
        trend=trend,
        quality=quality,
        ease=fit_ease(likes, rows),
    )


def item_terms(item: Item) -> list[str]:
    """The words that an item is found by: its text, its values, and its title."""
    values = " ".join(value for found in item.values.values() for value in found)
    return terms(f"{item.title} {item.text} {values}")


def _holders(catalog: Catalog, name: str, values: dict[tuple[str, str], int]) -> csr_matrix:
    pairs = {
        (values[name, value.casefold()], row) for row, item in enumerate(catalog) for value in item.values.get(name, ())
    }
    columns, rows = zip(*sorted(pairs), strict=True) if pairs else ((), ())
    n_values = 1 + max((column for (field, _), column in values.items() if field == name), default=-1)
    ones = np.ones(len(rows), dtype=np.float32)
    return csr_matrix((ones, (columns, rows)), shape=(n_values, len(catalog)), dtype=np.float32)


def _weighted(holders: csr_matrix) -> csr_matrix:
    """Item x value with rare values weighing more, rows of unit length."""
    counts = np.asarray(holders.sum(axis=1)).ravel()
    rarity = np.log((1 + holders.shape[1]) / (1 + counts))
    matrix = csr_matrix(holders.T @ diags(rarity))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(diags(1 / np.where(norms > 0, norms, 1)) @ matrix, dtype=np.float32)


def latent_space(matrix: csr_matrix) -> Vector:
    """Rows in the space of the strongest singular vectors, rows of unit length.

    Source: Deerwester et al., JASIS 1990, "Indexing by latent semantic analysis".
    """
    from scipy.sparse.linalg import svds

    k = min(LATENT, min(matrix.shape) - 1)
    if k < 1 or not matrix.nnz:
        return np.zeros((matrix.shape[0], 1), dtype=np.float32)
    if min(matrix.shape) <= DENSE:
        left, strength, _ = np.linalg.svd(matrix.toarray().astype(np.float64), full_matrices=False)
        left, strength = left[:, :k], strength[:k]
    else:
        start = np.random.default_rng(0).standard_normal(min(matrix.shape))
        left, strength, _ = svds(matrix.astype(np.float64), k=k, v0=start)
    vectors = left * strength
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)


def _likes(dataset: Dataset) -> tuple[csr_matrix, Vector, Vector, Vector]:
    table = dataset.interactions
    n_users, n_items = len(table.user_ids), len(dataset.catalog)
    liked = np.asarray(table.weights) > LIKED
    users, rows = np.asarray(table.users)[liked], np.asarray(table.rows)[liked]
    matrix = csr_matrix((np.ones(len(rows), dtype=np.float32), (users, rows)), shape=(n_users, n_items))
    likes = np.bincount(rows, minlength=n_items).astype(np.float32)
    raters = np.bincount(np.asarray(table.rows), minlength=n_items).astype(np.float32)
    mean = float(liked.mean()) if len(liked) else 0.0
    times = np.asarray(table.timestamps, dtype=np.float64)[liked]
    fading = 0.5 ** ((times.max() - times) / HALF_LIFE_S) if len(times) and (times > 0).all() else np.ones(len(times))
    trend = np.bincount(rows, weights=fading, minlength=n_items)
    quality = (likes + 10 * mean) / (raters + 10)
    return matrix, likes, trend.astype(np.float32), quality.astype(np.float32)


def _newness(years: Vector) -> Vector:
    known = np.sort(years[~np.isnan(years)])
    share = np.searchsorted(known, years, side="left") / max(1, len(known))
    return np.where(np.isnan(years), 0.5, share).astype(np.float32)


def _series(catalog: Catalog) -> NDArray[np.int64]:
    """A number per item; titles that begin with the same words and then count or part with a colon share one."""
    names: dict[str, int] = {}
    numbers = []
    for item in catalog:
        head = re.split(r"[:–—]| - ", item.title)[0]
        words = [stem(word) for word in words_of(normalize_title(head))]
        while len(words) > 1 and re.fullmatch(r"\d{1,2}|ii|iii|iv|v|vi|part|vol|volume|chapter", words[-1]):
            words = words[:-1]
        numbers.append(names.setdefault(" ".join(words), len(names)))
    return np.asarray(numbers, dtype=np.int64)
