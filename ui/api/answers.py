"""What the description of the API says of answers: errors that any request may meet, and shapes with no other home."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from ui.api.error_answer import ErrorAnswer
from ui.api.wire import ReconteurWire

Responses = dict[int | str, dict[str, Any]]
_WHY = {
    400: "No JSON in UTF-8, a Host that is none of this server's names, or a form or functions that cannot be served",
    401: "No good key or token where one is asked for",
    403: "A page of an origin that may not call this server, a key without the scope, or a token of another user",
    404: "No such item, user or conversation of that user",
    408: "The request did not come in time",
    413: "The body is too large",
    415: "The body is a form with files",
    422: "A field is missing or wrong; `param` names it",
    429: "More requests a minute, or more turns at once, than a caller may have",
    431: "The headers are too large",
    500: "A bug",
    503: "The state, an index or the language model cannot be used just now, or the server is busy",
}


def _header(what: str, kind: Literal["string", "integer"] = "integer", *, always: bool = False) -> dict[str, Any]:
    return {"description": what, "required": always, "schema": {"type": kind}}


_WAIT = "Seconds until it makes sense to ask again"
_CHALLENGE = "What is asked for, as RFC 6750 says it"
_HEADERS = {
    401: {"WWW-Authenticate": _header(_CHALLENGE, "string", always=True)},
    403: {"WWW-Authenticate": _header(_CHALLENGE + ", where a scope is missing", "string")},
    429: {
        "Retry-After": _header(_WAIT, always=True),
        "X-RateLimit-Limit": _header("Requests that a caller has a minute"),
        "X-RateLimit-Remaining": _header("How many of them are left"),
        "X-RateLimit-Reset": _header("Seconds until the minute ends"),
    },
    503: {"Retry-After": _header(_WAIT)},
}


def errors(*statuses: int) -> Responses:
    """The description of answers that are errors."""
    return {
        status: {"model": ErrorAnswer, "description": _WHY[status], "headers": _HEADERS.get(status, {})}
        for status in statuses
    }


ALWAYS = errors(400, 401, 403, 408, 413, 415, 422, 429, 431, 500, 503)
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


def _events(*members: str) -> dict[str, Any]:
    """A stream of server-sent events, by the members of each."""
    event = {"type": "object", "properties": {name: {"type": "string"} for name in members}, "required": [*members]}
    return {"text/event-stream": {"schema": event}}


COMPLETION: Responses = {
    **NOT_FOUND,
    200: {
        "model": ChatCompletion,
        "description": "The answer; with `stream` its pieces as server-sent events",
        "content": _events("data"),
    },
}


class ResponseBody(BaseModel):
    """A response as OpenAI has it, with what else there is to say in `reconteur`."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["response"]
    created_at: int
    status: str
    model: str
    output: list[dict[str, JsonValue]]
    usage: dict[str, JsonValue]
    reconteur: ReconteurWire


RESPONSE: Responses = {
    **NOT_FOUND,
    200: {
        "model": ResponseBody,
        "description": "The response; with `stream` its typed events as server-sent events",
        "content": _events("event", "data"),
    },
}


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Which parts work."""

    status: Literal["ready", "degraded", "not ready"]
    parts: dict[str, str]
    driver: str | None = None
