"""What the description of the API says of answers: errors that any request may meet, and shapes with no other home."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from ui.api.wire import ErrorAnswer, ReconteurWire

Responses = dict[int | str, dict[str, Any]]
_WHY = {
    400: "What was sent is no JSON in UTF-8, or the Host is not one of this server's names",
    403: "A page of an origin that may not call this server",
    404: "No such item, user or conversation of that user",
    408: "The request did not come in time",
    413: "The body is too large",
    415: "The body is a form with files",
    422: "A field is missing or wrong; `param` names it",
    431: "The headers are too large",
    500: "A bug",
    503: "The state, an index or the language model cannot be used just now",
}
_ALWAYS = (400, 403, 408, 413, 415, 422, 431, 500, 503)


def errors(*statuses: int) -> Responses:
    """The description of answers that are errors."""
    return {status: {"model": ErrorAnswer, "description": _WHY[status]} for status in statuses}


ALWAYS = errors(*_ALWAYS)
NOT_FOUND = errors(404)


class ModelCard(BaseModel):
    """A model as OpenAI describes one."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str


class ModelList(BaseModel):
    """The models there are."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class ChatCompletion(BaseModel):
    """A completion as OpenAI has it, with what else there is to say in `reconteur`."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, JsonValue]]
    usage: dict[str, JsonValue]
    reconteur: ReconteurWire


COMPLETION: Responses = {
    200: {
        "model": ChatCompletion,
        "description": "The answer; with `stream` its pieces as server-sent events",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Which parts work."""

    status: Literal["ready", "degraded", "not ready"]
    parts: dict[str, str]
    driver: str | None = None
