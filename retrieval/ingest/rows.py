"""Rows become items and interactions; every row that cannot is named with its line and reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.history import Interaction
from retrieval.ingest.cells import (
    LONGEST_TITLE,
    LONGEST_VALUE,
    MOST_VALUES,
    as_flag,
    as_id,
    as_number,
    as_text,
    as_time,
    short_list,
    short_text,
)
from retrieval.ingest.columns import field_name
from retrieval.ingest.quantities import ImpossibleError, as_quantity
from retrieval.ingest.spec import Columns, FactColumns, IngestSpec, InteractionColumns
from retrieval.ingest.tables import BadRow, Row, Table
from retrieval.items import Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

COVERED = 0.98
"""The share of ratings that a scale must hold; the others are reported as slips."""
HIGHEST = (1.0, 5.0, 10.0, 100.0)
LOWEST = {1.0: (0.0, -1.0), 5.0: (1.0, 0.5, 0.0), 10.0: (1.0, 0.0), 100.0: (0.0,)}


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest rating possible."""

    low: float
    high: float

    def weight(self, rating: float) -> float:
        """A rating as a weight from -1 to 1."""
        if not self.low <= rating <= self.high:
            raise ValueError(f"rating {rating:g} is outside the scale {self}")
        return 2.0 * (rating - self.low) / (self.high - self.low) - 1.0

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


WEIGHTS = Scale(-1.0, 1.0)


def find_scale(ratings: Sequence[float]) -> Scale | None:
    """The smallest usual scale that holds (nearly) all ratings; None where none does."""
    for high in HIGHEST:
        held = [rating for rating in ratings if min(LOWEST[high]) <= rating <= high]
        if held and len(held) >= COVERED * len(ratings):
            low = next(low for low in LOWEST[high] if low <= min(held))
            return Scale(low, high)
    return None


def ratings_of(table: Table, columns: InteractionColumns) -> list[float]:
    """Every readable number of the rating column."""
    ratings = []
    for cell in table.column(columns.rating):
        try:
            number = as_number(cell, "rating")
        except ValueError:
            continue
        if number is not None:
            ratings.append(number)
    return ratings


def read_items(table: Table, spec: IngestSpec, odd: list[BadRow]) -> tuple[dict[str, Item], list[BadRow]]:
    """The items by id; of two rows with one id the first stays.

    Args:
        table: The items file.
        spec: What its columns mean.
        odd: Takes what single cells say that there cannot be; such a value counts as unknown, and what is too long.
    """
    items: dict[str, Item] = {}
    lines: dict[str, int] = {}
    bad: list[BadRow] = []
    for row in table.rows:
        try:
            item = _item(row, spec, odd_of := list[str]())
            odd += [BadRow(table.path.name, row.line, reason) for reason in odd_of]
            if item.item_id in items:
                raise ValueError(f"id {item.item_id!a} was taken by line {lines[item.item_id]}")
        except ValueError as error:
            bad.append(BadRow(table.path.name, row.line, str(error)))
            continue
        items[item.item_id] = item
        lines[item.item_id] = row.line
    return items, bad


def read_interactions(
    table: Table, columns: InteractionColumns, scale: Scale | None, items: Mapping[str, Item]
) -> tuple[list[Interaction], list[BadRow]]:
    """What users did with known items, in the order of the lines."""
    interactions: list[Interaction] = []
    bad: list[BadRow] = []
    for row in table.rows:
        try:
            interactions.append(_interaction(row, columns, scale, items))
        except ValueError as error:
            bad.append(BadRow(table.path.name, row.line, str(error)))
    return interactions, bad


def add_facts(
    table: Table, columns: FactColumns, schema: CatalogSchema, items: dict[str, Item]
) -> tuple[dict[str, Item], list[BadRow]]:
    """The items with one more value for each readable fact."""
    fields = {spec.name: spec for spec in schema.fields}
    more: dict[str, dict[str, list[str]]] = {}
    numbers: dict[str, dict[str, float]] = {}
    bad: list[BadRow] = []
    for row in table.rows:
        try:
            item_id = _known(row.cells.get(columns.item_id), items)
            spec = _relation(as_text(row.cells.get(columns.relation)), fields)
            cell = row.cells.get(columns.value)
            if spec.kind is FieldKind.NUMBER:
                number = as_quantity(cell, spec)
                numbers.setdefault(item_id, {}).update({} if number is None else {spec.name: number})
                continue
            if not (value := as_text(cell)):
                raise ValueError("no value")
            if len(value) > LONGEST_VALUE:
                raise ValueError(f"value must be up to {LONGEST_VALUE} characters, found {len(value)}")
            held = more.setdefault(item_id, {}).setdefault(spec.name, [])
            if len(held) + len(items[item_id].values.get(spec.name, ())) >= MOST_VALUES:
                raise ValueError(f"{spec.name} of one item must be up to {MOST_VALUES} values, found more")
            held.append(value)
        except ValueError as error:
            bad.append(BadRow(table.path.name, row.line, str(error)))
    return {key: _with(item, more.get(key, {}), numbers.get(key, {})) for key, item in items.items()}, bad


