"""Guesses what the columns of unknown files mean, from their names and their values."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from retrieval.errors import BadDataError
from retrieval.ingest.cells import UNKNOWN, as_list, as_number, as_text
from retrieval.ingest.spec import Columns, FactColumns, IngestSpec, InteractionColumns
from retrieval.ingest.tables import Table
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

IDS = ("id", "item_id", "itemid", "item", "sku", "asin", "isbn", "isbn13", "product_id", "key", "uid")
TITLES = ("title", "name", "item_name", "product_name", "label")
TEXTS = ("description", "synopsis", "summary", "overview", "text", "blurb", "plot", "abstract", "about", "body")
AKA = ("aka", "other_titles", "original_title", "alternative_titles", "also_known_as")
SAME_AS = ("same_as", "duplicate_of")
YEARS = ("year", "release_year", "publication_year", "published", "first_published", "year_published")
PEOPLE = ("author", "writer", "director", "actor", "cast", "artist", "creator", "performer", "composer", "designer")
SOFT = ("tag", "theme", "subject", "keyword", "topic", "mood")
USERS = ("user_id", "userid", "user", "reader", "customer", "customer_id", "member", "person")
RATINGS = ("rating", "stars", "score", "rate", "grade")
WEIGHTS = ("weight",)
TIMES = ("timestamp", "time", "date", "datetime", "created_at", "rated_at", "ts")
RELATIONS = ("relation", "predicate", "property", "field")
VALUES = ("value", "object", "entity", "tail")
LOOKED_AT = 5000
"""Rows that are looked at."""
MOST_CATEGORIES = 60
RESERVED = frozenset(("id", "title", "text", "aka", "same_as"))


def guess_texts(items: Table) -> dict[str, str]:
    """The columns of the description, of other titles and of doubles; '' where there is none."""
    return {name: _pick(items, names) or "" for name, names in (("text", TEXTS), ("aka", AKA), ("same_as", SAME_AS))}


def guess_spec(items: Table, interactions: Table | None = None, facts: Table | None = None) -> IngestSpec:
    """What the columns seem to mean; to be confirmed by somebody who knows.

    Raises:
        BadDataError: There is no column that could be the id or the title.
    """
    id_column = _pick(items, IDS) or _first_unique(items)
    title = _pick(items, TITLES) or _first_unique(items, besides=id_column)
    text, aka, same_as = guess_texts(items).values()
    specs, names, separators, notes = [], {}, {}, []
    for column in items.columns:
        if column in (id_column, title, text, aka, same_as):
            continue
        spec, separator, note = _guess_field(items, column)
        notes.append(note)
        if spec is None or spec.name in names:
            continue
        specs.append(spec)
        names[spec.name] = column
        if separator:
            separators[spec.name] = separator
    specs += _fields_of_facts(facts, names)
    columns = Columns(
        id=id_column,
        title=title,
        text=text,
        aka=aka,
        same_as=same_as,
        fields={name: column for name, column in names.items() if name != column},
        separators=separators,
        interactions=guess_interactions(interactions) if interactions else None,
        facts=guess_facts(facts) if facts else None,
    )
    name = re.sub(r"[^a-z0-9_]+", "_", items.path.stem.casefold()).strip("_") or "items"
    return IngestSpec(catalog=CatalogSchema(name=name, fields=tuple(specs)), columns=columns, notes=tuple(notes))


def guess_interactions(table: Table) -> InteractionColumns:
    """The columns of an interactions file.

    Raises:
        BadDataError: It has no user or no item column.
    """
    rating, weight = _pick(table, RATINGS), _pick(table, WEIGHTS)
    return InteractionColumns(
        user_id=_need(table, USERS, "user"),
        item_id=_need(table, ("item_id", *IDS, "book", "book_id", "product"), "item"),
        rating="" if weight else rating or "",
        weight=weight or "",
        timestamp=_pick(table, TIMES) or "",
    )


def guess_facts(table: Table) -> FactColumns:
    """The columns of a facts file.

    Raises:
        BadDataError: One of the three is not there.
    """
    return FactColumns(
        item_id=_need(table, ("item_id", *IDS), "item"),
        relation=_need(table, RELATIONS, "relation"),
        value=_need(table, VALUES, "value"),
    )


def field_name(column: str) -> str:
    """A column's name as a field's name: 'Author(s)' -> 'author_s'; '' where nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "_", column.casefold()).strip("_")[:32].strip("_")
    return name if re.match(r"[a-z]", name) else ""


