"""Limits as a model states them -> constraints of the catalog; what cannot be placed comes back with near names."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pydantic import JsonValue

from retrieval.items import Item
from retrieval.preference import Constraint, Op
from retrieval.schema import FieldKind, FieldSpec
from tools.arguments import Limit
from tools.placing import PlacedItem, Placer, reference_of
from tools.quantities import joined, plain, read_number, read_of, whole_numbers
from tools.render import one_line

OPS = {"is": Op.IS, "any_of": Op.IS, "all_of": Op.IS, "not": Op.NOT, "min": Op.MIN, "max": Op.MAX}

THESE = "these"
"""The list last shown, as a reference of a limit: all of it where enough lies beyond, else its first or middle item."""
ENOUGH = 40
"""Items that must lie beyond all that were shown; else half of these may be passed."""
MOST_OTHERS = 60
"""Of a field with more values, what an item has is refused rather than everything else asked for."""


@dataclass(slots=True)
class Problems:
    """What could not be placed, in words for the model; and the names alone, for the user."""

    lines: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By unknown title, the ids of the items whose titles are nearest."""
    ambiguous: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    """Fields with a limit of which no item says anything."""
    loose: list[tuple[str, bool]] = field(default_factory=list)
    """Words for a soft field that has no such value, and whether they are wanted: they go on as words."""

    def add(self, line: str, *, unknown: str = "") -> None:
        """One more."""
        self.lines.append(one_line(line))
        if unknown:
            self.unknown.append(unknown)

    def join(self, others: "Problems") -> None:
        """Those of another call, each once."""
        self.lines = [*dict.fromkeys((*self.lines, *others.lines))]
        self.unknown = [*dict.fromkeys((*self.unknown, *others.unknown))]
        self.near |= others.near
        self.unchecked = [*dict.fromkeys((*self.unchecked, *others.unchecked))]
        self.ambiguous = [*dict.fromkeys((*self.ambiguous, *others.ambiguous))]

    def forget_names(self) -> None:
        """The names were the model's own ideas: the user, who never said them, need not hear of them."""
        self.unknown, self.ambiguous, self.near = [], [], {}


def limit_of(name: str, op: str, values: Sequence[str | float], *, lasting: bool = False) -> dict[str, JsonValue]:
    """A limit as a model would state it."""
    lasts: dict[str, JsonValue] = {"lasting": True} if lasting else {}
    return {"field": name, "op": op, "value": [*values], **lasts}


def as_limits(constraints: Sequence[Constraint]) -> list[dict[str, JsonValue]]:
    """Constraints as a model would state them."""
    ops = ((held, "any_of" if held.op is Op.IS and held.values[1:] else held.op.value) for held in constraints)
    stated = []
    for held, op in ops:
        unless: list[JsonValue] = [{"field": other.field, "value": [*other.values]} for other in held.unless]
        stated.append(limit_of(held.field, op, held.values) | ({"unless": unless} if unless else {}))
    return stated


