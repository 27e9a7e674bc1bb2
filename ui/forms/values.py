"""A known value in the type that a schema asks for; None where it does not fit."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from ui.forms.sources import Kind

ELLIPSIS = "…"
_TAKES: Mapping[Kind, frozenset[str]] = {
    "text": frozenset(("string", "array")),
    "number": frozenset(("integer", "number", "string")),
    "list": frozenset(("array", "string")),
    "flag": frozenset(("boolean",)),
}
"""The types that a value can be put in."""


def can_be(kind: Kind, schema: Mapping[str, Any]) -> bool:
    """Whether values of a kind can be of a schema's type."""
    kinds = schema.get("type")
    named = {type_name for type_name in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(type_name, str)}
    return not named or bool(named & _TAKES[kind])


def whole(schema: Mapping[str, Any], key: str) -> int | None:
    """A bound of a schema, which JSON may write as 2.0; None where there is none."""
    bound = schema.get(key)
    return int(bound) if isinstance(bound, int | float) else None


def fitted(value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    """The value as the schema takes it."""
    kinds = schema.get("type")
    kinds = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind != "null"]
    for kind in kinds:
        made = _as(kind, value, schema)
        if made is not None:
            return made
    return None


def _as(kind: Any, value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    if value is None:
        return None
    match kind:
        case None:
            return _allowed(value, schema)
        case "string":
            return _string(value, schema)
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value) if float(value).is_integer() else None
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "array":
            return _array(value, schema)
    return None


def _string(value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    if isinstance(value, bool):
        return None
    if isinstance(value, list):
        if "enum" in schema:
            return next((allowed for part in value if (allowed := _allowed(str(part), schema)) is not None), None)
        value = ", ".join(map(str, value))
    if isinstance(value, int | float):
        value = f"{value:.15g}"
    most = whole(schema, "maxLength")
    if isinstance(value, str) and most is not None and len(value) > most:
        value = value[: max(0, most - 1)].rstrip() + ELLIPSIS[:most]
    return (_allowed(value, schema) if value else None) if isinstance(value, str) else None


def _array(value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    entries = schema.get("items")
    entries = entries if isinstance(entries, Mapping) else {}
    if entries.get("type") in ("object", "array"):
        return None
    parts = value if isinstance(value, list) else [value]
    fitting: list[JsonValue] = [entry for entry in (fitted(part, entries) for part in parts) if entry is not None]
    return fitting[: whole(schema, "maxItems")] or None


def _allowed(value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    """The value as an `enum` spells it; None where the enum has none like it."""
    options = schema.get("enum")
    if not isinstance(options, list):
        return value
    if not isinstance(value, str):
        return value if value in options else None
    return next(
        (option for option in options if isinstance(option, str) and option.casefold() == value.casefold()), None
    )
