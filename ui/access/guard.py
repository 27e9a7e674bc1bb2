"""ASGI middleware before every path: finds out who is there, or says what is missing."""

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.settings import AccessSettings
from retrieval.errors import ContextError, RecommenderError
from retrieval.state import AccessStore
from ui.access.access import Access, UnauthorizedError
from ui.access.caller import Caller
from ui.access.scopes import LOGIN, PUBLIC, SHARED
from ui.api.error_answer import refuse
from ui.api.errors import respond
from ui.edge.page import API
from ui.limits.quotas import Quotas, RateLimitExceededError

if TYPE_CHECKING:
    from agent.agent import Agent

COOKIE = "reconteur_session"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="reconteur"'}
CONTEXT = "Reconteur-Context"
PAIR = re.compile(r"([a-z][a-z0-9_]{0,39})\s*=\s*([\w.:-]{1,64})", re.ASCII)
MOST_SAID = 8
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
        if scope["path"] in PUBLIC:  # health waits for no thread and no database
            scope.setdefault("state", {}).update(caller=Caller(scopes=frozenset()), agent=agent)
            await self.app(scope, receive, send)
            return
        try:
            refusal = await asyncio.to_thread(self._admit, HTTPConnection(scope), agent)
        except UnauthorizedError as error:
            refusal = self._count(scope) or refuse(401, str(error), CHALLENGE)
        except RecommenderError as error:
            refusal = respond(error)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _admit(self, request: HTTPConnection, agent: "Agent") -> Response | None:
        """Note who is there; the answer where nobody may come in. Blocks.

        Raises:
            UnauthorizedError: It is nobody.
        """
        access, path = self._access_to(agent), str(request.scope["path"])
        request.state.access = access
        caller: Caller | None
        if path.startswith(API) or not hasattr(request.app.state, "page"):
            caller = access.api_caller(request.headers.get("authorization", ""))
            if caller.user is None:  # a browser speaks for itself: it may not say where it is
                caller = replace(caller, said=read_context(request.headers.get(CONTEXT, "")))
        else:
            if access.is_guarded() and not is_same_origin(request):
                return refuse(403, "expected a request from the page itself, found one from another site.")
            is_open = path in LOGIN or path.startswith(SHARED)
            caller = Caller() if is_open else access.page_caller(request.cookies.get(COOKIE, ""))
        if caller is None:
            return self._ask_to_log_in(request)
        rules = agent.rules
        is_token = caller.user is not None
        context = None if rules is None else rules.context(caller.said, key_id=caller.key_id, is_old=is_token)
        request.state.caller, request.state.agent = caller, agent.of(caller.realm, context)
        return None

    def _count(self, scope: Scope) -> Response | None:
        """Count a request of nobody's against its address; the answer where it is one too many."""
        quotas: Quotas = scope["app"].state.quotas
        try:
            quotas.count(scope)
        except RateLimitExceededError as error:
            return respond(error)
        return None

    def _access_to(self, agent: "Agent") -> Access:
        if self._access is None:
            self._access = Access(AccessStore(agent.state.database), self.settings)
        return self._access

    def _ask_to_log_in(self, request: HTTPConnection) -> Response:
        method = request.scope.get("method", "")
        if method in _READS and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303)
        raise UnauthorizedError("expected somebody who is logged in, found nobody. Load the page again.")


def read_context(header: str) -> dict[str, str]:
    """'region=DE, age_confirmed=yes' as a program says it of its request.

    Raises:
        ContextError: It is written otherwise.
    """
    said: dict[str, str] = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        match = PAIR.fullmatch(pair)
        if match is None or len(said) == MOST_SAID:
            raise ContextError(f"{CONTEXT}: expected at most {MOST_SAID} pairs as 'region=DE, age_confirmed=yes'.")
        said[match[1]] = match[2]
    return said


def is_same_origin(request: HTTPConnection) -> bool:
    """Whether a request that may change something comes from this site's own pages, as browsers say."""
    if request.scope.get("method", "") in _READS:
        return True
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