@dataclass(frozen=True, slots=True)
class LimitReader:
    """Turns limits into constraints, within one turn."""

    placer: Placer
    shown: Sequence[str] = ()
    known: Sequence[str] = ()

    def read(self, limits: Sequence[Limit], problems: Problems) -> tuple[Constraint, ...]:
        """The constraints of several limits; what cannot be placed goes to `problems`."""
        constraints = [constraint for limit in limits for constraint in self._with_exceptions(limit, problems)]
        strict = frozenset(limit.field for limit in limits if limit.op == "all_of")
        return tuple({constraint.key: constraint for constraint in self._alternatives(constraints, strict)}.values())

    def _with_exceptions(self, limit: Limit, problems: Problems) -> list[Constraint]:
        """The constraints of one limit, each with what it lets through all the same."""
        told = ({"field": other.field, "op": "any_of", "value": other.value} for other in limit.unless)
        unless = tuple(exempt for one in told for exempt in self._one(Limit.model_validate(one), problems))
        constraints = self._one(limit, problems)
        return [replace(constraint, unless=unless) for constraint in constraints] if unless else constraints

    def _alternatives(self, limits: Sequence[Constraint], strict: frozenset[str]) -> list[Constraint]:
        """Where one of several suffices (services, sizes), values that are asked for one by one are alternatives.

        So they are where no item has two values; not where all of them were asked for in so many words.
        """
        loose = (self.placer.alternative - {spec.name for spec in self.placer.schema.fields if spec.order}) - strict
        joined: dict[str, Constraint] = {}
        for limit in limits:
            if limit.op is Op.IS and limit.field in loose and (old := joined.get(limit.field)):
                limit = replace(limit, values=tuple(dict.fromkeys((*old.values, *limit.values))))
            joined[limit.field if limit.op is Op.IS and limit.field in loose else limit.key] = limit
        return list(joined.values())

    def _one(self, limit: Limit, problems: Problems) -> list[Constraint]:
        spec = self.placer.schema.field(limit.field)
        is_number = spec.kind is FieldKind.NUMBER
        has_any = self.placer.catalog.bounds(spec.name) if is_number else self.placer.catalog.values(spec.name)
        if not (has_any or spec.role):  # for whom it is stays a limit where nothing says so
            problems.unchecked.append(spec.name)
            return _refuse(limit, "is known of no item: it cannot be checked", problems)
        if limit.after or limit.before:
            if not is_number and not spec.order:
                return _refuse(limit, "has no order: use is, not or any_of", problems)
            return self._around(limit, spec, problems) if is_number else self._beyond(limit, spec, problems)
        values: Sequence[str | float] = limit.value
        if limit.same_as:
            item = self.item(limit.same_as, problems)
            if item is None:
                return []
            values = (item.numbers[spec.name],) if spec.name in item.numbers else item.values.get(spec.name, ())
            if not values:
                problems.add(f"{spec.name} of {item.label} is not known")
                return []
            if limit.op == "not" and spec.one_suffices:
                return self._besides(limit, spec, tuple(map(str, values)))
        if not values:
            return _refuse(limit, "has no value", problems)
        if is_number:
            return _numbers(limit, spec, values, problems)
        if spec.order and (limit.op in ("min", "max") or spec.role):
            return self._ordered(limit, spec, values, problems)
        if limit.op in ("min", "max"):
            return _refuse(limit, "is no field of numbers: use is, not or any_of", problems)
        return self._values(limit, spec, values, problems)

    def _ordered(
        self, limit: Limit, spec: FieldSpec, values: Sequence[str | float], problems: Problems
    ) -> list[Constraint]:
        """A limit on values that have an order; how much violence is refused means less of it, wanted at least it."""
        placed = {said: self.placer.value(spec.name, said) for said in map(plain, values)}
        for said, placed_value in placed.items():
            if placed_value.field != spec.name or placed_value.value not in spec.order:
                problems.add(f"no {spec.name} {said!r} in the catalog; it has, from least to most, {_listed(spec)}")
        places = [
            spec.order.index(placed_value.value) for placed_value in placed.values() if placed_value.value in spec.order
        ]
        if not places:
            return []
        low, high = {
            "max": (0, max(places) + 1),
            "not": (0, min(places)) if min(places) else (1, None),
            "any_of": (min(places), max(places) + 1),
        }.get(limit.op, (min(places), None))
        return [Constraint(spec.name, Op.IS, spec.order[low:high], lasting=limit.lasting)]

    def _values(
        self, limit: Limit, spec: FieldSpec, values: Sequence[str | float], problems: Problems
    ) -> list[Constraint]:
        placed: dict[str, dict[str, None]] = {}
        for said in map(plain, values):
            placed_value = self.placer.value(spec.name, said)
            if placed_value.value:
                placed.setdefault(placed_value.field, {})[placed_value.value] = None
                continue
            near = f"; nearest: {', '.join(placed_value.near)}" if placed_value.near else ""
            problems.add(f"no {spec.name} {said!r} in the catalog{near}", unknown="" if spec.soft else said)
            if spec.soft:
                problems.loose.append((said, limit.op != "not"))
        # several values of an item are alternatives, several values that were listed under 'is' must all hold
        is_choice = limit.op == "any_of" or bool(limit.same_as)
        if is_choice and len(placed) > 1:
            placed = self._of_one_field(placed, problems)
        op, together = OPS[limit.op], is_choice or limit.op == "not"
        return [
            Constraint(name, op, tuple(group), lasting=limit.lasting)
            for name, found_values in placed.items()
            for group in ([found_values] if together else [[value] for value in found_values])
        ]

    def _of_one_field(self, placed: dict[str, dict[str, None]], problems: Problems) -> dict[str, dict[str, None]]:
        """Alternatives are of one field; those of another one would have to hold beside them."""
        kept = max(placed, key=lambda name: len(placed[name]))
        for name in placed:
            if name != kept:
                problems.add(f"{', '.join(placed[name])}: {name}, no alternative to {', '.join(placed[kept])}")
        return {kept: placed[kept]}

    def _around(self, limit: Limit, spec: FieldSpec, problems: Problems) -> list[Constraint]:
        """'After The Matrix, before Inception': neither of the two included."""
        constraints = []
        for said, op, step in ((limit.after, Op.MIN, 1.0), (limit.before, Op.MAX, -1.0)):
            number = self._size_of(said, spec, problems, step) if said else None
            if number is not None:
                nearest = self._next(spec.name, number, step)
                constraints.append(Constraint(spec.name, op, (nearest,), lasting=limit.lasting))
        return constraints

    def _beyond(self, limit: Limit, spec: FieldSpec, problems: Problems) -> list[Constraint]:
        """'Too small', 'less hot than #2': the values of an order above, or below, all that the item has."""
        low = self._size_of(limit.after, spec, problems, 1.0) if limit.after else -1.0
        high = self._size_of(limit.before, spec, problems, -1.0) if limit.before else float(len(spec.order))
        if low is None or high is None:
            return []
        wanted = spec.order[int(low) + 1 : int(high)]
        if not wanted and spec.role:  # less of each content is asked for at once, and an item has none of some
            return []
        if not wanted:
            return _refuse(limit, f"has nothing beyond; from least to most: {_listed(spec)}", problems)
        return [Constraint(spec.name, Op.IS, wanted, lasting=limit.lasting)]

    def _besides(self, limit: Limit, spec: FieldSpec, values: Sequence[str]) -> list[Constraint]:
        """'Not on my service': another value than the item has, whatever there is beside it."""
        others = tuple(sorted(self.placer.catalog.values(spec.name).keys() - {*values}))
        if len(others) > MOST_OTHERS or not others:
            return [Constraint(spec.name, Op.NOT, tuple(values), lasting=limit.lasting)]
        return [Constraint(spec.name, Op.IS, others, lasting=limit.lasting)]

    def _next(self, field_name: str, number: float, step: float) -> float:
        """The next whole number; of a field with fractions the next number that an item has."""
        numbers = self.placer.catalog.numbers(field_name)
        numbers = numbers[~np.isnan(numbers)]
        beyond = numbers[step * (numbers - number) > 0]
        if not len(beyond) or bool(np.all(numbers == np.rint(numbers))):
            return number + step
        return float(beyond.min() if step > 0 else beyond.max())

    def _size_of(self, said: str, spec: FieldSpec, problems: Problems, step: float) -> float | None:
        """Where an item stands in a field of numbers or of values in order; None where it is not known.

        Args:
            said: The item, `THESE`, or a number in its place.
            spec: The field.
            problems: Takes what cannot be placed.
            step: 1.0 where what lies above is asked for, -1.0 for what lies below.
        """
        if said.isdecimal() and not self.place(said).item_ids:
            return read_number(said)
        if said == THESE and self.shown:
            items = [self.placer.catalog.item(item_id) for item_id in self.shown if item_id in self.placer.catalog]
        else:
            item = self.item(said, problems)
            items = [item] if item is not None else []
        sizes = [_size(item, spec, step) for item in items]
        known = sorted(size for size in sizes if size is not None)
        if not known:
            if items:
                problems.add(f"{spec.name} of {items[0].label} is not known")
            return None
        beyond = known[-1] if step > 0 else known[0]
        if spec.kind is FieldKind.NUMBER and self._leaves_enough(spec, beyond, step):
            return beyond
        first, middle = sizes[0], known[len(known) // 2]
        return middle if first is None else max(first, middle) if step > 0 else min(first, middle)

    def _leaves_enough(self, spec: FieldSpec, number: float, step: float) -> bool:
        """Whether enough lies beyond a number that no shown item passes: one silent film leaves nothing older."""
        return int((step * (self.placer.catalog.numbers(spec.name) - number) > 0).sum()) >= ENOUGH

    def place(self, said: str) -> PlacedItem:
        """What becomes of a reference in this turn."""
        return self.placer.item(said, shown=self.shown, known=self.known)

    def item(self, said: str, problems: Problems) -> Item | None:
        """The item of a reference; None, with a line in `problems`, where it is not one."""
        placed = self.place("#1" if said == THESE else said)
        if placed.item_id:
            return self.placer.catalog.item(placed.item_id)
        if placed.is_ambiguous:
            problems.add(f"{said!r} may be: {self._listed(placed.item_ids)}")
            problems.ambiguous.append((said, placed.item_ids))
        elif placed.is_pointer:
            problems.add(
                f"no item {said!r}: the last list has {len(self.shown)}, the catalog {len(self.placer.catalog)}"
            )
        else:
            near = f"; nearest: {self._listed(placed.near)}" if placed.near else ""
            problems.add(f"no item {said!r} in the catalog{near}", unknown=said)
            problems.near[said] = tuple(placed.near)
        return None

    def _listed(self, item_ids: Sequence[str]) -> str:
        catalog = self.placer.catalog
        return ", ".join(f"{catalog.item(item_id).label} [{reference_of(catalog, item_id)}]" for item_id in item_ids)


def _size(item: Item, spec: FieldSpec, step: float) -> float | None:
    places = [float(spec.order.index(value)) for value in item.values.get(spec.name, ()) if value in spec.order]
    return item.numbers.get(spec.name, (max(places) if step > 0 else min(places)) if places else None)


def _numbers(limit: Limit, spec: FieldSpec, values: Sequence[str | float], problems: Problems) -> list[Constraint]:
    is_year = spec.unit == "year"
    read = {value: read_of(value, spec) for value in values}
    spans = [span for span in read.values() if span is not None]
    for said in (value for value, span in read.items() if span is None):
        problems.add(
            f"limit left out: {spec.name} takes numbers{f' ({spec.unit})' if spec.unit else ''}, found {said!r}"
        )

    def constraint(op: Op, *numbers: float) -> Constraint:
        return Constraint(spec.name, op, numbers, lasting=limit.lasting)

    if not spans:
        return []
    if limit.op in ("min", "max"):
        return [constraint(OPS[limit.op], spans[0].low if limit.op == "min" else spans[0].high)]
    if all(span.low == span.high for span in spans):
        return [constraint(OPS[limit.op], *dict.fromkeys(span.low for span in spans))]
    spans = joined(spans) if is_year else spans
    if len(spans) == 1 and limit.op != "not":
        return [constraint(Op.MIN, spans[0].low), constraint(Op.MAX, spans[0].high)]
    if is_year and (years := whole_numbers(spans)):
        return [constraint(OPS[limit.op], *years)]
    return _refuse(limit, "can be one span from a number to another, wanted: use min and max", problems)


def _listed(spec: FieldSpec) -> str:
    return ", ".join(map(one_line, spec.order))


def _refuse(limit: Limit, why: str, problems: Problems) -> list[Constraint]:
    problems.add(f"limit left out: {limit.field} {why}")
    return []
