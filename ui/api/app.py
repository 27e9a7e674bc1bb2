"""The HTTP application: OpenAI-compatible chat, recommendations, feedback, users, items, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from agent.settings import Settings
from retrieval.errors import RecommenderError, without_places
from ui.access import token_routes
from ui.access.guard import Guard
from ui.access.scopes import check_scope
from ui.api import chat_routes, data_routes
from ui.api.again import Again
from ui.api.answers import ALWAYS, Health, Readiness
from ui.api.errors import on_error, on_http_error, on_invalid
from ui.api.middleware import Gate, note_route
from ui.api.opening import HEALTH
from ui.edge.addresses import KnownAddresses
from ui.edge.policy import PagePolicy
from ui.edge.requests import WholeRequests
from ui.learning.schedule import learning
from ui.limits.page import PageQuota
from ui.limits.quotas import Quotas, count_request
from ui.mcp import http, openapi
from ui.responses import routes as responses
from ui.seeing import routes as seeing
from ui.seeing.watch import watched
from ui.version import package_version

if TYPE_CHECKING:
    from agent.agent import Agent

AgentFactory = Callable[[Settings], Awaitable["Agent"]]
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READY_S = 4.0
"""How long the parts may take to say how they are; the model's own limit is 3 seconds."""
ESSENTIAL = frozenset(("catalog", "state"))
"""Parts without which no request can be answered; without the others answers are poorer and say so."""


def create_app(agent: "Agent | AgentFactory", settings: Settings, *, warm: bool = True) -> FastAPI:
    """The application over an agent, or over a function that builds one when the application starts.

    Args:
        agent: The agent or its builder; either way it is closed when the application ends.
        settings: Passed to the builder.
        warm: Whether to load models before the first request.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        built = await agent(settings) if callable(agent) else agent
        app.state.agent = built
        try:
            async with watched(built, settings) as watching, http.opened() as app.state.mcp, learning(built, settings):
                app.state.metrics, app.state.notes = watching
                if warm:
                    await built.warm()
                yield
        finally:
            await built.aclose()

    app = FastAPI(
        title="Reconteur",
        version=package_version(),
        lifespan=lifespan,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(note_route), Depends(check_scope)],
        responses=ALWAYS,
        separate_input_output_schemas=False,  # members that do not apply are left out of answers
    )
    if not callable(agent):
        app.state.agent = agent
    app.state.quotas = quotas = Quotas.of(settings.limits)
    # the last one added is the first that sees a request; Gradio adds no origins of its own where CORSMiddleware is
    app.add_middleware(Again)
    app.add_middleware(PageQuota, quotas=quotas, connections=settings.http.connections)
    app.add_middleware(Guard, settings=settings.access)
    app.add_middleware(PagePolicy)
    app.add_middleware(WholeRequests, body_bytes=settings.http.body_bytes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.http.origins,
        allow_methods=_METHODS,
        allow_headers=["*"],
        expose_headers=["*"],
    )
    app.add_middleware(KnownAddresses, hosts=settings.http.hosts, origins=settings.http.origins)
    app.add_middleware(Gate)
    app.add_exception_handler(RecommenderError, on_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    counted = [Depends(count_request)]
    app.include_router(chat_routes.router, dependencies=counted)
    app.include_router(responses.router, dependencies=counted)
    app.include_router(data_routes.router, dependencies=counted)
    app.include_router(token_routes.router, dependencies=counted)
    app.include_router(http.router, dependencies=counted)
    app.include_router(openapi.router, dependencies=counted)
    app.include_router(seeing.router, dependencies=counted)
    app.add_api_route("/healthz", healthz)
    app.add_api_route("/readyz", readyz, response_model=Readiness, responses={503: {"model": Readiness}})
    for path in (
        "/api/{rest:path}",
        "/v1/{rest:path}",
        "/mcp{rest:path}",
        "/tools/{rest:path}",
        "/metrics{rest:path}",
        *HEALTH,
    ):
        # before the page, which is mounted below everything and answers in another shape
        app.router.add_route(path, _NoSuchPath(app.router), include_in_schema=False)  # type: ignore[arg-type]
    return app


class _NoSuchPath:
    """Whatever no route of the API takes: 405 where the path exists for other methods, else 404."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the form of errors."""
        methods = [method for method in _METHODS if self._takes({**scope, "method": method})]
        error = HTTPException(404, "expected a path of the API, found another one. See /api/openapi.json.")
        if methods:
            expected = f"expected {' or '.join(methods)}, found another method."
            error = HTTPException(405, expected, {"Allow": ", ".join(methods)})
        await (await on_http_error(Request(scope), error))(scope, receive, send)

    def _takes(self, scope: Scope) -> bool:
        others = (
            route
            for route in self._router.routes
            if not isinstance(route, Mount) and getattr(route, "endpoint", None) is not self
        )
        return any(route.matches(scope)[0] is Match.FULL for route in others)


async def healthz() -> Health:
    """The process is alive."""
    return Health()


async def readyz(request: Request) -> JSONResponse:
    """Which parts work: 'ready', 'degraded' (answers are poorer) or, with 503, 'not ready'."""
    agent: Agent | None = getattr(request.app.state, "agent", None)
    if agent is None:
        status_code, loading = HEALTH["/readyz"]
        return JSONResponse(loading, status_code=status_code)
    parts = {part: without_places(state) for part, state in (await _parts(agent)).items()}
    failed = {part for part, state in parts.items() if state != "ok"}
    status = "ready" if not failed else "not ready" if failed & ESSENTIAL else "degraded"
    answer = {"status": status, "parts": parts, "driver": agent.chooser.status}
    return JSONResponse(answer, status_code=503 if failed & ESSENTIAL else 200)


async def _parts(agent: "Agent") -> dict[str, str]:
    """Each part and how it is; whoever looks after the server does not wait for a part that hangs."""
    try:
        return await asyncio.wait_for(agent.ready(), READY_S)
    except TimeoutError:
        return {"catalog": "ok", "state, model": f"no answer within {READY_S:g} s"}
