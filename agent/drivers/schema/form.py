"""The JSON schema of one answer, made for one message, and what an answer says. Flat, few keys, the decision first."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydantic import JsonValue

from agent.drivers.acts import (
    CHOOSE,
    COMPARE,
    CONNECT,
    COUNTS,
    FACTS,
    FIND,
    IDENTIFY,
    INSTEAD,
    ME,
    MORE,
    NEWER,
    OLDER,
    PERSON,
    RELATED,
    STORY,
    SURPRISE,
    TALK,
    TELL,
    WHICH,
    WHY,
)
from agent.drivers.schema.things import Kind, Thing
from retrieval.schema import CatalogSchema
from tools.arguments import OTHER

SKIP: Final = "skip"
OPINIONS: Final = ("like", "dislike", "seen", SKIP)
VALUE_ROLES: Final = ("yes", "or", "no", "always", "never", SKIP)
NUMBER_ROLES: Final = {
    True: ("in", "decade", "from", "until", "before", "after", SKIP),
    False: ("from", "until", SKIP),
}
FOR: Final = "for"
AUDIENCE_ROLES: Final = (FOR, SKIP)
SPAN_ROLES: Final = ("in", "before", "after", SKIP)
EXCEPT: Final = "except"
"""A value that is let through where something is refused, or left out of what is wanted."""
DROP: Final = "drop"
"""A value of the wish that no longer matters."""
WORDS, TEXT, TITLE = 40, 240, 60
"""The longest strings of an answer, in characters."""
MOST_OWN = 4
"""Titles, and words of each sort, that an answer may add."""
Json = dict[str, Any]


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
    has_staff: bool = False
    """Whether the house has somebody to hand over to."""
    only_wish: bool = False
    """Whether there is nothing to decide: several messages are read into one wish."""
    acts: frozenset[str] = frozenset()
    """The decisions that are open; empty for all that fit the turn."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said."""

    do: str
    language: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """By the key of a thing."""
    want: tuple[str, ...] = ()
    """English words for what is wanted and not listed."""
    without: tuple[str, ...] = ()
    count: int | None = None
    forget: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    """(title, role)."""
    rather: str = ""
    """The side that is chosen of the two that were asked about."""
    bends: tuple[tuple[str, str], ...] = ()
    """(field, 'before' or 'after'): less, or more, of it than what was shown has."""
    field: str = ""
    also: tuple[str, ...] = ()
    """Further fields that are asked about."""
    text: str = ""


def relations(schema: CatalogSchema) -> list[str]:
    """Roles of an item that something wanted is related to: a field of people (the same), 'after' (later than it)."""
    return [*(spec.name for spec in schema.fields if spec.people), "after", "before"]


def schema_of(form: Form, schema: CatalogSchema) -> Json:
    """The JSON schema of an answer."""
    return {"title": "step", "anyOf": _shapes(form, schema)}


def _shapes(form: Form, schema: CatalogSchema) -> list[Json]:
    by = relations(schema)
    wish = _wished(form)
    shape = partial(_shape, form)
    if form.only_wish:
        return [shape(_findings(form), OPINIONS, {**_titles(form, OPINIONS[:3]), **wish})]
    about, asked = (
        _titles(form, ("about",)),
        {"field": {"enum": [*(spec.name for spec in schema.fields), STORY, OTHER]}},
    )
    own = {"want": _listed(), "not": _listed()}
    shapes: list[tuple[Sequence[str], Callable[[Sequence[str]], Json]]] = [
        (_findings(form), lambda acts: shape(acts, OPINIONS, {**_titles(form, OPINIONS[:3]), **wish})),
        ([RELATED], lambda acts: shape(acts, [*by, *OPINIONS], {**_titles(form, by), **wish})),
        (COUNTS, lambda acts: shape(acts, [*by, SKIP], {**_titles(form, by), **own})),
        ([IDENTIFY], lambda acts: shape(acts, (SKIP,), {"want": _listed()})),
        ([FACTS], lambda acts: shape(acts, ("about", SKIP), {**about, **asked}, only_items=True, required=("field",))),
        ((WHICH, CHOOSE), lambda acts: shape(acts, ("about", SKIP), {**about, **own})),
        ((COMPARE, CONNECT, WHY), lambda acts: shape(acts, ("about", SKIP), about, only_items=True)),
        ([ME], lambda acts: shape(acts, (), {}, only_items=True)),
        ([TALK], lambda acts: shape(acts, (), {"text": _string(TEXT)}, only_items=True, required=("text",))),
        ([PERSON] if form.has_staff else [], lambda acts: shape(acts, (), {}, only_items=True)),
    ]
    fitting = {act for acts, _ in shapes for act in acts}
    left = form.acts & fitting or fitting  # 'show me more' where nothing was shown leaves every decision open
    narrow = [([act for act in acts if act in left], make) for acts, make in shapes]
    return [make(acts) for acts, make in narrow if acts]


