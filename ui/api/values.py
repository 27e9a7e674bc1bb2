"""What the values of a request may look like: ids, texts, numbers, and the body that holds them."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FiniteFloat,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from retrieval.state.tables import ID_LENGTH
from retrieval.state.text import is_id

DEEPEST = 64
"""How deep lists and objects of a body may lie in each other."""


def _plain_id(text: str) -> str:
    if is_id(text):
        return text
    raise ValueError(f"expected 1 to {ID_LENGTH} printable characters without spaces around them. Send a plain id.")


def _id_or_none(text: str) -> str:
    return _plain_id(text) if text else text


def _plain_text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("expected text, found NUL in it. Leave it out.")
    return text


def _number(value: object) -> object:
    """JSON has numbers of its own; what only looks like one is a mistake of the client."""
    if isinstance(value, str | bool):
        raise ValueError("expected a number, found something else. Send it without quotes.")
    return value


_ID = r"[^\x00-\x20\x7f-\xa0](?:[^\x00-\x1f\x7f-\xa0]*[^\x00-\x20\x7f-\xa0])?"
_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": ID_LENGTH, "pattern": f"^{_ID}$"}
_OPTIONAL_ID_SCHEMA: dict[str, JsonValue] = {"type": "string", "maxLength": ID_LENGTH, "pattern": f"^(?:{_ID})?$"}
Id = Annotated[str, AfterValidator(_plain_id), WithJsonSchema(_ID_SCHEMA)]
OptionalId = Annotated[str, AfterValidator(_id_or_none), WithJsonSchema(_OPTIONAL_ID_SCHEMA)]
"""'' is as good as none."""
Text = Annotated[str, AfterValidator(_plain_text)]
Number = Annotated[FiniteFloat, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]


class Request(BaseModel):
    """Unknown parameters are accepted, as OpenAI's clients send what this server never heard of."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Body(Request):
    """A whole body. Halves of a character that JSON can hold and UTF-8 cannot are replaced."""

    @model_validator(mode="before")
    @classmethod
    def _mend(cls, data: object) -> object:
        return _mended(data, DEEPEST)


def _mended(data: object, depth: int) -> object:
    if isinstance(data, str):
        return data.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not data.isascii() else data
    if isinstance(data, list | dict) and not depth:
        raise ValueError(f"expected lists and objects at most {DEEPEST} deep, found more. Send a flatter one.")
    if isinstance(data, list):
        return [_mended(one, depth - 1) for one in data]
    if isinstance(data, dict):
        return {key: _mended(value, depth - 1) for key, value in data.items()}
    return data