def odd_degrees(table: Table, columns: Columns, items: Mapping[str, Item]) -> list[BadRow]:
    """The main and slight values that an item does not have, where nothing comes of them."""
    found = []
    for row in table.rows:
        item = items.get(as_text(row.cells.get(columns.id)).strip())
        if item is None or not (item.main or item.slight):
            continue
        held = {value for values in item.values.values() for value in values}
        absent = [value for value in (*item.main, *item.slight) if value not in held]
        if absent:
            reason = f"main or slight values must be values of the item, found {absent[0][:40]!a}"
            found.append(BadRow(table.path.name, row.line, reason))
    return found


def _item(row: Row, spec: IngestSpec, odd: list[str]) -> Item:
    cells, columns = row.cells, spec.columns
    title = " ".join(as_text(cells.get(columns.title)).split())
    item_id = as_id(cells.get(columns.id), "id")
    if not title:
        raise ValueError("no title")
    if len(title) > LONGEST_TITLE:
        raise ValueError(f"title must be up to {LONGEST_TITLE} characters, found {len(title)}")
    values: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, float] = {}
    for field in spec.catalog.fields:
        cell = cells.get(spec.column_of(field.name))
        if field.kind is FieldKind.NUMBER:
            try:
                number = as_quantity(cell, field)
            except ImpossibleError as error:
                odd.append(f"{error}: taken as unknown")
                continue
            numbers.update({} if number is None else {field.name: number})
        elif field.name in columns.flags:
            flag = as_flag(cell)
            word = columns.flags[field.name]
            values.update({} if flag is None else {field.name: (word if flag else f"not {word}",)})
        elif (text := as_text(cell)) in field.order:
            values[field.name] = (text,)
        elif listed := short_list(cell, columns.separators.get(field.name, ""), field.name, odd):
            values[field.name] = listed
    main = short_list(cells.get(columns.main), "", columns.main, odd)
    slight = short_list(cells.get(columns.slight), "", columns.slight, odd)
    return Item(
        item_id,
        title,
        values=values,
        numbers=numbers,
        text=short_text(cells.get(columns.text), columns.text, odd),
        aka=short_list(cells.get(columns.aka), "", columns.aka, odd),
        same_as=as_text(cells.get(columns.same_as)),
        remarks={
            remark.name: listed
            for remark in spec.catalog.remarks
            if (listed := short_list(cells.get(remark.name), "", remark.name, odd))
        },
        main=main,
        slight=tuple(value for value in slight if value not in main),
        queries=short_list(cells.get(columns.queries), "", columns.queries, odd),
    )


def _interaction(row: Row, columns: InteractionColumns, scale: Scale | None, items: Mapping[str, Item]) -> Interaction:
    user_id = as_id(row.cells.get(columns.user_id), "user id")
    item_id = _known(row.cells.get(columns.item_id), items)
    weight = 1.0
    if scale is not None:
        name = columns.weight or columns.rating
        number = as_number(row.cells.get(name), name)
        if number is None:
            raise ValueError(f"no {name}")
        weight = scale.weight(number)
    stamp = as_time(row.cells.get(columns.timestamp)) if columns.timestamp else 0.0
    return Interaction(user_id, item_id, weight, stamp)


def _known(cell: object, items: Mapping[str, Item]) -> str:
    item_id = as_id(cell, "item id")
    if item_id not in items:
        raise ValueError(f"item id {item_id!a} is not among the items")
    return item_id


def _relation(name: str, fields: Mapping[str, FieldSpec]) -> FieldSpec:
    spec = fields.get(name) or fields.get(field_name(name))
    if spec is None:
        raise ValueError(f"relation {name[:40]!a} is no field of the schema; it has {', '.join(fields)}")
    return spec


def _with(item: Item, more: Mapping[str, Iterable[str]], numbers: Mapping[str, float]) -> Item:
    if not more and not numbers:
        return item
    values = dict(item.values)
    for name, added in more.items():
        values[name] = tuple(dict.fromkeys((*values.get(name, ()), *added)))
    return replace(item, values=values, numbers={**item.numbers, **numbers})
