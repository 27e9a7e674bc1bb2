"""What the values of a request may look like: ids, texts, numbers, and the body that holds them."""

from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from retrieval.state.tables import ID_LENGTH
from retrieval.state.text import is_id

DEEPEST = 64
"""How deep lists and objects of a body may lie in each other."""


def _plain_id(value: object) -> object:
    if not isinstance(value, str) or is_id(value):
        return value
    raise ValueError(f"expected 1 to {ID_LENGTH} printable characters without spaces around them. Send a plain id.")


def _id_or_none(value: object) -> object:
    return _plain_id(value) if value else value


def _plain_text(value: object) -> object:
    """Halves of a character that JSON can hold and UTF-8 cannot are replaced."""
    if not isinstance(value, str) or (value.isascii() and "\x00" not in value):
        return value
    if "\x00" in value:
        raise ValueError("expected text, found NUL in it. Leave it out.")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: object) -> object:
    """JSON has numbers of its own; what only looks like one is a mistake of the client."""
    if isinstance(value, str | bool):
        raise ValueError("expected a number, found something else. Send it without quotes.")
    return value


_ID = r"[^\x00-\x20\x7f-\xa0](?:[^\x00-\x1f\x7f-\xa0]*[^\x00-\x20\x7f-\xa0])?"
_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": f"^{_ID}$"}
_OPTIONAL_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "maxLength": ID_LENGTH, "pattern": f"^(?:{_ID})?$"}
Id = Annotated[str, BeforeValidator(_plain_id), WithJsonSchema(_ID_SCHEMA)]
OptionalId = Annotated[str, BeforeValidator(_id_or_none), WithJsonSchema(_OPTIONAL_ID_SCHEMA)]
"""'' is as good as none."""
Text = Annotated[str, BeforeValidator(_plain_text)]
Number = Annotated[FiniteFloat, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]
Element = TypeVar("Element")
Several = Annotated[list[Element], Field(fail_fast=True)]
"""Read up to the first mistake: each one that is told costs as much as a hundred that are right."""


class Request(BaseModel):
    """Unknown parameters are accepted, as OpenAI's clients send what this server never heard of."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Body(Request):
    """A whole body."""

    @model_validator(mode="before")
    @classmethod
    def _check_depth(cls, data: object) -> object:
        _check_depth(data)
        return data


def _check_depth(data: object) -> None:
    level = [data] if isinstance(data, list | dict) else []
    for _ in range(DEEPEST):
        held = (outer.values() if isinstance(outer, dict) else outer for outer in level)
        level = [value for values in held for value in values if isinstance(value, list | dict)]
        if not level:
            return
    raise ValueError(f"expected lists and objects at most {DEEPEST} deep, found more. Send a flatter one.")