def _pick(table: Table, names: Sequence[str]) -> str | None:
    plain = {re.sub(r"[\s\-]+", "_", column.casefold().strip()): column for column in reversed(table.columns)}
    return next((plain[name] for name in names if name in plain), None)


def _need(table: Table, names: Sequence[str], what: str) -> str:
    found = _pick(table, names)
    if found is None:
        raise BadDataError(
            f"{table.path} has no {what} column: looked for {', '.join(names[:4])} ...; found "
            f"{', '.join(table.columns)}. Name it in the schema's [columns] table, see docs/bring-your-own.md."
        )
    return found


def _first_unique(table: Table, *, besides: str = "") -> str:
    for column in table.columns:
        texts = [as_text(cell) for cell in islice(table.column(column), LOOKED_AT)]
        if column != besides and len(set(texts)) >= 0.9 * len(table.rows[:LOOKED_AT]) and _mean_length(texts) <= 80:
            return column
    what = "a title" if besides else "an id"
    raise BadDataError(
        f"{table.path} has no column that could be {what} (short and different in every row). Name it in the "
        "schema's [columns] table, see docs/bring-your-own.md."
    )


def _guess_field(table: Table, column: str) -> tuple[FieldSpec | None, str, str]:
    """A field, the separator of its values, and a line that says what was guessed."""
    name = field_name(column)
    cells = list(islice(table.column(column), LOOKED_AT))
    if not name or name in RESERVED or not cells:
        return None, "", f"{column}: left out (no usable name or no values)"
    if _share_of_numbers(cells) >= 0.95:
        is_year = name in YEARS and all(1000 <= (_number(cell) or 1000) <= 2200 for cell in cells)
        spec = FieldSpec(name="year" if is_year else name, kind=FieldKind.NUMBER, label=_label(name))
        spec = spec.model_copy(update={"unit": "year" if is_year else "", "words": (_label(name)["en"],)})
        return spec, "", f"{column}: numbers{' (years)' if is_year else ''}"
    separator = _separator(cells)
    lists = [as_list(cell, separator) for cell in cells]
    values = [value for found in lists for value in found]
    if not values or _mean_length(values) > 50 or any(value.startswith(("http://", "https://")) for value in values):
        return None, "", f"{column}: left out (long texts or links)"
    people = _is_people(name)
    closed = len(set(values)) <= min(MOST_CATEGORIES, len(values) / 2) and not people
    kind = FieldKind.CATEGORY if closed else FieldKind.ENTITY
    kept = FieldSpec(name=name, kind=kind, label=_label(name), people=people, soft=_is_soft(name))
    said = "one of a few words" if closed else "names of people" if people else "names"
    return (
        kept,
        separator,
        f"{column}: {said}, {len(set(values))} different{f', parted by {separator!r}' * bool(separator)}",
    )


def _fields_of_facts(facts: Table | None, taken: Iterable[str]) -> list[FieldSpec]:
    if facts is None:
        return []
    relations = dict.fromkeys(field_name(as_text(cell)) for cell in facts.column(guess_facts(facts).relation))
    return [
        FieldSpec(name=name, kind=FieldKind.ENTITY, label=_label(name), people=_is_people(name), soft=_is_soft(name))
        for name in relations
        if name and name not in taken and name not in RESERVED
    ]


def _is_people(name: str) -> bool:
    return any(word in name for word in PEOPLE)


def _is_soft(name: str) -> bool:
    return any(word in name for word in SOFT)


def _separator(cells: Sequence[object]) -> str:
    """',' where splitting at commas leaves far fewer different values; '' for the usual ones."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    if not texts or any("|" in text or ";" in text or text.lstrip().startswith("[") for text in texts):
        return ""
    pieces = {piece.strip() for text in texts for piece in text.split(",")}
    many = sum("," in text for text in texts) >= 0.2 * len(texts)
    return "," if many and len(pieces) <= 0.8 * len(set(texts)) and _mean_length(pieces) <= 25 else ""


def _share_of_numbers(cells: Sequence[object]) -> float:
    said = [cell for cell in cells if as_text(cell).casefold() not in UNKNOWN]
    return sum(_number(cell) is not None for cell in said) / max(len(said), 1)


def _number(cell: object) -> float | None:
    try:
        return as_number(cell, "")
    except ValueError:
        return None


def _mean_length(texts: Iterable[str]) -> float:
    lengths = [len(text) for text in texts]
    return sum(lengths) / max(len(lengths), 1)


def _label(name: str) -> dict[str, str]:
    return {"en": name.replace("_", " ")}
