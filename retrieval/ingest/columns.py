"""One column of an unknown file -> a field: what its cells are, in which unit, with which order and synonyms."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from retrieval.certificates import certificate_age
from retrieval.ingest.cells import UNKNOWN, as_flag, as_list, as_number, as_text, as_year
from retrieval.ingest.quantities import ImpossibleError, as_quantity
from retrieval.ingest.tables import Value
from retrieval.schema import LEVELS, SUITS_FROM, FieldKind, FieldSpec
from retrieval.units import kind_of, read_quantity, unit_named

PEOPLE = ("author", "writer", "director", "actor", "cast", "artist", "creator", "performer", "composer", "designer")
SOFT = ("tag", "theme", "subject", "keyword", "topic", "mood")
YEARS = ("year", "release_year", "publication_year", "published", "first_published", "year_published")
DURATIONS = ("runtime", "running_time", "duration", "minutes", "length_min", "playtime")
PAGES = ("pages", "page_count", "num_pages", "number_of_pages")
MONEY = ("price", "cost", "amount", "fee", "msrp")
SCORES = ("score", "rating", "stars", "imdb", "metascore", "vote_average", "grade")
AGES = ("age", "certificat", "mpaa", "fsk", "pegi", "usk", "bbfc", "content_rating", "suitab", "esrb")
CONTENTS = {
    **dict.fromkeys(("violence", "gore"), "violence"),
    **dict.fromkeys(("sex", "nudity"), "sex"),
    **dict.fromkeys(("fear", "scar", "fright"), "fear"),
    **dict.fromkeys(("profanity", "swear", "language_level"), "profanity"),
    **dict.fromkeys(("sorrow", "sad", "distress", "grief"), "sorrow"),
}
ONE_SUFFICES = ("service", "platform", "provider", "stream", "language", "subtitle", "size", "color", "colour",
                "format", "country", "store", "available", "shop", "edition")  # fmt: skip
WORDS = {
    "duration": ("running time", "runtime", "length", "duration", "long"),
    "pages": ("pages", "length", "long"),
    "money": ("price", "cost", "costs", "cheap"),
    "score": ("rated", "rating", "score"),
}
"""Everyday words for a kind of quantity."""
ASKED = ("duration", "money", "pages", "weight")
"""Kinds of quantity that people have a limit for."""
SCALES = ((0.0, 1.0), (0.0, 5.0), (0.0, 10.0), (0.0, 100.0))
MOST_CATEGORIES = 60
FEW = 8
"""Values of a closed list that can be asked about."""
ENOUGH = 0.95
"""The share of cells that must be readable."""
PARTED = 0.2
"""The share of cells with several values in a column of lists."""
LONGEST_VALUE = 50
Reader = Callable[[Value], float | None]
RESERVED = frozenset(("id", "title", "text", "aka", "same_as", "queries"))


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be."""

    column: str
    note: str
    """For a person to read: what it was taken for, or why it cannot be used."""
    specs: tuple[FieldSpec, ...] = ()
    separator: str = ""
    flag: str = ""
    """The value of a cell that says yes; '' where cells say something else."""


def guess_column(column: str, cells: Sequence[Value]) -> Guess:
    """What a column seems to be, from its name and its cells (those that are not empty)."""
    name = field_name(column)
    said = [cell for cell in cells if as_text(cell).casefold() not in UNKNOWN]
    texts = Counter(map(as_text, said))
    if not name or name in RESERVED:
        return Guess(column, "left out: no usable name (letters and digits, beginning with a letter)")
    if not said:
        return Guess(column, "left out: no cell says anything")
    if len(texts) == 1 and len(said) > 1:
        return Guess(column, f"left out: {next(iter(texts))[:40]!r} in every row tells nothing apart")
    if guessed := _content(column, name, cells):  # 'none' is a level there
        return guessed
    for guess in () if _is_parted(said) else (_age, _year, _number, _flag):
        if guessed := guess(column, name, said):
            return guessed
    return _values(column, name, said)


