"""Around every API request: a log line without user data, and no answer without a body.

Paths hold user ids, so the log shows the route's template instead ("/api/users/{user_id}"), and a bug is logged by
its place and class only, since its message can quote what a user said. The page's own traffic passes untouched.
"""

import json
import logging
import time
import traceback

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api.errors import BUG, answer

logger = logging.getLogger(__name__)

_OURS = ("/v1/", "/api/", "/healthz", "/readyz")
_NOTE = "reconteur.route"


def note_route(request: Request) -> None:
    """A dependency of every route: leaves the route's template for the log."""
    note: list[str] | None = request.scope.get(_NOTE)
    route = request.scope.get("route")
    if note is not None and route is not None:
        note.append(str(getattr(route, "path_format", "")))


def log_bug(error: BaseException, *, where: str) -> None:
    """Log the class and the place of an unexpected error, not its words."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    logger.error("bug in %s: %s at %s", where, type(error).__name__, places)


class Gate:
    """ASGI middleware for the paths of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watched."""
        if scope["type"] != "http" or not scope["path"].startswith(_OURS):
            await self.app(scope, receive, send)
            return
        started, status, note = time.perf_counter(), 0, scope.setdefault(_NOTE, [])

        async def watched_send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            log_bug(error, where=_template(note))
            if not status:
                await _refuse(watched_send, 500, BUG)
        finally:
            seconds = time.perf_counter() - started
            logger.info("%s %s %d %.0f ms", scope["method"], _template(note), status, 1000 * seconds)


def _template(note: list[str]) -> str:
    return note[0] if note else "(no such path)"


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps(answer(message, status=status, code=str(status)).model_dump()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
