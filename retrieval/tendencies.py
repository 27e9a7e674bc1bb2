"""What a belief says of groups of items: does somebody answer to them more than most do, and how sure is that?

Knows a taste model and rows only. A group is held against all items (`retrieval.comparing`), so that whoever likes a
lot does not seem to prefer everything; both figures are in standard deviations among strangers along that direction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import TINY, Belief
from retrieval.comparing import lift
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec

MOST_VALUES = 12
"""Values of one field that are told of, the most common ones."""
FEWEST_ITEMS = 5
"""Items that a group has at least; of fewer nothing is said."""


@dataclass(frozen=True, slots=True)
class Tendency:
    """What is believed of a group of items."""

    field: str
    value: str
    """A value of the field; of a field of numbers a span, as in `retrieval.spans`."""
    mean: float
    """How much more than most people prefer it to the rest; 0 for like most, 1 for more than five in six."""
    deviation: float
    """How unsure that is: 1 where nothing is known, 0 where all is."""


def tendencies(belief: Belief, catalog: Catalog) -> tuple[Tendency, ...]:
    """What is believed of one person by the first category, by decade, and by the most common soft values."""
    return tuple(
        _tendency(belief, field, value, rows) for field, value, rows in _groups(catalog) if len(rows) >= FEWEST_ITEMS
    )


def _tendency(belief: Belief, field: str, value: str, rows: NDArray[np.int64]) -> Tendency:
    model = belief.model
    along = lift(model, rows) - lift(model, np.arange(model.n_items))
    most = float(model.shares @ model.centers @ along)
    spread = np.sqrt(float(along @ model.strangers @ along) + TINY)
    own = float(belief.taste()[0] @ along)
    left = np.sqrt(max(float(along @ belief.total_covariance()[0] @ along), 0.0))
    return Tendency(field, value, float((own - most) / spread), float(min(left / spread, 1.0)))


def _groups(catalog: Catalog) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    schema = catalog.schema
    categories = [spec for spec in schema.of_kind(FieldKind.CATEGORY) if not spec.role][:1]
    soft = [spec for spec in schema.of_kind(FieldKind.ENTITY) if spec.soft][:1]
    for spec in categories:
        yield from _of_values(catalog, spec)
    for spec in schema.of_kind(FieldKind.NUMBER):
        if spec.unit == "year":
            yield from _of_decades(catalog, spec)
    for spec in soft:
        yield from _of_values(catalog, spec)


def _of_values(catalog: Catalog, spec: FieldSpec) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    held = catalog.values(spec.name)
    for value in sorted(held, key=lambda single: (-held[single], single))[:MOST_VALUES]:
        yield spec.name, value, catalog.holders(spec.name, value)


def _of_decades(catalog: Catalog, spec: FieldSpec) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    bounds = catalog.bounds(spec.name)
    if bounds is None:
        return
    first, last = (int(end) // 10 * 10 for end in bounds)
    for start in range(last, first - 1, -10)[:MOST_VALUES]:
        span = f"{start}..{start + 9}"
        yield spec.name, span, catalog.holders(spec.name, span)