def _findings(form: Form) -> list[str]:
    return [FIND, TELL, SURPRISE, *([INSTEAD] if form.wish else []), *([MORE, OLDER, NEWER] if form.has_shown else [])]


def _wished(form: Form) -> Json:
    """What a wish may say beside the roles of things."""
    rest: Json = {"rather": {"enum": [*form.sides]}} if form.sides else {}
    rest |= {"want": _listed(), "not": _listed()}
    if form.has_count:
        rest["count"] = {"type": "integer", "minimum": 1, "maximum": 10}
    if form.wish:
        rest["forget"] = {"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": [*form.wish]}}
    return rest


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
        roles={thing.key: _text(data, thing.key) for thing in form.things if _text(data, thing.key)},
        want=_texts(data, "want"),
        without=_texts(data, "not"),
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


def _shape(
    form: Form,
    decisions: Sequence[str],
    items: Sequence[str],
    rest: Json,
    *,
    only_items: bool = False,
    required: Sequence[str] = (),
) -> Json:
    """One shape: the decision, the role of every thing, and what else may be said."""
    things = {
        thing.key: {"enum": _roles(thing, items, form)}
        for thing in form.things
        if (items if thing.kind is Kind.ITEM else not only_items)
    }
    return {
        "type": "object",
        "properties": {"do": {"enum": list(decisions)}, **things, **rest},
        "required": ["do", *things, *required],
        "additionalProperties": False,
    }


def _roles(thing: Thing, items: Sequence[str], form: Form) -> list[str]:
    if thing.kind is Kind.ITEM:
        return list(items)
    if thing.kind is Kind.SPAN:
        return list(SPAN_ROLES)
    if thing.kind is Kind.AUDIENCE:
        return list(AUDIENCE_ROLES)
    if thing.kind is Kind.NUMBER:
        return list(NUMBER_ROLES[thing.is_year])
    return [*VALUE_ROLES, *([DROP] if (thing.field, thing.values[0]) in form.wanted else [])]


def _titles(form: Form, roles: Sequence[str]) -> Json:
    if not form.has_titles:
        return {}
    entry = {
        "type": "object",
        "properties": {"title": _string(TITLE), "is": {"enum": list(roles)}},
        "required": ["title", "is"],
        "additionalProperties": False,
    }
    return {"titles": {"type": "array", "minItems": 1, "maxItems": MOST_OWN, "items": entry}}


def _listed() -> Json:
    return {"type": "array", "minItems": 1, "maxItems": MOST_OWN, "items": _string(WORDS)}


def _string(longest: int) -> Json:
    return {"type": "string", "minLength": 2, "maxLength": longest}


def _text(data: Mapping[str, JsonValue], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def _texts(data: Mapping[str, JsonValue], key: str) -> tuple[str, ...]:
    value = data.get(key)
    return tuple(str(entry).strip() for entry in value if str(entry).strip()) if isinstance(value, list) else ()
