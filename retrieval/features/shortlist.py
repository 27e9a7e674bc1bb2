"""Which values of the catalog's soft fields (themes) a text may be about: the nearest ones, for a closed list."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.features.store import soft_fields, text_to_read
from retrieval.items import Catalog, Item

SHORT = 25
"""How many values a language model chooses among."""


class Shortlist:
    """The values of all soft fields with their vectors; made once per catalog."""

    def __init__(self, catalog: Catalog, encoder: Encoder, *, size: int = SHORT) -> None:
        self._encoder = encoder
        self._size = size
        values = [(spec, value) for spec in soft_fields(catalog) for value in sorted(catalog.values(spec.name))]
        self._values = tuple((spec.name, value) for spec, value in values)
        words = [spec.value_in(value, "en") for spec, value in values]
        self._vectors: NDArray[np.float32] = encoder.encode(words) if words else np.zeros((0, 1), dtype=np.float32)

    def of(self, items: Sequence[Item]) -> list[tuple[tuple[str, str], ...]]:
        """For each item the (field, value) pairs nearest to its label and description, nearest first."""
        if not self._values or not items:
            return [() for _ in items]
        near = self._encoder.encode([text_to_read(item) for item in items]) @ self._vectors.T
        order = np.argsort(-near, axis=1, kind="stable")[:, : self._size]
        return [tuple(self._values[column] for column in row) for row in order.tolist()]
