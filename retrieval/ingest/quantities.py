"""Cells of number fields in the field's own unit: '1h30' as minutes, '12,50 €', '85%' on a scale, 'PG-13' as an age."""

import re

from retrieval.certificates import certificate_age
from retrieval.ingest.cells import UNKNOWN, as_number, as_text, as_year
from retrieval.ingest.tables import Value, is_empty
from retrieval.schema import SUITS_FROM, FieldSpec
from retrieval.units import Quantity, in_unit, kind_of, read_quantity

POSITIVE = ("duration", "pages", "weight", "length", "volume", "age")
"""Kinds of quantity of which there is no less than something."""


class ImpossibleError(ValueError):
    """A number that there cannot be, such as minus 90 minutes: a slip, of which nothing is known."""


def as_quantity(cell: Value, spec: FieldSpec) -> float | None:
    """A cell as a number of a field; None where it says that it is unknown.

    Raises:
        ValueError: It is no number, or of another unit.
        ImpossibleError: It is a number that there cannot be.
    """
    if is_empty(cell) or as_text(cell).casefold() in UNKNOWN:
        return None
    if spec.unit == "year":
        return as_year(cell, spec.name)
    if spec.role == SUITS_FROM:
        return _age(as_text(cell), spec.name)
    number = _number(cell, spec)
    if number is None:
        return None
    kind = kind_of(spec.unit)
    if number < 0 if kind == "money" else kind in POSITIVE and number <= 0:
        raise ImpossibleError(f"{spec.name} must be more than 0, found {as_text(cell)[:40]!r}")
    if spec.scale and not spec.scale[0] <= number <= spec.scale[1]:
        raise ImpossibleError(f"{spec.name} must be from {spec.scale[0]:g} to {spec.scale[1]:g}, found {number:g}")
    return number


def _age(text: str, what: str) -> float:
    age = certificate_age(text)
    if age is None:
        raise ValueError(f"{what} must be an age or an age rating, found {text[:40]!r}")
    return float(age)


def _number(cell: Value, spec: FieldSpec) -> float | None:
    try:
        number = as_number(cell, spec.name)
    except ValueError:
        amount = _stated(as_text(cell), spec)
        if amount is None:
            raise
        return amount
    return number


def _stated(text: str, spec: FieldSpec) -> float | None:
    """The number of a cell that is a quantity and nothing else; None where it is none, or of another kind."""
    share = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*(?:%|(?:/|out of|von|sur|de)\s*(\d+))\s*", text)
    if share and spec.scale:
        of = float(share[2] or 100)
        low, high = spec.scale
        return round(float(share[1].replace(",", ".")) / of * high, 3) if of else low
    if len(re.findall(r"[^\W\d_]+", text)) > 4:
        return None
    quantity = read_quantity(text)
    if quantity is None or (quantity == Quantity(quantity.value) and re.search(r"[^\W\d_]{2}", text)):
        return None
    return in_unit(quantity, spec.unit)
