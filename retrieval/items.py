"""The items: an immutable catalog that converts between item ids (outside) and rows (matrix positions)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import UnknownItemError
from retrieval.house import NO_HOUSE, House
from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema, FieldKind
from retrieval.spans import parse_span
from retrieval.titles import TitleIndex, TitleMatch, native_title


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be recommended. All its texts are untrusted."""

    item_id: str
    title: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Category and entity fields: field name -> values."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Number fields: field name -> value; absent where unknown."""
    text: str = ""
    """A description in prose."""
    aka: tuple[str, ...] = ()
    """Other titles, in any language."""
    same_as: str = ""
    """The id of the item that this one doubles; the two are never shown together."""
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is told of it but not asked for: name of a remark of the schema -> values."""
    main: tuple[str, ...] = ()
    """Those of its values that it is about; of each field they come first."""
    slight: tuple[str, ...] = ()
    """Those that it has in passing only; they come last."""
    queries: tuple[str, ...] = ()
    """Texts in which people would ask for it without naming it, in any language; the first says its kind most briefly.

    They are embedded beside its text and used for nothing else: not shown, no reason, in no prompt.
    """

    def __post_init__(self) -> None:
        """Bring the values of each field into the order of how much it has of them."""
        if self.main or self.slight:
            ordered = {name: tuple(sorted(values, key=self._degree)) for name, values in self.values.items()}
            object.__setattr__(self, "values", ordered)

    def _degree(self, value: str) -> int:
        return 0 if value in self.main else 2 if value in self.slight else 1

    def more_than_slight(self, field_name: str) -> tuple[str, ...]:
        """The values of a field without those that it has in passing only."""
        return tuple(value for value in self.values.get(field_name, ()) if value not in self.slight)

    @property
    def year(self) -> int | None:
        """The calendar year, where the catalog has a field of that name."""
        year = self.numbers.get("year")
        return None if year is None else int(year)

    def says(self, field_name: str) -> bool:
        """Whether anything is known of it in a field."""
        return field_name in self.numbers or bool(self.values.get(field_name))

    @property
    def label(self) -> str:
        """'Heat (1995)', or the bare title without a year."""
        return self._dated(self.title)

    def title_in(self, language: str) -> str:
        """The title by which readers of a language know it; the title itself where it has none of its own there."""
        return native_title((self.title, *self.aka), language.split("-")[0].lower()) or self.title

    def label_in(self, language: str) -> str:
        """'肖申克的救赎 (1994)'."""
        return self._dated(self.title_in(language))

    def _dated(self, title: str) -> str:
        return title if self.year is None else f"{title} ({self.year})"


@dataclass(frozen=True)
class Catalog:
    """All items, in row order; those that the house hides keep their rows, and cannot be found by anything else."""

    schema: CatalogSchema
    items: tuple[Item, ...]
    """By row, hidden ones included."""
    house: House = NO_HOUSE
    """The house's rules as they stand for one request."""

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        """The items that may be seen."""
        return (item for item in self.items if item.item_id not in self.house.hidden)

    @property
    def size(self) -> int:
        """How many items may be seen."""
        return len(self._rows)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._rows

    def item(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            UnknownItemError: There is none.
        """
        return self.items[self.row(item_id)]

    def row(self, item_id: str) -> int:
        """The row of that id.

        Raises:
            UnknownItemError: There is none.
        """
        row = self._rows.get(item_id)
        if row is None:
            raise UnknownItemError(item_id)
        return row

    def rows(self, item_ids: Iterable[str]) -> NDArray[np.int64]:
        """The rows of those ids that the catalog has, in their order; unknown ids are left out."""
        rows = [self._rows[item_id] for item_id in item_ids if item_id in self._rows]
        return np.asarray(rows, dtype=np.int64)

    def values(self, field_name: str) -> Counter[str]:
        """How many items have each value of a category or entity field."""
        return self._values.get(field_name, Counter())

    def holders(self, field_name: str, value: str) -> NDArray[np.int64]:
        """The rows of the items that have a value in a category or entity field, whatever its case.

        In a number field a value is a span, written as in `retrieval.spans` ("1986..1993").
        """
        column = self._numbers.get(field_name)
        if column is not None:
            span = parse_span(value)
            return np.zeros(0, dtype=np.int64) if span is None else np.flatnonzero(span.holds(column))
        return np.asarray(self._holders.get((field_name, value.casefold()), []), dtype=np.int64)

    def numbers(self, field_name: str) -> NDArray[np.float64]:
        """Each item's number in a field, NaN where it has none, shape (n_items,)."""
        return self._numbers.get(field_name, np.full(len(self.items), np.nan))

    def bounds(self, field_name: str) -> tuple[float, float] | None:
        """The smallest and largest known number of a field; None where no item has one."""
        column = self._numbers.get(field_name)
        if column is None or np.isnan(column).all():
            return None
        return float(np.nanmin(column)), float(np.nanmax(column))

    def find_title(self, text: str, *, year: int | None = None, limit: int = 5) -> list[TitleMatch]:
        """Items whose title (or other title) is like `text`, best first."""
        return self._titles.find(text, year=year, limit=limit)

    @property
    def titles(self) -> TitleIndex:
        """The title search of this catalog."""
        return self._titles

    def double_of(self, item_id: str) -> frozenset[str]:
        """The ids that stand for the same thing as `item_id`, itself included."""
        return self._doubles.get(item_id, frozenset((item_id,)))

    def satisfies(self, item: Item, constraint: Constraint) -> bool:
        """Whether one item keeps a limit; an unknown value never satisfies MIN, MAX or IS."""
        if any(self.satisfies(item, other) for other in constraint.unless):
            return True
        if constraint.op in (Op.MIN, Op.MAX):
            number = item.numbers.get(constraint.field)
            limit = float(constraint.values[0])
            return number is not None and (number >= limit if constraint.op is Op.MIN else number <= limit)
        if self._is_number(constraint.field):
            number = item.numbers.get(constraint.field)
            hit = number is not None and any(number == float(value) for value in constraint.values)
        else:
            wanted = {str(value).casefold() for value in constraint.values}
            hit = any(value.casefold() in wanted for value in item.values.get(constraint.field, ()))
        return hit if constraint.op is Op.IS else not hit

    def known(self, field_name: str) -> NDArray[np.bool_]:
        """The rows of which a field says anything, shape (n_items,)."""
        known = self._known.get(field_name)
        return np.zeros(len(self.items), dtype=np.bool_) if known is None else known.copy()

    def mask(self, constraints: Iterable[Constraint]) -> NDArray[np.bool_]:
        """The rows that keep every limit, shape (n_items,)."""
        keep = self._seen.copy()
        for constraint in constraints:
            keep &= self._mask_of(constraint)
        return keep

    def _mask_of(self, constraint: Constraint) -> NDArray[np.bool_]:
        keeps = self._keeps(constraint)
        for exempt in constraint.unless:
            keeps |= self._mask_of(exempt)
        return keeps

    def _keeps(self, constraint: Constraint) -> NDArray[np.bool_]:
        if constraint.op in (Op.MIN, Op.MAX) or self._is_number(constraint.field):
            column = self.numbers(constraint.field)
            numbers = np.asarray([float(value) for value in constraint.values])
            if constraint.op is Op.MIN:
                return np.asarray(column >= numbers[0], dtype=np.bool_)
            if constraint.op is Op.MAX:
                return np.asarray(column <= numbers[0], dtype=np.bool_)
            hit = np.isin(column, numbers)
        else:
            wanted = {str(value).casefold() for value in constraint.values}
            hit = np.zeros(len(self.items), dtype=np.bool_)
            for value in wanted:
                hit[self._holders.get((constraint.field, value), [])] = True
        return hit if constraint.op is Op.IS else ~hit

    def _is_number(self, field_name: str) -> bool:
        return field_name in self._numbers

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item.item_id: row for row, item in enumerate(self.items) if item.item_id not in self.house.hidden}

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        seen = np.zeros(len(self.items), dtype=np.bool_)
        seen[list(self._rows.values())] = True
        return seen

    @cached_property
    def _values(self) -> dict[str, Counter[str]]:
        counts: dict[str, Counter[str]] = {}
        for item in self:
            for name, values in item.values.items():
                counts.setdefault(name, Counter()).update(values)
        return counts

    @cached_property
    def _holders(self) -> dict[tuple[str, str], list[int]]:
        holders: dict[tuple[str, str], list[int]] = {}
        for row in self._rows.values():
            for name, values in self.items[row].values.items():
                for value in values:
                    holders.setdefault((name, value.casefold()), []).append(row)
        return holders

    @cached_property
    def _numbers(self) -> dict[str, NDArray[np.float64]]:
        names = [spec.name for spec in self.schema.of_kind(FieldKind.NUMBER)]
        hidden = self.house.hidden
        return {
            name: np.asarray(
                [np.nan if item.item_id in hidden else item.numbers.get(name, np.nan) for item in self.items],
                dtype=np.float64,
            )
            for name in names
        }

    @cached_property
    def _known(self) -> dict[str, NDArray[np.bool_]]:
        known = {name: np.asarray(~np.isnan(column), dtype=np.bool_) for name, column in self._numbers.items()}
        for row, item in enumerate(self.items):
            for name in (name for name, values in item.values.items() if values and name not in self._numbers):
                known.setdefault(name, np.zeros(len(self.items), dtype=np.bool_))[row] = True
        return known

    @cached_property
    def _titles(self) -> TitleIndex:
        return TitleIndex((item.item_id, item.title, item.year, item.aka) for item in self)

    @cached_property
    def _doubles(self) -> dict[str, frozenset[str]]:
        groups: dict[str, set[str]] = {}
        for item in self:
            if item.same_as and item.same_as in self._rows:
                groups.setdefault(item.same_as, {item.same_as}).add(item.item_id)
        return {member: frozenset(group) for group in groups.values() for member in group}
