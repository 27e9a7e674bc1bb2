"""Guesses what the columns of unknown files mean, from their names and their values."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from retrieval.errors import BadDataError
from retrieval.ingest.cells import as_text
from retrieval.ingest.columns import RESERVED, field_name, guess_column, is_people, is_soft, label
from retrieval.ingest.spec import Columns, FactColumns, IngestSpec, InteractionColumns
from retrieval.ingest.tables import Table
from retrieval.schema import ITEM, ITEMS, CatalogSchema, FieldKind, FieldSpec

IDS = ("id", "item_id", "itemid", "item", "sku", "asin", "isbn", "isbn13", "product_id", "key", "uid")
TITLES = ("title", "name", "item_name", "product_name", "label")
TEXTS = ("description", "synopsis", "summary", "overview", "text", "blurb", "plot", "abstract", "about", "body")
AKA = ("aka", "other_titles", "original_title", "alternative_titles", "also_known_as")
SAME_AS = ("same_as", "duplicate_of")
QUERIES = ("queries", "search_phrases")
USERS = ("user_id", "userid", "user", "reader", "customer", "customer_id", "member", "person")
RATINGS = ("rating", "stars", "score", "rate", "grade")
WEIGHTS = ("weight",)
TIMES = ("timestamp", "time", "date", "datetime", "created_at", "rated_at", "ts")
RELATIONS = ("relation", "predicate", "property", "field")
VALUES = ("value", "object", "entity", "tail")
UNTOLD = ("items", "products", "articles", "rows", "records", "results", "entries", "titles", "files", "things")
"""Names of files that say nothing of what is in them."""
LOOKED_AT = 5000
"""Rows that are looked at."""


def guess_texts(items: Table) -> dict[str, str]:
    """The columns of the description, of other titles, of doubles and of queries; '' where there is none."""
    usual = {"text": TEXTS, "aka": AKA, "same_as": SAME_AS, "queries": QUERIES}
    return {name: _pick(items, names) or "" for name, names in usual.items()}


def guess_spec(items: Table, interactions: Table | None = None, facts: Table | None = None) -> IngestSpec:
    """What the columns seem to mean; to be confirmed by somebody who knows.

    Raises:
        BadDataError: There is no column that could be the id or the title.
    """
    id_column = _pick(items, IDS) or _first_unique(items)
    title = _pick(items, TITLES) or _first_unique(items, besides=id_column)
    texts = guess_texts(items)
    specs: list[FieldSpec] = []
    names: dict[str, str] = {}
    guesses = [
        guess_column(column, list(islice(items.column(column), LOOKED_AT)))
        for column in items.columns
        if column not in (id_column, title, *texts.values())
    ]
    for guess in guesses:
        for spec in (spec for spec in guess.specs if spec.name not in names):
            specs.append(spec)
            names[spec.name] = guess.column
    specs += _fields_of_facts(facts, names)
    columns = Columns(
        id=id_column,
        title=title,
        **texts,
        fields={name: column for name, column in names.items() if name != column},
        separators={guess.specs[0].name: guess.separator for guess in guesses if guess.separator},
        flags={guess.specs[0].name: guess.flag for guess in guesses if guess.flag},
        interactions=guess_interactions(interactions) if interactions else None,
        facts=guess_facts(facts) if facts else None,
    )
    name = re.sub(r"[^a-z0-9_]+", "_", items.path.stem.casefold()).strip("_") or "items"
    return IngestSpec(
        catalog=CatalogSchema(name=name, fields=tuple(specs)).model_copy(update=_nouns(name)),
        columns=columns,
        notes=tuple(f"{guess.column}: {guess.note}" for guess in guesses),
    )


def _nouns(name: str) -> dict[str, dict[str, str]]:
    """What the items are called, after a file such as bikes.csv; nothing where its name says nothing."""
    if not re.fullmatch(r"[a-z]{3,20}s", name) or name in UNTOLD or name.endswith("ss"):
        return {}
    singular = f"{name[:-3]}y" if name.endswith("ies") and len(name) > 6 else name[:-1]
    return {"noun": {**ITEM, "en": singular}, "nouns": {**ITEMS, "en": name}}


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


def _pick(table: Table, names: Sequence[str]) -> str | None:
    plain = {re.sub(r"[\s\-]+", "_", column.casefold().strip()): column for column in reversed(table.columns)}
    return next((plain[name] for name in names if name in plain), None)


def _need(table: Table, names: Sequence[str], what: str) -> str:
    column = _pick(table, names)
    if column is None:
        raise BadDataError(
            f"{table.path} has no {what} column: looked for {', '.join(names[:4])} ...; found "
            f"{', '.join(table.columns)}. Name it in the schema's [columns] table, see docs/bring-your-own.md."
        )
    return column


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


def _fields_of_facts(facts: Table | None, taken: Iterable[str]) -> list[FieldSpec]:
    if facts is None:
        return []
    relations = dict.fromkeys(field_name(as_text(cell)) for cell in facts.column(guess_facts(facts).relation))
    return [
        FieldSpec(name=name, kind=FieldKind.ENTITY, label=label(name), people=is_people(name), soft=is_soft(name))
        for name in relations
        if name and name not in taken and name not in RESERVED
    ]


def _mean_length(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / max(len(texts), 1)
