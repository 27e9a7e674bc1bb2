"""The protocol over streamable HTTP at /mcp: every request stands alone, behind the same guard as the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ui.mcp.calls import Desk
from ui.mcp.server import make_server

PATH = "/mcp"
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
        await self._manager.handle_request(scope, receive, send)


async def _desk_of(context: ServerRequestContext) -> Desk:
    """The tools for the caller that the guard has let in."""
    request = context.request
    assert request is not None, "streamable HTTP brings the request"  # noqa: S101
    return Desk(request.state.agent, request.state.caller, request)
