"""What the catalog knows in a message: items, values, numbers, each with the words around it. Judges nothing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.drivers.text import Spot, is_free
from retrieval.items import Catalog
from retrieval.schema import CONTENT, SUITS_FROM, CatalogSchema, FieldKind, FieldSpec
from retrieval.titles import UNSPACED
from retrieval.units import in_unit, kind_of, read_quantity
from tools.audience import find_audiences
from tools.render import one_line

MOST = 8
"""Things that one message lists."""
BEFORE, AFTER = 3, 3
"""Words around a thing that stand in its key."""
DIGITS = re.compile(r"(?<![a-zA-Z_\d.,#])(\d{1,4})(?!\d|[.,]\d)['’]?[a-z]{0,3}(?![a-z])")
YEARS = range(1880, 2041)
IT = "it"
"""The key of what the last reply was about."""
UNIT = 16
"""Characters behind a number in which its unit is looked for."""
AGE = "-year"
"""Stands behind a number that is an age: 'an 80-year-old'."""
LEAST_DECADE = 20
"""Two digits that may be a decade: 20 to 90, ending in 0."""
STOP = r"[,.;:!?()\[\]{}\"“”«»「」『』《》。，、；：！？…–—/\n]"
PIECE = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['’-][^\W_{UNSPACED}]+)*")


class Kind(StrEnum):
    """What sort of thing it is: it decides which roles it can have."""

    ITEM = "item"
    VALUE = "value"
    NUMBER = "number"
    SPAN = "span"
    """A stretch of numbers that words name ('the nineties')."""
    AUDIENCE = "audience"
    """An age or company: whom it may be for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of the list that the model sees."""

    key: str
    """The words of the message around it."""
    kind: Kind
    label: str
    references: tuple[str, ...] = ()
    """Of items, as tools take them."""
    field: str = ""
    values: tuple[str | float, ...] = ()
    """The value; for a span the first and the last."""
    is_year: bool = False
    options: tuple[str, ...] = ()
    """Item ids, where a title may be several items."""
    start: int = 0
    """Where in the message it is named."""
    end: int = 0

    @property
    def line(self) -> str:
        """'"no horror please" = genre Horror'."""
        return f'"{self.key}" = {self.label}'


Place = tuple[int, int, Thing]
"""Start and end in the message, and the thing, still without its key."""


def things_in(
    message: str, spots: Sequence[Spot], catalog: Catalog, shown: Sequence[str], *, most: int = MOST
) -> tuple[Thing, ...]:
    """The list for one message, in its order, each thing once."""
    places = sorted(_places(message, spots, catalog, shown), key=lambda place: place[0])
    unique = list({(thing.kind, thing.label): (start, end, thing) for start, end, thing in reversed(places)}.values())
    unique = unique[::-1][:most]
    things: dict[str, Thing] = {}
    for number, (start, end, thing) in enumerate(unique):
        low = unique[number - 1][1] if number else 0
        high = unique[number + 1][0] if number + 1 < len(unique) else len(message)
        key = around(message, start, end, low=low, high=max(high, end))
        while key in things:
            key += " "
        things[key] = replace(thing, key=key, start=start, end=end)
    return tuple(things.values())


def with_it(things: tuple[Thing, ...], item_id: str, catalog: Catalog) -> tuple[Thing, ...]:
    """The list with the item that the last reply was about, where the message does not name it: 'how long is it?'."""
    named = {reference for thing in things for reference in thing.references}
    if item_id not in catalog or item_id in named or any(thing.key == IT for thing in things):
        return things
    return (*things, Thing(IT, Kind.ITEM, f"{one_line(catalog.item(item_id).label)}, spoken of last", (item_id,)))


def around(message: str, start: int, end: int, *, low: int = 0, high: int | None = None) -> str:
    """The words of a stretch and some around it, within its clause and between its neighbors."""
    before = re.split(STOP, message[min(low, start) : start])[-1]
    after = re.split(STOP, message[end:high])[0]
    left = list(PIECE.finditer(before))[-_reach(before, BEFORE) :]
    right = list(PIECE.finditer(after))[: _reach(after, AFTER)]
    head = before[left[0].start() :] if left else ""
    tail = after[: right[-1].end()] if right else ""
    return one_line(f"{head}{message[start:end]}{tail}").replace("\\", " ").replace('"', "'").strip()


def _reach(text: str, words: int) -> int:
    """Scripts without spaces count signs: some of them make a word."""
    return 2 * words if re.search(rf"[{UNSPACED}]", text) else words


def _places(message: str, spots: Sequence[Spot], catalog: Catalog, shown: Sequence[str]) -> Iterator[Place]:
    spans: dict[tuple[int, int], list[Spot]] = {}
    for spot in spots:
        if spot.kind in ("title", "place"):
            yield spot.start, spot.end, item_of(spot, catalog, shown)
        elif spot.kind == "value" and not spot.words.isdigit():
            yield spot.start, spot.end, value_of(spot.field, str(spot.value), catalog.schema)
        elif spot.kind == "number" and spot.field and not any(char.isdigit() for char in spot.words):
            spans.setdefault((spot.start, spot.end), []).append(spot)
    covered = [(spot.start, spot.end) for spot in spots if spot.kind in ("title", "place")]
    for whom in find_audiences(message) if catalog.schema.of_role(SUITS_FROM, *CONTENT) else ():
        if is_free(whom.place, covered):
            yield *whom.place, Thing("", Kind.AUDIENCE, f"whom: {one_line(whom.words)}", values=(whom.words,))
            covered.append(whom.place)
    yield from _digits(message, covered, catalog.schema)
    for (start, end), group in spans.items():
        spec = catalog.schema.field(group[0].field)
        yield start, end, number_of(spec, *sorted({float(spot.value) for spot in group}))


def item_of(spot: Spot, catalog: Catalog, shown: Sequence[str]) -> Thing:
    """A title that several items have, or none, keeps its words: the user is asked, or told."""
    known = [item_id for item_id in spot.item_ids if item_id in catalog]
    if spot.kind == "title" and len(known) != 1:
        words = one_line(spot.words).strip("《》“”\"'‘’ ")
        return Thing("", Kind.ITEM, f"title {words}", (words,), options=tuple(known))
    labels = [_label(item_id, catalog, shown) for item_id in known]
    return Thing("", Kind.ITEM, ", ".join(labels), tuple(known))


def _label(item_id: str, catalog: Catalog, shown: Sequence[str]) -> str:
    place = f"#{shown.index(item_id) + 1} " if item_id in shown else ""
    return f"{place}{one_line(catalog.item(item_id).label)}"


def value_of(field: str, value: str, schema: CatalogSchema) -> Thing:
    """A value of a category or entity field."""
    spec = schema.field(field)
    label = f"{spec.label_in('en')} {one_line(spec.value_in(value, 'en'))}"
    return Thing("", Kind.VALUE, label, (), spec.name, (value,))


def _digits(message: str, covered: Sequence[tuple[int, int]], schema: CatalogSchema) -> Iterator[Place]:
    """Years and amounts in digits, in the text of any script."""
    specs = schema.of_kind(FieldKind.NUMBER)
    years = next((spec for spec in specs if spec.unit == "year"), None)
    for match in DIGITS.finditer(message):
        if any(start < match.end() and match.start() < end for start, end in covered):
            continue
        year = None if message[match.end() :].startswith(AGE) else _year(match.group(1))
        if years is not None and year is not None:
            yield match.start(), match.end(), number_of(years, year)
        elif found := measured(match.group(1), message[match.end(1) : match.end(1) + UNIT], specs):
            yield match.start(), match.end(), number_of(*found)


def _year(digits: str) -> float | None:
    number = int(digits)
    if number in YEARS:
        return float(number)
    if len(digits) == 2 and number >= LEAST_DECADE and number % 10 == 0:
        return float((2000 if number < 30 else 1900) + number)
    return None


def measured(digits: str, following: str, specs: Sequence[FieldSpec]) -> tuple[FieldSpec, float] | None:
    """The field whose unit, or one of its kind, stands behind a number, and the number in it; 'years' are an age."""
    for spec in (spec for spec in specs if spec.unit != "year"):
        if any(following.casefold().lstrip().startswith(word.casefold()) for word in (spec.unit, *spec.words) if word):
            return spec, float(digits)
    said = read_quantity(f"{digits}{re.split(STOP, following)[0]}")
    for spec in specs if said is not None and kind_of(said.unit) else ():
        number = in_unit(said, spec.unit) if said is not None and kind_of(spec.unit) else None
        if number is not None:
            return spec, number
    return None


def number_of(spec: FieldSpec, first: float, last: float | None = None) -> Thing:
    """A number of a field, or the stretch of numbers up to `last`."""
    is_year, label = spec.unit == "year", f"{spec.label_in('en')} {first:g}"
    if last is None:
        return Thing("", Kind.NUMBER, label, (), spec.name, (first,), is_year)
    return Thing("", Kind.SPAN, f"{label} to {last:g}", (), spec.name, (first, last), is_year)
