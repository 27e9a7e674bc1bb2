"""The JSON schema of one answer, made for one message, and what an answer says. Flat, few keys, the decision first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from agent.drivers.schema.things import Kind, Thing
from retrieval.items import Catalog
from retrieval.schema import CatalogSchema, FieldKind

LANGUAGES: Final = [
    "en",
    "de",
    "fr",
    "es",
    "pt",
    "it",
    "nl",
    "sv",
    "da",
    "no",
    "fi",
    "pl",
    "cs",
    "hu",
    "ro",
    "ru",
    "uk",
    "el",
    "tr",
    "ar",
    "he",
    "fa",
    "hi",
    "zh",
    "ja",
    "ko",
    "vi",
    "th",
    "id",
]
FIND, INSTEAD, SURPRISE, TELL, RELATED = "find", "instead", "surprise", "tell", "related"
MORE, OLDER, NEWER = "more", "older", "newer"
LISTS: Final = (FIND, INSTEAD, SURPRISE, TELL, RELATED, MORE, OLDER, NEWER)
"""What ends with a list."""
COUNT, LIST, OLDEST, NEWEST = "count", "list", "oldest", "newest"
COUNTS: Final = (COUNT, LIST, OLDEST, NEWEST)
"""Look-ups of all items that keep the limits of the message."""
FACTS, COMPARE, CONNECT, WHY, WHY_NOT = "facts", "compare", "connect", "why", "why_not"
ABOUT: Final = (FACTS, COMPARE, CONNECT, WHY, WHY_NOT)
"""Questions about items."""
ME, TALK = "me", "talk"

OPINIONS: Final = ("like", "dislike", "seen", "skip")
VALUE_ROLES: Final = ("yes", "or", "no", "always", "never", "skip")
NUMBER_ROLES: Final = {
    True: ("in", "decade", "from", "until", "before", "after", "skip"),
    False: ("from", "until", "skip"),
}
SPAN_ROLES: Final = ("in", "before", "after", "skip")
DROP: Final = "drop"
"""A value of the wish that no longer matters."""
FEEL, AVOID, TEXT, TITLE = 80, 50, 240, 60
"""The longest strings of an answer, in characters."""
MOST_VALUES, MOST_OWN = 24, 3
Json = dict[str, Any]
STORY: Final = "story"
"""What is asked about items where it is no field of the catalog."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer about one message may say."""

    things: tuple[Thing, ...]
    wish: Mapping[str, str] = field(default_factory=dict)
    """Number -> key of a part of the wish as it stands."""
    wanted: frozenset[tuple[str, str]] = frozenset()
    """(field, value) of the wish as it stands."""
    has_shown: bool = False
    has_titles: bool = False
    """Whether the message may hold titles that code did not find."""
    has_count: bool = False
    """Whether a small number stands in the message."""
    sides: tuple[str, ...] = ()
    """The two values that the last reply asked about, in English."""
    only_wish: bool = False
    """Whether there is nothing to decide: several messages are read into one wish."""

    @property
    def may_point(self) -> bool:
        """Whether the message may mean an item that is not listed: a title, or one that was shown."""
        return self.has_titles or self.has_shown


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said."""

    do: str
    language: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """By the key of a thing."""
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    feel: str = ""
    avoid: str = ""
    count: int | None = None
    forget: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    """(title, role)."""
    rather: str = ""
    """The side that is chosen of the two that were asked about."""
    field: str = ""
    text: str = ""


def own_values(catalog: Catalog) -> dict[str, tuple[str, str]]:
    """English name -> (field, value) of what a message may ask for in any language: the categories' frequent values."""
    names: dict[str, tuple[str, str]] = {}
    for spec in catalog.schema.of_kind(FieldKind.CATEGORY):
        for value, _ in catalog.values(spec.name).most_common(MOST_VALUES):
            names.setdefault(spec.value_in(value, "en"), (spec.name, value))
    return names


def relations(schema: CatalogSchema) -> list[str]:
    """Roles of an item that something wanted is related to: 'directors' (by the same), 'after' (later than it)."""
    return [*(spec.name for spec in schema.fields if spec.people), "after", "before"]


