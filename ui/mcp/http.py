"""The protocol over streamable HTTP at /mcp: every request stands alone, behind the same guard as the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError
from mcp_types.jsonrpc import jsonrpc_message_adapter
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ui.edge.page import replay
from ui.mcp.calls import Desk
from ui.mcp.server import make_server

PATH = "/mcp"
NO_MESSAGE = (
    "expected one JSON-RPC 2.0 message of the Model Context Protocol, found something else. "
    "Send 'jsonrpc', 'id', 'method' and 'params'."
)
router = APIRouter()


@asynccontextmanager
async def opened() -> AsyncIterator[StreamableHTTPSessionManager]:
    """What answers the protocol's requests while an application runs."""
    manager = StreamableHTTPSessionManager(make_server(_desk_of), json_response=True, stateless=True)
    async with manager.run():
        yield manager


@router.post(PATH, include_in_schema=False)
async def serve(request: Request) -> Response:
    """Pass a request on to the protocol's own reading of it.

    GET, which older clients open a stream with, and DELETE, which ends a session, are answered 405: there are neither.
    """
    return _Passed(request.app.state.mcp)


class _Passed(Response):
    """An answer that another application gives."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        message = await receive()  # whole: `WholeRequests` stands before
        answer = self._manager.handle_request if _is_message(message.get("body", b"")) else _no_message()
        await answer(scope, replay(message, receive), send)


def _no_message() -> JSONResponse:
    error = ErrorData(code=INVALID_REQUEST, message=NO_MESSAGE)
    return JSONResponse(JSONRPCError(jsonrpc="2.0", id=None, error=error).model_dump(exclude_none=True), 400)


def _is_message(body: bytes) -> bool:
    """Whether it is one of the protocol's, whose own answer to what is none shows the insides of its parser."""
    try:
        jsonrpc_message_adapter.validate_json(body)
    except ValidationError:
        return False
    return True


async def _desk_of(context: ServerRequestContext) -> Desk:
    """The tools for the caller that the guard has let in."""
    request = context.request
    assert request is not None, "streamable HTTP brings the request"  # noqa: S101
    return Desk(request.state.agent, request.state.caller, request)
