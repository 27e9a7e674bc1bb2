"""Around every request: an id; of the API: a log line without user data, and no answer without a body.

Paths hold user ids, so the log shows the route's template instead ("/api/users/{user_id}"), and a bug is logged by
its place and class only, since its message can quote what a user said. The page's own traffic only gets the id.
"""

import logging
import time
from http import HTTPMethod, HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api.error_answer import refuse
from ui.api.errors import BUG
from ui.edge.page import API
from ui.limits.quotas import HEADERS
from ui.logs import begin_request, place_of

logger = logging.getLogger(__name__)

_NOTE = "reconteur.route"
REQUEST_ID = "X-Request-ID"
METHODS = frozenset(HTTPMethod)


async def note_route(request: Request) -> None:
    """A dependency of every route: leaves the route's template for the log."""
    note: list[str] | None = request.scope.get(_NOTE)
    route = request.scope.get("route")
    if note is not None and route is not None:
        note.append(str(getattr(route, "path_format", "")))


def log_bug(error: BaseException, *, where: str) -> None:
    """Log the class and the place of an unexpected error, not its words."""
    logger.error("bug in %s: %s", where, place_of(error))


class Gate:
    """ASGI middleware; the outermost one, so that whatever refuses a request is logged too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = scope.setdefault(HEADERS, {})
        headers[REQUEST_ID] = begin_request(Headers(scope=scope).get(REQUEST_ID, ""))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(headers)
            await send(message)

        if scope["path"].startswith(API):
            await self._watched(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status, note = time.perf_counter(), 0, scope.setdefault(_NOTE, [])
        state = scope.setdefault("state", {})

        async def watched_send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            log_bug(error, where=_template(note, 500))
            if not status:
                await refuse(500, BUG)(scope, receive, watched_send)
        finally:
            ms = round(1000 * (time.perf_counter() - started))
            method = scope["method"] if scope["method"] in METHODS else "(other)"
            _log(method, _template(note, status), status, ms, getattr(state.get("caller"), "tenant", ""))


def _log(method: str, route: str, status: int, ms: int, tenant: str) -> None:
    """The line of a finished request."""
    fields = {"method": method, "route": route, "status": status, "ms": ms, "tenant": tenant}
    whose = f" of {tenant}" if tenant else ""
    logger.info("%s %s %d %d ms%s", method, route, status, ms, whose, extra=fields)


def _template(note: list[str], status: int) -> str:
    """The route's template; a request that was refused before it had a route has none."""
    if note:
        return note[0]
    return "(no such path)" if status == HTTPStatus.NOT_FOUND else "(no route)"