def field_name(column: str) -> str:
    """A column's name as a field's name: 'Author(s)' -> 'author_s'; '' where nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "_", column.casefold()).strip("_")[:32].strip("_")
    return name if re.match(r"[a-z]", name) else ""


def is_people(name: str) -> bool:
    """Whether a name of a column speaks of people."""
    return any(word in name for word in PEOPLE)


def is_soft(name: str) -> bool:
    """Whether what it holds is a wish rather than a limit."""
    return any(word in name for word in SOFT)


def label(name: str) -> dict[str, str]:
    """The label of a guessed field."""
    return {"en": name.replace("_", " ")}


def _content(column: str, name: str, cells: Sequence[Value]) -> Guess | None:
    """How much there is of something that not everybody wants to see."""
    role = next((role for word, role in CONTENTS.items() if name.startswith(word) or name.endswith(f"_{word}")), "")
    order = _order(cells) if role else ()
    if not order:
        return None
    spec = _spec(name, FieldKind.CATEGORY, order=order, role=role, on_card=False)
    return Guess(column, f"how much {role} there is, from least to most: {', '.join(order)}", (spec,))


def _age(column: str, name: str, cells: Sequence[Value]) -> Guess | None:
    """An age rating: an order of its own, and the age from which it suits."""
    ages = {text: certificate_age(text) for text in map(as_text, cells)}
    is_called = any(name.startswith(word) or f"_{word}" in name for word in AGES)
    known = sum(ages[as_text(cell)] is not None for cell in cells)
    is_number = _readable(cells, lambda cell: as_number(cell, ""))
    if known < (0.8 if is_called else ENOUGH) * len(cells) or (is_number and not is_called):
        return None
    suits = _spec(SUITS_FROM, FieldKind.NUMBER, role=SUITS_FROM, label={"en": "suitable age"}, unit="")
    if is_number:
        return Guess(column, "the age from which it suits", (suits,))
    order = sorted((text for text, age in ages.items() if age is not None), key=lambda text: (ages[text] or 0, text))
    rating = _spec(name, FieldKind.CATEGORY, order=tuple(order) if len(order) > 1 else (), ask=True)
    note = f"an age rating, from least to most: {', '.join(order)}; and the age from which it suits"
    return Guess(column, note, (rating, suits))


def _year(column: str, name: str, cells: Sequence[Value]) -> Guess | None:
    """Years, or dates of which the year is kept."""
    is_plain = _readable(cells, lambda cell: as_number(cell, ""))
    if is_plain:
        is_year = name in YEARS or name.endswith("_year")
        is_year &= all(1000 <= (_plain(cell) or 1000) <= 2200 for cell in cells)
    else:
        is_year = _readable(cells, lambda cell: as_year(cell, ""))
    if not is_year:
        return None
    is_main = name in YEARS or name in ("date", "release_date", "released", "publication_date")
    spec = _spec(
        "year" if is_main else name,
        FieldKind.NUMBER,
        unit="year",
        words=tuple(dict.fromkeys((label(name)["en"], "year"))),
    )
    return Guess(column, "years" if is_plain else "dates, of which the year is kept", (spec,))


def _number(column: str, name: str, cells: Sequence[Value]) -> Guess | None:
    """A quantity, in the unit that most cells or the column's name say."""
    unit, scale = _unit(column, name, cells), None
    numbers = [number for cell in cells if (number := _plain(cell)) is not None]
    if any(word in name for word in SCORES) or any(
        re.search(r"\d\s*(?:/|out of)\s*\d|%", as_text(c)) for c in cells[:20]
    ):
        unit, scale = "", _scale(cells, numbers)
    spec = _spec(name, FieldKind.NUMBER, unit=unit, scale=scale, ask=kind_of(unit) in ASKED)
    spec = spec.model_copy(update={"words": _words(name, "score" if scale else kind_of(unit))})
    readable = sum(_reads(cell, spec) for cell in cells)
    if readable < ENOUGH * len(cells):
        mixed = any(read_quantity(as_text(cell)) for cell in cells) and readable >= 0.5 * len(cells)
        return Guess(column, f"left out: only {readable} of {len(cells)} cells are numbers") if mixed else None
    kind = f"numbers in {unit}" if unit else f"a score from {scale[0]:g} to {scale[1]:g}" if scale else "numbers"
    return Guess(column, kind, (spec,))


def _flag(column: str, name: str, cells: Sequence[Value]) -> Guess | None:
    """Yes or no: the field's own name is the value."""
    if not all(as_flag(cell) is not None for cell in cells):
        return None
    word = re.sub(r"^(?:is|has)\s+", "", label(name)["en"])
    spec = _spec(name, FieldKind.CATEGORY, synonyms={f"not {word}": (f"no {word}", f"non-{word}", f"without {word}")})
    return Guess(column, f"yes or no: {word!r} or not", (spec,), flag=word)


def _values(column: str, name: str, cells: Sequence[Value]) -> Guess:
    """One or several words or names."""
    separator = _separator(cells)
    values = Counter(value for cell in cells for value in as_list(cell, separator))
    if any(value.startswith(("http://", "https://")) for value in values):
        return Guess(column, "left out: links")
    if not values or _mean_length(values) > LONGEST_VALUE:
        return Guess(column, "left out: long texts (name one as text under [columns] to have it searched by meaning)")
    people, order = is_people(name), _order([*values])
    closed = bool(order) or (len(values) <= min(MOST_CATEGORIES, sum(values.values()) / 2) and not people)
    spec = _spec(
        name,
        FieldKind.CATEGORY if closed else FieldKind.ENTITY,
        people=people,
        soft=is_soft(name),
        order=order if closed else (),
        ask=closed and not is_soft(name) and (bool(order) or len(values) <= FEW or _is_choice(name)),
        standard=_standard(name, values),
        one_suffices=_is_choice(name),
        synonyms=_synonyms(name, values) if closed else {},
    )
    said = "one of a few words" if closed else "names of people" if people else "names"
    said += f", {len(values)} different" + (f", parted by {separator!r}" if separator else "")
    said += f", from least to most: {', '.join(order)}" if spec.order else ""
    said += ", of several that are asked for one suffices" if spec.one_suffices else ""
    return Guess(column, said, (spec,), separator)


