"""The client's form: its schema is checked and read before the turn, filled and checked again after it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from agent.recommendation import Recommendation, Reply
from retrieval.errors import RecommenderError
from retrieval.items import Catalog
from ui.forms.schema import Fill, MissingError, SchemaReader, Scope
from ui.forms.sources import sources_of

LONGEST = 64 << 10
"""Bytes of a schema that is read."""
MOST_STEPS = 20_000
"""Keywords that are looked at while an answer is held against a schema: references can make no end of them."""
MOST_NAMED = 4
"""Fields that an error names."""


class CannotFillError(RecommenderError):
    """A schema that is none, or that has fields which no fact can fill."""

    def __init__(self, message: str, *, param: str, unplaced: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param
        self.unplaced = dict(unplaced or {})
        """Path -> what the schema says of it, of the fields that stand in the way."""


class _TooManyStepsError(Exception):
    """Ends a check that would go on for too long."""


_STEPS: ContextVar[Iterator[int]] = ContextVar("steps")
"""Counts those of the check under way."""


def _counted(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def look(*arguments: Any) -> Any:
        if next(_STEPS.get()) > MOST_STEPS:
            raise _TooManyStepsError
        return keyword(*arguments)

    return look


_Bounded = extend(
    Draft202012Validator, {name: _counted(keyword) for name, keyword in Draft202012Validator.VALIDATORS.items()}
)


@dataclass(frozen=True, slots=True)
class Form:
    """A schema that can be filled from an answer."""

    schema: Mapping[str, Any]
    _fill: Fill

    @classmethod
    def of(
        cls, schema: Mapping[str, Any], catalog: Catalog, *, param: str, chosen: Mapping[str, str] | None = None
    ) -> "Form":
        """Read a schema.

        Args:
            schema: As the client sent it.
            catalog: Whose facts fill it.
            param: Where in the request it stands, for errors.
            chosen: Which source fills a field, by its path, where its name does not say so.

        Raises:
            CannotFillError: It is no JSON Schema, or has required fields that nothing fills.
        """
        if len(json.dumps(schema)) > LONGEST:
            raise CannotFillError(f"expected a schema of at most {LONGEST} bytes, found a larger one.", param=param)
        schema = _cleaned(schema)
        try:
            Draft202012Validator.check_schema(schema)
        except (SchemaError, RecursionError) as error:
            said = error.message[:200] if isinstance(error, SchemaError) else "it is nested too deep"
            raise CannotFillError(f"expected a JSON Schema, found another thing: {said}", param=param) from None
        reader = SchemaReader(schema, sources_of(catalog), chosen or {})
        fill = reader.read()
        if fill is None or reader.unplaced:
            raise _cannot(reader, catalog, param)
        return cls(schema, fill)

    def filled(self, reply: Reply) -> JsonValue:
        """The answer in this form; None where it has nothing for the form: a question, or too few items."""
        value = self._filled(reply)
        if value is not None and undisclosed(value, reply.recommendations):
            cards = tuple(map(_titled, reply.recommendations))
            value = self._filled(replace(reply, recommendations=cards))
            return None if value is None or undisclosed(value, cards) else value
        return value

    def _filled(self, reply: Reply) -> JsonValue:
        try:
            value = self._fill(Scope(reply))
            _STEPS.set(count(1))
            # an empty registry: a reference to elsewhere is not fetched
            _Bounded(self.schema, registry=Registry()).validate(value)
        except (MissingError, ValidationError, Unresolvable, RecursionError, _TooManyStepsError):
            return None
        return value


def undisclosed(value: JsonValue, cards: Sequence[Recommendation]) -> bool:
    """Whether items stand in a filled form without the words that the house has for them."""
    said = json.dumps(value, ensure_ascii=False)
    named = [card for card in cards if any(_as_json(name) in said for name in (card.item.item_id, card.item.title))]
    counts = Counter(_as_json(card.disclosure) for card in named if card.disclosure)
    return any(said.count(words) < count for words, count in counts.items())


def _titled(card: Recommendation) -> Recommendation:
    """A card whose title says what its form has no other place for."""
    if not card.disclosure:
        return card
    return replace(card, item=replace(card.item, title=f"{card.item.title} ({card.disclosure})"))


def _as_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _cannot(reader: SchemaReader, catalog: Catalog, param: str) -> CannotFillError:
    names = ", ".join((*reader.sources.item, *reader.sources.answer))
    unplaced = ", ".join([*reader.unplaced][:MOST_NAMED]) or "none that is an object or a list of objects"
    return CannotFillError(
        f"expected fields that the {catalog.schema.nouns_in('en')} of this catalog can fill, found {unplaced}. "
        f"Name them after one of {names}; or let them be null or left out.",
        param=param,
        unplaced=reader.unplaced,
    )


def _cleaned(schema: Any) -> Any:
    """A schema without halves of characters, whose texts with a pattern cannot be filled: strangers' are never run."""
    if isinstance(schema, str):
        return schema if schema.isascii() else schema.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(schema, list):
        return [_cleaned(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if isinstance(schema.get("pattern"), str):
        return {"not": {}, "description": schema.get("description", "")}
    return {_cleaned(key): _cleaned(part) for key, part in schema.items() if key != "patternProperties"}
