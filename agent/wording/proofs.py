"""Whether a fact of the catalog shows what a sentence states: a value, its absence, a comparison, an extreme."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.wording.ledger import Ledger
from agent.wording.values import values_of
from retrieval.items import Catalog, Item
from retrieval.schema import FieldKind, FieldSpec
from tools.placing import fold
from tools.quantities import read_span

OPERATORS: Final = "!=|<=|>=|=|<|>"
ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
EXTREMES: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {"min": min, "max": max}
ONLY: Final = "only "


@dataclass(frozen=True, slots=True)
class Claim:
    """That some items have a value in a field, or not, or less, or more."""

    items: tuple[Item, ...]
    spec: FieldSpec
    op: str
    """One of `OPERATORS`."""
    value: str
    """A value in any language, a number, 'min', 'max', 'only VALUE', or '2.year': another item's."""

    @property
    def is_denial(self) -> bool:
        """Whether it says that something is not so."""
        return self.op == "!="


def refuted(claim: Claim, ledger: Ledger, catalog: Catalog, *, other: Item | None, words: str) -> str:
    """Why a claim does not hold; '' where it does.

    Args:
        claim: What is said.
        ledger: Knows the lists among which something may be the oldest, or the only one.
        catalog: Knows the values of a field.
        other: The item that it is compared with, if any.
        words: How the sentence puts it.
    """
    spec = claim.spec
    compared = (*claim.items, *((other,) if other is not None else ()))
    if unknown := next((item for item in compared if not values_of(item, spec, "en")), None):
        return f"the {spec.name} of {unknown.label} is not known: say so, or leave it out"
    if claim.value in EXTREMES or claim.value.startswith(ONLY):
        return _alone(claim, ledger, catalog)
    if claim.op in ORDERS:
        return _ordered(claim, other)
    if claim.is_denial and spec.soft and not _names_field(spec, words, ledger.language):
        return f"no {spec.name} can be ruled out: say that it is not among the {spec.name}, with that word, or leave it"
    held = [_holds(item, claim, ledger.language, other) for item in claim.items]
    if claim.is_denial and other is None and not _is_value(claim, catalog, ledger.language):
        return f"no {spec.name} of the catalog is called {claim.value!r}"
    return "" if (not any(held) if claim.is_denial else all(held)) else _contradiction(claim)


def _holds(item: Item, claim: Claim, language: str, other: Item | None = None, value: str = "") -> bool:
    """Whether an item has the value that a claim names, or one of another item's."""
    spec = claim.spec
    if spec.kind is FieldKind.NUMBER:
        known = item.numbers.get(spec.name)
        if other is not None:
            return known is not None and known == other.numbers.get(spec.name)
        span = read_span(value or claim.value, is_year=spec.unit == "year")
        return known is not None and span is not None and known in span
    held = item.values.get(spec.name, ())
    if other is not None:
        return bool(set(held) & set(other.values.get(spec.name, ())))
    wanted = fold(value or claim.value)
    return any(wanted in names_of(spec, held_value, language) for held_value in held)


def names_of(spec: FieldSpec, value: str, language: str) -> frozenset[str]:
    """What a value is called: by the catalog, in English, in a language, and in everyday words; folded."""
    named = (value, spec.value_in(value, "en"), spec.value_in(value, language), *spec.synonyms.get(value, ()))
    return frozenset(fold(name) for name in named)


def _is_value(claim: Claim, catalog: Catalog, language: str) -> bool:
    if claim.spec.kind is FieldKind.NUMBER:
        return read_span(claim.value, is_year=claim.spec.unit == "year") is not None
    wanted = fold(claim.value)
    return any(wanted in names_of(claim.spec, value, language) for value in catalog.values(claim.spec.name))


def _names_field(spec: FieldSpec, words: str, language: str) -> bool:
    """Whether words say that they are of what the catalog lists: 'no gore among its themes'."""
    said = fold(words)
    return any(fold(word) in said for word in (spec.label_in(language), *spec.words))


def _ordered(claim: Claim, other: Item | None) -> str:
    spec = claim.spec
    if not _has_order(spec):
        return f"{spec.name} have no order"
    bound = _stated(claim) if other is None else _measure(other, spec)
    if bound is None:
        return f"{claim.value!r} is no {'value' if spec.order else 'number'}"
    held = [_measure(item, spec) for item in claim.items]
    holds = all(measure is not None and ORDERS[claim.op](measure, bound) for measure in held)
    return "" if holds else _contradiction(claim)


def _has_order(spec: FieldSpec) -> bool:
    return spec.kind is FieldKind.NUMBER or bool(spec.order)


def _measure(item: Item, spec: FieldSpec) -> float | None:
    """Where an item stands in a field that has an order: its number, or the place of its highest value."""
    if spec.kind is FieldKind.NUMBER:
        return item.numbers.get(spec.name)
    return max(
        (float(spec.order.index(held)) for held in item.values.get(spec.name, ()) if held in spec.order), default=None
    )


def _stated(claim: Claim) -> float | None:
    """The same of what a claim names."""
    spec = claim.spec
    if spec.kind is FieldKind.NUMBER:
        span = read_span(claim.value, is_year=spec.unit == "year")
        return None if span is None else span.low
    named = (place for place, value in enumerate(spec.order) if fold(claim.value) in names_of(spec, value, "en"))
    return next(map(float, named), None)


def _alone(claim: Claim, ledger: Ledger, catalog: Catalog) -> str:
    """An extreme of a list, or the only one of it that has a value."""
    named = {item.item_id for item in claim.items}
    pool = next((ids for ids in ledger.pools if len(ids) > 1 and named <= set(ids)), ())
    if not pool:
        return "there is no list among which that could be seen"
    items = [catalog.item(item_id) for item_id in pool]
    if any(not values_of(item, claim.spec, "en") for item in items):
        return f"the {claim.spec.name} of some items of the list is not known"
    if claim.value in EXTREMES:
        return _extreme(claim, items)
    value = claim.value.removeprefix(ONLY).strip()
    holders = {item.item_id for item in items if _holds(item, claim, ledger.language, value=value)}
    return "" if holders == named else _contradiction(claim)


def _extreme(claim: Claim, items: Sequence[Item]) -> str:
    if not _has_order(claim.spec):
        return f"{claim.spec.name} have no order"
    measures = [measure for item in items if (measure := _measure(item, claim.spec)) is not None]
    bound = EXTREMES[claim.value](measures) if measures else None
    return "" if all(_measure(item, claim.spec) == bound for item in claim.items) else _contradiction(claim)


def _contradiction(claim: Claim) -> str:
    facts = "; ".join(f"{item.label}: {', '.join(values_of(item, claim.spec, 'en'))}" for item in claim.items)
    return f"{claim.spec.name} {claim.op} {claim.value} does not hold ({facts})"