def schema_of(form: Form, catalog: Catalog, own: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer: one shape for each sort of thing to do."""
    schema = catalog.schema
    spoken = [code for code in LANGUAGES if code in schema.noun]
    foreign = [code for code in LANGUAGES if code not in spoken]
    values = {"also": _listed(own), "not": _listed(own)} if own else {}
    branches = _wishes(form, schema, spoken, {}, form.has_titles) if spoken else []
    branches += _wishes(form, schema, foreign, values, form.may_point)
    if form.only_wish:
        return {"title": "step", "anyOf": branches}
    about = _titles(("about",)) if form.may_point else {}
    asked = {"field": {"enum": [*(spec.name for spec in schema.fields), STORY]}}
    branches += [
        _branch(form, LANGUAGES, [FACTS], ("about", "skip"), {**about, **asked}, only_items=True, required=("field",)),
        _branch(form, LANGUAGES, ABOUT[1:], ("about", "skip"), about, only_items=True),
        _branch(form, LANGUAGES, [ME], (), {}, only_items=True),
        _branch(form, LANGUAGES, [TALK], (), {"text": _string(TEXT)}, only_items=True, required=("text",)),
    ]
    return {"title": "step", "anyOf": branches}


def _wishes(form: Form, schema: CatalogSchema, languages: Sequence[str], values: Json, names: bool) -> list[Json]:
    """The shapes of a wish, and of a look-up; in languages whose words code does not know with values of its own."""
    rest: Json = {"rather": {"enum": [*form.sides]}} if form.sides else {}
    rest |= {"avoid": _string(AVOID), "feel": _string(FEEL)}
    if form.has_count:
        rest["count"] = {"type": "integer", "minimum": 1, "maximum": 10}
    if form.wish:
        rest["forget"] = {"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": [*form.wish]}}
    find = [FIND, TELL, SURPRISE, *([INSTEAD] if form.wish else []), *([MORE, OLDER, NEWER] if form.has_shown else [])]
    by = relations(schema)
    stated, related = (_titles(OPINIONS[:3]), _titles(by)) if names else ({}, {})
    shapes = [
        _branch(form, languages, find, OPINIONS, {**stated, **values, **rest}),
        _branch(form, languages, [RELATED], [*by, *OPINIONS], {**related, **values, **rest}),
        _branch(form, languages, COUNTS, [*by, "skip"], {**related, **values}),
    ]
    return shapes[:1] if form.only_wish else shapes


def read_answer(text: str, form: Form) -> Answer:
    """What the model wrote.

    Raises:
        ValueError: It is no JSON object with a decision.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or not isinstance(data.get("do"), str):
        raise ValueError("expected a JSON object with a decision")
    titles, count = data.get("titles"), data.get("count")
    return Answer(
        do=data["do"],
        language=_text(data, "lang"),
        roles={thing.key: _text(data, thing.key) for thing in form.things if _text(data, thing.key)},
        also=_texts(data, "also"),
        without=_texts(data, "not"),
        feel=_text(data, "feel"),
        avoid=_text(data, "avoid"),
        count=count if isinstance(count, int) else None,
        forget=_texts(data, "forget"),
        titles=tuple(
            (str(entry.get("title", "")), str(entry.get("is", "")))
            for entry in (titles if isinstance(titles, list) else ())
            if isinstance(entry, dict)
        ),
        rather=_text(data, "rather"),
        field=_text(data, "field"),
        text=_text(data, "text"),
    )


def _branch(
    form: Form,
    languages: Sequence[str],
    do: Sequence[str],
    items: Sequence[str],
    rest: dict[str, Any],
    *,
    only_items: bool = False,
    required: Sequence[str] = (),
) -> dict[str, Any]:
    """One shape: the decision, the role of every thing, and what else may be said."""
    things = {
        thing.key: {"enum": _roles(thing, items, form)}
        for thing in form.things
        if (items if thing.kind is Kind.ITEM else not only_items)
    }
    return {
        "type": "object",
        "properties": {"lang": {"enum": list(languages)}, "do": {"enum": list(do)}, **things, **rest},
        "required": ["lang", "do", *things, *required],
        "additionalProperties": False,
    }


def _roles(thing: Thing, items: Sequence[str], form: Form) -> list[str]:
    if thing.kind is Kind.ITEM:
        return list(items)
    if thing.kind is Kind.SPAN:
        return list(SPAN_ROLES)
    if thing.kind is Kind.NUMBER:
        return list(NUMBER_ROLES[thing.is_year])
    return [*VALUE_ROLES, *([DROP] if (thing.field, thing.values[0]) in form.wanted else [])]


def _titles(roles: Sequence[str]) -> dict[str, Any]:
    entry = {
        "type": "object",
        "properties": {"title": _string(TITLE), "is": {"enum": list(roles)}},
        "required": ["title", "is"],
        "additionalProperties": False,
    }
    return {"titles": {"type": "array", "minItems": 1, "maxItems": MOST_OWN, "items": entry}}


def _listed(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": MOST_OWN, "items": {"enum": list(names)}}


def _string(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 2, "maxLength": longest}


def _text(data: Mapping[str, JsonValue], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def _texts(data: Mapping[str, JsonValue], key: str) -> tuple[str, ...]:
    value = data.get(key)
    return tuple(str(entry) for entry in value) if isinstance(value, list) else ()
