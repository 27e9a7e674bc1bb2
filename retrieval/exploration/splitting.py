"""The field whose answer would tell most items apart: asked beside a list, with a few choices.

Knows what the items have and what was said; nothing of tastes.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec
from retrieval.spans import Span

MOST_CHOICES = 4
LEAST_SHARE, MOST_SHARE = 0.08, 0.85
"""Of the items: a choice that fewer have, or nearly all, tells little."""
LEAST_GAIN = 0.4
"""Of 1: how surely two items are told apart by the field."""
LEAST_ITEMS = 8
"""Fewer are seen at a glance."""


@dataclass(frozen=True, slots=True)
class Split:
    """A question about one field."""

    field: str
    choices: tuple[str, ...]
    """Values, or spans of numbers as in `retrieval.spans`."""
    gain: float
    """How probable it is that two of the items differ in it, of those that say it."""

    @property
    def key(self) -> str:
        """A stable name: 'price:'."""
        return f"{self.field}:"


def best_split(catalog: Catalog, rows: NDArray[np.bool_], settled: Collection[str]) -> Split | None:
    """The most telling question about the items of some rows; None where no answer would change much.

    Args:
        catalog: Its schema says which fields are asked about.
        rows: The items that are still possible, shape (n_items,).
        settled: Fields that were asked about or that the wish speaks of.
    """
    size = int(rows.sum())
    asked = (spec for spec in catalog.schema.descriptive if spec.ask and spec.name not in settled)
    splits = [split for spec in asked if size >= LEAST_ITEMS and (split := _split(catalog, rows, spec, size))]
    best = max(splits, key=lambda split: split.gain, default=None)
    return best if best is not None and best.gain >= LEAST_GAIN else None


def _split(catalog: Catalog, rows: NDArray[np.bool_], spec: FieldSpec, size: int) -> Split | None:
    if spec.kind is FieldKind.NUMBER:
        return None if spec.unit == "year" else _spans(catalog.numbers(spec.name)[rows], spec, size)
    held = {value: int(rows[catalog.holders(spec.name, value)].sum()) for value in catalog.values(spec.name)}
    common = sorted(
        (value for value in held if LEAST_SHARE <= held[value] / size <= MOST_SHARE), key=lambda v: -held[v]
    )
    choices = common[:MOST_CHOICES]
    if len(choices) < 2:
        return None
    ordered = sorted(choices, key=spec.order.index) if spec.order else choices
    shares = np.asarray([held[value] for value in choices]) / sum(held.values())
    return Split(spec.name, tuple(ordered), float(1.0 - (shares**2).sum()))


def _spans(numbers: NDArray[np.float64], spec: FieldSpec, size: int) -> Split | None:
    """Up to a third, between, and from two thirds on, at round numbers."""
    known = numbers[~np.isnan(numbers)]
    if len(known) < max(LEAST_ITEMS, size / 2):
        return None
    step = 10.0 ** math.floor(math.log10(max(float(np.ptp(known)) / 3, 1e-9)))
    low, high = (float(np.round(bound / step) * step) for bound in np.quantile(known, (1 / 3, 2 / 3)))
    if not known.min() < low < high < known.max():
        return None
    parts = (Span(high=low), Span(low, high), Span(low=high))
    shares = np.asarray([(known <= low).mean(), ((known > low) & (known < high)).mean(), (known >= high).mean()])
    return Split(spec.name, tuple(map(str, parts)), float(1.0 - (shares**2).sum()))
