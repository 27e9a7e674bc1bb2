"""Whether an item that does not have a value of a closed category might be said to have it all the same.

'A thriller' is not far off for a crime drama that is not filed as one; 'a western' is. The catalog itself tells: a
logistic regression on the item's other values, fitted per value on first use.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.items import Catalog, Item
from retrieval.schema import FieldKind

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEAST = 3
"""Values of fewer items are not looked at."""
LEAST_HOLDERS = 15
"""Fewer items with a value teach nothing."""
PLAUSIBLE = 0.3
"""The least probability at which a statement counts as a matter of taste."""


@dataclass
class Plausibility:
    """How much items look as if they had values that they do not have."""

    catalog: Catalog
    _models: dict[tuple[str, str], NDArray[np.float64] | None] = field(default_factory=dict)

    def of(self, item: Item, name: str, value: str) -> float:
        """The probability that an item has a value, judged by its other values; 0 where the catalog cannot tell.

        Args:
            item: Of this catalog.
            name: The field.
            value: One of its values.
        """
        scores = self._scores(name, value)
        return 0.0 if scores is None else float(scores[self.catalog.row(item.item_id)])

    def _scores(self, name: str, value: str) -> NDArray[np.float64] | None:
        key = (name, value)
        if key not in self._models:
            self._models[key] = self._fit(name, value)
        return self._models[key]

    def _fit(self, name: str, value: str) -> NDArray[np.float64] | None:
        """Shape (n_items,), in [0, 1]; None where too few items have the value."""
        holders = self.catalog.holders(name, value)
        if not LEAST_HOLDERS <= len(holders) <= len(self.catalog) - LEAST_HOLDERS:
            return None
        from sklearn.linear_model import LogisticRegression

        matrix, columns = self._known
        kept = np.asarray([place for key, place in columns.items() if key != (name, value)], dtype=np.int64)
        has = np.zeros(len(self.catalog), dtype=np.int64)
        has[holders] = 1
        model = LogisticRegression(solver="liblinear", tol=1e-3).fit(matrix[:, kept], has)
        return np.asarray(model.predict_proba(matrix[:, kept])[:, 1], dtype=np.float64)

    @cached_property
    def _known(self) -> "tuple[csr_matrix, dict[tuple[str, str], int]]":
        """Item x value of the closed categories and soft fields, 0 or 1, and the columns; rare values left out."""
        from scipy.sparse import csr_matrix

        specs = [one for one in self.catalog.schema.fields if one.kind is FieldKind.CATEGORY or one.soft]
        common = [
            (spec.name, value) for spec in specs for value, n in self.catalog.values(spec.name).items() if n >= LEAST
        ]
        columns = {key: place for place, key in enumerate(common)}
        places = [(int(row), place) for key, place in columns.items() for row in self.catalog.holders(*key)]
        rows, cols = zip(*places, strict=True) if places else ((), ())
        shape = (len(self.catalog), max(1, len(columns)))
        return csr_matrix((np.ones(len(places)), (rows, cols)), shape=shape), columns