def _spec(name: str, kind: FieldKind, **more: object) -> FieldSpec:
    return FieldSpec.model_validate({"name": name, "kind": kind, "label": label(name), **more})


def _unit(column: str, name: str, cells: Sequence[Value]) -> str:
    """What most cells say, else what the column's name says, else what is usual for such a name."""
    said = Counter(
        quantity.unit for cell in cells if (quantity := read_quantity(as_text(cell))) is not None and quantity.unit
    )
    if said and said.total() >= len(cells) / 2:
        unit = said.most_common(1)[0][0]
        return "EUR" if unit == "€" else unit
    for word in reversed(re.findall(r"[^\W\d_]+|[$€£¥]", column)):
        if (unit := unit_named(word)) and (len(word) > 1 or not word.isalpha()):
            return unit
    if any(word in name for word in DURATIONS):
        return "minutes"
    return "pages" if name in PAGES else ""


def _words(name: str, kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((label(name)["en"], *WORDS.get(kind, ()))))


def _scale(cells: Sequence[Value], numbers: Sequence[float]) -> tuple[float, float]:
    """The smallest usual scale that holds (nearly) all scores; '8/10' and '85%' name theirs."""
    named = Counter(match[1] for cell in cells if (match := re.search(r"\d\s*(?:/|out of)\s*(\d+)", as_text(cell))))
    if named:
        return 0.0, float(named.most_common(1)[0][0])
    for low, high in SCALES:
        if sum(low <= number <= high for number in numbers) >= ENOUGH * len(numbers) and numbers:
            return low, high
    return SCALES[-1]


def _order(cells: Sequence[Value]) -> tuple[str, ...]:
    """The cells' values from least to most, where they are words of a usual order."""
    spelled = {text.casefold(): text for text in map(as_text, cells)}
    orders = [list(LEVELS), *_shipped()["orders"]]
    order = next((known_order for known_order in orders if {*spelled} <= {*known_order}), ())
    return tuple(spelled.get(word, word) for word in order if word in spelled or order == list(LEVELS))


def _standard(name: str, values: Iterable[str]) -> str:
    is_code = all(re.fullmatch(r"[A-Z]{2}", value) for value in values)
    return "territory" if is_code and "countr" in name else "language" if "language" in name and not is_code else ""


def _is_choice(name: str) -> bool:
    """Whether of several values one suffices."""
    return any(word in name for word in ONE_SUFFICES)


def _synonyms(name: str, values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What else the values are called, by the shipped list; single letters stand for sizes alone."""
    synonyms = {}
    taken = {value.casefold() for value in values}
    for value in values:
        row = next((row for row in _shipped()["rows"] if value.casefold() in row), ())
        if others := tuple(word for word in row if word not in taken and (len(word) > 1 or "size" in name)):
            synonyms[value] = others
    return synonyms


def _separator(cells: Sequence[Value]) -> str:
    """',' (or '/') where splitting leaves far fewer different values, each short; '' for the usual ones."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    if not texts or any("|" in text or ";" in text or text.lstrip().startswith("[") for text in texts):
        return ""
    for mark in (",", "/"):
        pieces = [piece.strip() for text in texts for piece in text.split(mark)]
        many = sum(mark in text for text in texts) >= 0.2 * len(texts)
        if many and len({*pieces}) <= 0.8 * len({*texts}) and _mean_length({*pieces}) <= 25:
            return mark
    return ""


def _is_parted(cells: Sequence[Value]) -> bool:
    """Whether cells hold several values: numbers among them are names, too ('12|7|40')."""
    return sum("|" in as_text(cell) for cell in cells) >= PARTED * len(cells)


def _readable(cells: Sequence[Value], read: Reader) -> bool:
    return sum(_can(read, cell) for cell in cells) >= ENOUGH * len(cells)


def _reads(cell: Value, spec: FieldSpec) -> bool:
    try:
        as_quantity(cell, spec)
    except ImpossibleError:
        return True
    except ValueError:
        return False
    return True


def _can(read: Reader, cell: Value) -> bool:
    try:
        return read(cell) is not None
    except ValueError:
        return False


def _plain(cell: Value) -> float | None:
    try:
        return as_number(cell, "")
    except ValueError:
        return None


def _mean_length(texts: Iterable[str]) -> float:
    lengths = [len(text) for text in texts]
    return sum(lengths) / max(len(lengths), 1)


@cache
def _shipped() -> dict[str, list[list[str]]]:
    return tomllib.loads(files(__package__).joinpath("synonyms.toml").read_text("utf-8"))
