"""Errors as OpenAI's clients read them: {"error": {message, type, param, code}} and a status."""

import logging

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from retrieval.errors import (
    BadDataError,
    BadIdError,
    ContextError,
    IndexMissingError,
    ModelUnavailableError,
    OverloadedError,
    RecommenderError,
    StateError,
    UnknownConversationError,
    UnknownItemError,
    UnknownUserError,
)
from ui.api.asking import CannotCallError, ModelNotFoundError
from ui.api.error_answer import ErrorAnswer, answer, refuse
from ui.api.mistakes import Mistake, mistakes_of
from ui.forms.form import CannotFillError
from ui.limits.quotas import RateLimitExceededError

logger = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[RecommenderError], int, str | None], ...] = (
    (UnknownItemError, 404, "item_id"),
    (UnknownUserError, 404, "user"),
    (UnknownConversationError, 404, "conversation_id"),
    (ModelNotFoundError, 404, "model"),
    (CannotCallError, 400, "tools"),
    (ContextError, 400, None),
    (BadIdError, 422, "user"),
    (BadDataError, 422, None),
    (ModelUnavailableError, 503, None),
    (IndexMissingError, 503, None),
    (StateError, 503, None),
    (OverloadedError, 503, None),
    (RateLimitExceededError, 429, None),
)
BUG = "this should not have happened: the server hit a bug and wrote it to its log. Try again or rephrase."

NO_JSON = "body: expected JSON in UTF-8, found something that cannot be read as such. Send a plainer body."
"""In place of the framework's own words."""


class BadFieldError(RecommenderError):
    """A field of a request whose value fits its type but not this catalog."""

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param


def describe(error: Exception) -> tuple[int, ErrorAnswer]:
    """The status and the body for an error; the words of a bug and places of this machine stay in the log."""
    if isinstance(error, BadFieldError):
        return 422, answer(str(error), status=422, param=error.param)
    if isinstance(error, CannotFillError):
        return 400, answer(str(error), status=400, param=error.param, code="cannot_fill")
    if not isinstance(error, RecommenderError):
        return 500, answer(BUG, status=500)
    status, param, code = _status_of(error)
    if status >= 500:
        logger.warning("answered %d: %s", status, error)
    return status, answer(error.public, status=status, param=param, code=code)


def _status_of(error: RecommenderError) -> tuple[int, str | None, str | None]:
    """The status, the parameter and the code for an error."""
    for kind, status, param in _STATUS:
        if isinstance(error, kind):
            return status, param, _code(kind)
    return 500, None, None


def respond(error: Exception) -> JSONResponse:
    """The answer to a request that ended in an error."""
    status, body = describe(error)
    wait_s = getattr(error, "retry_after_s", None)
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


async def on_error(_request: Request, error: Exception) -> JSONResponse:
    """Handle a `RecommenderError`."""
    return respond(error)


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Handle an error of the framework: no such path, wrong method, body too large."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class only
    message = NO_JSON if error.status_code == 400 else str(error.detail)
    return refuse(error.status_code, message, error.headers)


async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
    """Handle a request that does not have the documented form: 422 that names the field."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class only
    problems = error.errors()
    if problems[0]["type"] == "json_invalid":
        where, reason = problems[0]["loc"][-1], problems[0].get("ctx", {}).get("error", "")
        found = [Mistake("body", f"expected JSON, found something else at character {where} ({reason}).")]
    else:
        found = mistakes_of([{**problem, "loc": problem["loc"][1:]} for problem in problems], whole="body")
    body = answer(" ".join(map(str, found)), status=422, param=found[0].field, code="invalid_value")
    return JSONResponse(body.model_dump(), status_code=422)


def _code(kind: type[RecommenderError]) -> str:
    name = kind.__name__.removesuffix("Error")
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).strip("_")
