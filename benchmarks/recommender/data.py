"""MovieLens-100k exactly as its files hold it: 943 people, 1,682 films, 100,000 ratings.

The demo's catalog leaves out the one film without a title and adds newer films; for figures that compare with others'
the item set is the rated films, all of them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from retrieval.artifacts import default_cache, ensure_movielens
from retrieval.datasets import Dataset, load_movielens
from retrieval.datasets.dataset import Interactions
from retrieval.datasets.movielens import stars_to_weight
from retrieval.items import Catalog, Item
from retrieval.models.log import Log

PREFIX = "ml100k:"
NAMELESS = Item(f"{PREFIX}267", "unknown")
"""The film without a title; nine people rated it."""
POSITIVE = float(stars_to_weight(np.asarray([4.0], dtype=np.float32))[0])
"""The weight of four stars."""


@dataclass(frozen=True, slots=True)
class Data:
    """The ratings as a log, and the same as a dataset whose catalog rows are the log's items."""

    log: Log
    dataset: Dataset


def movielens(folder: Path | None = None) -> Data:
    """Read the ratings; they are fetched where the cache lacks them.

    Args:
        folder: Holds the files `ml-100k.*`; the cache's where none is given.
    """
    folder = folder or ensure_movielens(default_cache())
    known = load_movielens(folder)
    rated = tuple(item for item in known.catalog if item.item_id.startswith(PREFIX))
    catalog = Catalog(known.catalog.schema, (*rated, NAMELESS))
    dataset = Dataset(catalog, _interactions(folder / "ml-100k.inter", catalog), known.triples)
    return Data(Log.of_dataset(dataset), dataset)


def first_items(data: Data, n: int) -> Data:
    """The same with the first `n` items only, for tests."""
    catalog = Catalog(data.dataset.catalog.schema, data.dataset.catalog.items[:n])
    before = data.dataset.interactions
    kept = before.rows < n
    columns = (before.users[kept], before.rows[kept], before.weights[kept], before.timestamps[kept])
    interactions = Interactions(before.user_ids, before.item_ids[:n], *columns)
    dataset = replace(data.dataset, catalog=catalog, interactions=interactions)
    return Data(Log.of_dataset(dataset), dataset)


def _interactions(path: Path, catalog: Catalog) -> Interactions:
    """All ratings in reading order, users numbered as they come."""
    with path.open(encoding="utf-8") as file:
        next(file)
        rows = [line.rstrip("\n").split("\t") for line in file]
    users = tuple(dict.fromkeys(row[0] for row in rows))
    position = {user: at for at, user in enumerate(users)}
    return Interactions(
        tuple(f"{PREFIX}{user}" for user in users),
        tuple(item.item_id for item in catalog),
        np.asarray([position[row[0]] for row in rows], dtype=np.int32),
        catalog.rows(f"{PREFIX}{row[1]}" for row in rows).astype(np.int32),
        stars_to_weight(np.asarray([float(row[2]) for row in rows], dtype=np.float32)),
        np.asarray([float(row[3]) for row in rows], dtype=np.float64),
    )
