"""Reads a client's JSON Schema into a function that fills it, and names the fields that nothing can fill."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pydantic import JsonValue

from agent.recommendation import Recommendation, Reply
from ui.forms.sources import Kind, Source, Sources, find, words_of
from ui.forms.values import can_be, fitted, whole

Schema = Mapping[str, Any]
DEEPEST = 12
MOST_FIELDS = 2000
"""Fields that are read; one that refers to its own schema several times would have no end of them."""
"""How deep fields may lie in each other; a schema that refers to itself ends here."""


class MissingError(Exception):
    """A field that has to be there, and of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a field is filled from."""

    reply: Reply
    item: Recommendation | None = None


Fill = Callable[[Scope], JsonValue]


@dataclass(slots=True)
class SchemaReader:
    """Reads one schema; afterwards `unplaced` names the required fields that it found nothing for."""

    root: Schema
    sources: Sources
    chosen: Mapping[str, str]
    """Which source fills a field, by its path, where its name alone does not say so."""
    unplaced: dict[str, str] = field(default_factory=dict)
    """Path -> what the schema says of it."""
    _read: int = 0

    def read(self) -> Fill | None:
        """The function that fills the schema; None where `unplaced` says what is in the way."""
        schema = self._resolved(self.root)
        return self._node(schema, "", is_item=not self._has_list(schema), depth=0)

    # Shapes --------------------------------------------------------------------------------------------------------

    def _node(self, schema: Schema, path: str, *, is_item: bool, depth: int) -> Fill | None:
        """What fills a value; `is_item` where it is about one item rather than the answer."""
        self._read += 1
        if depth > DEEPEST or self._read > MOST_FIELDS:
            return None
        if "const" in schema:
            constant: JsonValue = schema["const"]
            return lambda _: constant
        for option in self._options(schema):
            fill = self._shape(option, path, is_item=is_item, depth=depth)
            if fill is not None:
                self._forget(path)
                return fill
        return None

    def _shape(self, schema: Schema, path: str, *, is_item: bool, depth: int) -> Fill | None:
        if _kind(schema) == "object" and schema.get("properties"):
            return self._object(schema, path, is_item=is_item, depth=depth)
        if _kind(schema) == "array" and not is_item:
            fill = self._list(schema, path, depth=depth)
            if fill is not None:
                return fill
        return self._leaf(schema, path, is_item=is_item)

    def _object(self, schema: Schema, path: str, *, is_item: bool, depth: int) -> Fill | None:
        required, is_whole = set(schema.get("required", ())), True
        fills: dict[str, tuple[Fill | None, Schema]] = {}
        for name, part in schema["properties"].items():
            resolved = self._resolved(part)
            about_item = is_item or (_kind(self._plain(resolved)) == "object" and not self._has_list(resolved))
            fill = self._node(resolved, f"{path}.{name}".strip("."), is_item=about_item, depth=depth + 1)
            if fill is None and name in required and not _takes_null(resolved):
                is_whole = False  # the others are read all the same, so that an error names them all
                continue
            if fill is not None or name in required:
                fills[name] = (fill, resolved)
            if fill is None:
                self._forget(f"{path}.{name}".strip("."))
        if not is_whole or not any(fill for fill, _ in fills.values()):
            return None
        return lambda scope: _filled(fills, required, scope)

    def _list(self, schema: Schema, path: str, *, depth: int) -> Fill | None:
        """A list of the items: as objects, or as titles."""
        part = self._plain(self._resolved(schema.get("items") or {}))
        is_near, most = "near" in words_of(path.rpartition(".")[2]), whole(schema, "maxItems")
        if _kind(part) == "object":
            entry = self._node(part, f"{path}[]", is_item=True, depth=depth + 1)
        elif set(words_of(path.rpartition(".")[2]) or ["list"]) & self.sources.nouns:
            entry = self._titled(part)
        else:
            return None
        if entry is None:
            return None

        def fill(scope: Scope) -> JsonValue:
            items = scope.reply.near_misses if is_near else scope.reply.recommendations
            return _entries(entry, scope, items[:most])

        return fill

    def _titled(self, schema: Schema) -> Fill:
        source = self.sources.item["title"]
        return lambda scope: _present(fitted(source.read(_item(scope)), schema))

    def _leaf(self, schema: Schema, path: str, *, is_item: bool) -> Fill | None:
        name = path.replace("[]", "").rpartition(".")[2]
        if "items" in schema:
            schema = {**schema, "items": self._plain(self._resolved(schema["items"]))}
        fits, chosen = partial(can_be, schema=schema), self.chosen.get(path)
        item = _source(self.sources.item, chosen, name, fits) if is_item else None
        answer = _source(self.sources.answer, chosen, name, fits)
        if "not" in schema or (item is None and answer is None):
            self.unplaced[path] = str(schema.get("description", ""))[:200]
            return None

        def fill(scope: Scope) -> JsonValue:
            if item is not None:
                return fitted(item.read(_item(scope)), schema)
            return fitted(answer.read(scope.reply), schema) if answer is not None else None

        return fill

    def _forget(self, path: str) -> None:
        """Fields below a path are no longer in the way: it was filled, or may be left out."""
        below = (f"{path}.", f"{path}[")
        self.unplaced = {
            other: said
            for other, said in self.unplaced.items()
            if path and other != path and not other.startswith(below)
        }

    # References ----------------------------------------------------------------------------------------------------

    def _resolved(self, schema: Any) -> Schema:
        """A schema without `$ref`; {} for one that says nothing, or that points nowhere."""
        for _ in range(DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            reference = schema.get("$ref")
            parts = schema.get("allOf")
            if isinstance(reference, str):
                schema = {**self._at(reference), **{key: part for key, part in schema.items() if key != "$ref"}}
            elif isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping):
                schema = {**parts[0], **{key: part for key, part in schema.items() if key != "allOf"}}
            else:
                return schema
        return {}

    def _at(self, reference: str) -> Schema:
        node: Any = self.root
        for part in reference.removeprefix("#").strip("/").split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, Mapping) else {}
        return node if isinstance(node, Mapping) else {}

    def _options(self, schema: Schema) -> list[Schema]:
        """The forms that a value may have, null aside."""
        options = schema.get("anyOf") or schema.get("oneOf")
        if not options:
            return [schema]
        described = {key: schema[key] for key in ("description",) if key in schema}
        resolved = [{**described, **self._resolved(option)} for option in options]
        return [option for option in resolved if _kind(option) != "null"]

    def _plain(self, schema: Schema) -> Schema:
        """The first form of a value."""
        options = self._options(schema)
        return options[0] if options else {}

    def _has_list(self, schema: Schema) -> bool:
        """Whether an object lists items rather than being one."""
        if _kind(self._plain(schema)) == "array":
            return True
        for name, part in self._plain(schema).get("properties", {}).items():
            form = self._plain(self._resolved(part))
            if _kind(form) == "array":
                entries = self._plain(self._resolved(form.get("items") or {}))
                if _kind(entries) == "object" or set(words_of(name)) & self.sources.nouns:
                    return True
        return False


def _source(
    sources: Mapping[str, Source[Any]], chosen: str | None, name: str, fits: Callable[[Kind], bool]
) -> Source[Any] | None:
    if chosen is None:
        return find(name, sources, fits)
    source = sources.get(chosen)
    return source if source is not None and fits(source.kind) else None


def _filled(fills: Mapping[str, tuple[Fill | None, Schema]], required: set[str], scope: Scope) -> JsonValue:
    """An object; what is not known is null, or left out, where the schema lets it be."""
    filled: dict[str, JsonValue] = {}
    for name, (fill, schema) in fills.items():
        value = fill(scope) if fill is not None else None
        if value is None and not _takes_null(schema):
            if name not in required:
                continue
            value = _nothing(schema)
        filled[name] = value
    return filled


def _nothing(schema: Schema) -> JsonValue:
    """How a required field says that nothing is known.

    Raises:
        MissingError: It cannot.
    """
    kind = _kind(schema)
    if kind == "string" and "enum" not in schema and not whole(schema, "minLength"):
        return ""
    if kind == "array" and not whole(schema, "minItems"):
        return []
    raise MissingError


def _entries(entry: Fill, scope: Scope, items: tuple[Recommendation, ...]) -> list[JsonValue]:
    entries: list[JsonValue] = []
    for item in items:
        try:
            entries.append(entry(replace(scope, item=item)))
        except MissingError:  # a field that this item has no value for: it cannot stand in this list
            continue
    return entries


def _item(scope: Scope) -> Recommendation:
    item = scope.item or next(iter(scope.reply.recommendations), None)
    if item is None:
        raise MissingError
    return item


def _present(value: JsonValue) -> JsonValue:
    if value is None:
        raise MissingError
    return value


def _kind(schema: Schema) -> str:
    """The one type of a schema, null aside; '' where it has none or several."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        kinds = next((kind for kind in kinds if kind != "null"), "null")
    if kinds is None and "properties" in schema:
        return "object"
    return kinds if isinstance(kinds, str) else ""


def _takes_null(schema: Schema) -> bool:
    kinds = schema.get("type")
    options = schema.get("anyOf") or schema.get("oneOf") or ()
    if isinstance(kinds, list) and "null" in kinds:
        return True
    return any(isinstance(option, Mapping) and option.get("type") == "null" for option in options)
