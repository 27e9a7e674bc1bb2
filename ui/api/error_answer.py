"""The body of an error, for whoever refuses a request before the application has seen it: loads nothing heavy."""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import JSONResponse

KINDS = {429: "rate_limit_error"}


class ErrorBody(BaseModel):
    """What went wrong, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success, and of an error within a stream."""

    error: ErrorBody


def answer(message: str, *, status: int, param: str | None = None, code: str | None = None) -> ErrorAnswer:
    """An error body."""
    kind = KINDS.get(status) or ("invalid_request_error" if status < 500 else "server_error")
    return ErrorAnswer(error=ErrorBody(message=message, type=kind, param=param, code=code))


def refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that goes no further; its status is its code."""
    body = answer(message, status=status, code=str(status))
    return JSONResponse(body.model_dump(), status, headers=headers)
