"""ASGI middleware before every path: finds out who is there, or says what is missing."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.settings import AccessSettings
from retrieval.errors import RecommenderError
from retrieval.state import AccessStore
from ui.access.access import Access, UnauthorizedError
from ui.access.caller import Caller
from ui.access.scopes import API, LOGIN, PUBLIC
from ui.api.errors import answer, respond

if TYPE_CHECKING:
    from agent.agent import Agent

COOKIE = "reconteur_session"
_READS = frozenset(("GET", "HEAD"))


class Guard:
    """Leaves `caller`, and the `agent` as its tenant sees it, in the state of each request."""

    def __init__(self, app: ASGIApp, *, settings: AccessSettings) -> None:
        self.app = app
        self.settings = settings
        self._access: Access | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        agent: Agent | None = getattr(scope["app"].state, "agent", None)
        if agent is None:  # only health answers then
            await self.app(scope, receive, send)
            return
        try:
            refusal = await asyncio.to_thread(self._admit, HTTPConnection(scope), agent)
        except RecommenderError as error:
            refusal = respond(error)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _admit(self, request: HTTPConnection, agent: "Agent") -> Response | None:
        """Note who is there; the answer where nobody may come in. Blocks."""
        access, path = self._access_to(agent), str(request.scope["path"])
        request.state.access = access
        if path in PUBLIC:
            caller: Caller | None = Caller(scopes=frozenset())
        elif path.startswith(API) or not hasattr(request.app.state, "page"):
            try:
                caller = access.api_caller(request.headers.get("authorization", ""))
            except UnauthorizedError as error:
                return _unauthorized(str(error))
        else:
            if access.is_guarded() and not is_same_origin(request):
                return _forbidden("expected a request from the page itself, found one from another site.")
            caller = Caller() if path in LOGIN else access.page_caller(request.cookies.get(COOKIE, ""))
        if caller is None:
            return self._ask_to_log_in(request)
        request.state.caller, request.state.agent = caller, agent.of(caller.realm)
        return None

    def _access_to(self, agent: "Agent") -> Access:
        if self._access is None:
            self._access = Access(AccessStore(agent.state.database), self.settings)
        return self._access

    def _ask_to_log_in(self, request: HTTPConnection) -> Response:
        method = request.scope.get("method", "")
        if method in _READS and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303)
        return _unauthorized("expected somebody who is logged in, found nobody. Load the page again.")


def is_same_origin(request: HTTPConnection) -> bool:
    """Whether a request that may change something comes from this site's own pages, as browsers say."""
    if request.scope.get("method", "") in _READS:
        return True
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _unauthorized(message: str) -> Response:
    body = answer(message, status=401, code="401").model_dump()
    return JSONResponse(body, 401, headers={"WWW-Authenticate": 'Bearer realm="reconteur"'})


def _forbidden(message: str) -> Response:
    return JSONResponse(answer(message, status=403, code="403").model_dump(), 403)
