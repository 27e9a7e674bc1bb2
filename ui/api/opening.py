"""What answers on the port while the agent is still being built: health at once, everything else once it is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

HEALTH = {
    "/healthz": (200, {"status": "ok"}),
    "/readyz": (503, {"status": "not ready", "parts": {"catalog": "still loading"}}),
}


class Opening:
    """An ASGI application that stands in for another one until that is there; requests for the other wait."""

    def __init__(self) -> None:
        self._app: Starlette | None = None
        self._is_open = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it where it only asks how things are."""
        if self._app is None and scope["type"] == "http" and scope["path"] in HEALTH:
            status, answer = HEALTH[scope["path"]]
            await JSONResponse(answer, status_code=status)(scope, receive, send)
            return
        await self._is_open.wait()
        assert self._app is not None, "it is open"  # noqa: S101
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def opened(self, app: Starlette) -> AsyncIterator[None]:
        """Start an application, pass everything on to it, and end it afterwards."""
        async with app.router.lifespan_context(app):
            self._app = app
            self._is_open.set()
            yield
