"""What came up in recorded conversations: how often each item did, and which did together. Knows rows only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.items import Catalog

RARE = 5.0
"""In conversations: an item that came up in so few is half as telling as its pairs say."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Counts over one catalog."""

    counts: NDArray[np.float32]
    """In how many conversations each item came up, shape (n_items,)."""
    pairs: csr_matrix
    """In how many any two did, shape (n_items, n_items), symmetric, 0 on the diagonal."""
    left_out: NDArray[np.int64] | None = None
    """Rows of a conversation that `pairs` count and that is not to be known."""

    @classmethod
    def of(cls, conversations: Iterable[Iterable[str]], catalog: Catalog) -> "Talk":
        """Count; ids that the catalog lacks are left out."""
        rows = [catalog.rows(talk) for talk in conversations]
        places = np.repeat(np.arange(len(rows)), [len(talk) for talk in rows])
        items = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        shape = (len(rows), len(catalog))
        held = csr_matrix((np.ones(len(items), dtype=np.float32), (places, items)), shape=shape)
        pairs = (held.T @ held).tolil()
        pairs.setdiag(0)
        return cls(np.asarray(held.sum(axis=0), dtype=np.float32).ravel(), pairs.tocsr())

    @classmethod
    def read(cls, counts: Mapping[str, int], pairs: Sequence[str], catalog: Catalog) -> "Talk":
        """From what `written` made; what the catalog lacks is left out."""
        ids = list(counts)
        known = [item_id in catalog for item_id in ids]
        at = [catalog.row(item_id) if is_known else -1 for item_id, is_known in zip(ids, known, strict=True)]
        counted = np.zeros(len(catalog), dtype=np.float32)
        counted[[row for row in at if row >= 0]] = [n for n, row in zip(counts.values(), at, strict=True) if row >= 0]
        found = [
            (at[first], at[int(second)], int(n or 1))
            for first, line in enumerate(pairs)
            for second, _, n in (said.partition(":") for said in line.split())
        ]
        kept = np.asarray([pair for pair in found if min(pair[:2]) >= 0], dtype=np.int64).reshape(-1, 3)
        half = csr_matrix((kept[:, 2].astype(np.float32), (kept[:, 0], kept[:, 1])), shape=(len(catalog),) * 2)
        return cls(counted, (half + half.T).tocsr())

    def written(self, catalog: Catalog) -> tuple[dict[str, int], list[str]]:
        """The counts by item id, and a line for each: the places further down that came up with it, `:n` if n times."""
        rows = np.flatnonzero(self.counts)
        place = {int(row): at for at, row in enumerate(rows)}
        lines = []
        for row in rows.tolist():
            others = self.pairs[[row]].tocoo()
            pairs = sorted((place[int(other)], int(n)) for other, n in zip(others.col, others.data, strict=True) if n)
            later = [f"{other}:{n}" if n > 1 else f"{other}" for other, n in pairs if other > place[row]]
            lines.append(" ".join(later))
        return {catalog.items[row].item_id: int(self.counts[row]) for row in rows.tolist()}, lines

    def without(self, rows: NDArray[np.int64], *, is_paired: bool = True) -> "Talk":
        """The same without one of the conversations that were counted, in `pairs` too where it is among them."""
        counts = self.counts.copy()
        counts[rows] -= 1
        return Talk(np.maximum(counts, 0), self.pairs, rows if is_paired else None)

    def beside(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """How much each item comes up beside some, for how often either does: a cosine that trusts no rare item.

        Args:
            rows: Catalog rows without repeats, shape (n,).

        Returns:
            Shape (n_items,), >= 0; 0 for the rows themselves.
        """
        rarity = 1.0 / np.sqrt(self.counts + RARE)
        beside = np.asarray(self.pairs[rows].T @ rarity[rows], dtype=np.float32)
        if self.left_out is not None:
            beside[self.left_out] -= rarity[rows[np.isin(rows, self.left_out)]].sum()
        beside[rows] = 0.0
        return np.asarray(np.maximum(beside, 0.0) * rarity, dtype=np.float32)
