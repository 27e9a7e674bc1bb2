"""The facts of a catalog as arrays: which item holds which value, and triples of numbered entities for embeddings."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.datasets import Dataset
from retrieval.graph import item_facts
from retrieval.items import Catalog


@dataclass(frozen=True, slots=True)
class TripleTable:
    """Statements about entities; the first `n_items` entities are the catalog's rows."""

    heads: NDArray[np.int64]
    relations: NDArray[np.int64]
    tails: NDArray[np.int64]
    n_items: int
    n_entities: int
    n_relations: int

    def __len__(self) -> int:
        return len(self.heads)


def holdings(catalog: Catalog, *, least: int = 1) -> tuple[csr_matrix, list[tuple[str, str]]]:
    """Which items hold which values.

    Args:
        catalog: The items.
        least: Values that fewer items hold are left out.

    Returns:
        1 where an item holds a value, shape (n_items, n_values), and each value's relation and name; spellings that
        differ in case alone are one value.
    """
    names: list[tuple[str, str]] = []
    places: dict[tuple[str, str], int] = {}
    held: set[tuple[int, int]] = set()
    for row, item in enumerate(catalog):
        for relation, value in item_facts(item, catalog.schema):
            key = (relation, value.casefold())
            if key not in places:
                places[key] = len(names)
                names.append((relation, value))
            held.add((row, places[key]))
    pairs = np.asarray(sorted(held), dtype=np.int64).reshape(-1, 2)
    ones = np.ones(len(pairs), dtype=np.float32)
    matrix = csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(catalog), len(names)))
    kept = np.flatnonzero(np.bincount(pairs[:, 1], minlength=len(names)) >= least)
    return matrix[:, kept], [names[place] for place in kept.tolist()]


def triple_table(dataset: Dataset, *, least: int = 2) -> TripleTable:
    """The catalog's facts and the dataset's statements; entities that occur fewer than `least` times are left out.

    Of a statement and its inverse ("films of this genre") one is enough: statements are turned so that an item is the
    head where there is one, and equal pairs under relations that hold the same pairs remain harmless repeats.
    """
    catalog = dataset.catalog
    facts = [(item.item_id, *fact) for item in catalog for fact in item_facts(item, catalog.schema)]
    stated = {(item_id, f"catalog {relation}", f"{relation} {value.casefold()}") for item_id, relation, value in facts}
    for head, relation, tail in dataset.triples:
        turned = head not in catalog and tail in catalog
        stated.add((tail, f"inverse {relation}", head) if turned else (head, relation, tail))
    uses = Counter(entity for head, _, tail in stated for entity in (head, tail))
    kept = sorted(triple for triple in stated if all(uses[e] >= least or e in catalog for e in (triple[0], triple[2])))
    entities = {item.item_id: row for row, item in enumerate(catalog)}
    relations: dict[str, int] = {}
    columns = np.zeros((len(kept), 3), dtype=np.int64)
    for i, (head, relation, tail) in enumerate(kept):
        columns[i] = (
            entities.setdefault(head, len(entities)),
            relations.setdefault(relation, len(relations)),
            entities.setdefault(tail, len(entities)),
        )
    heads, kinds, tails = columns.T.copy()
    return TripleTable(heads, kinds, tails, len(catalog), len(entities), len(relations))
