"""The HTTP application: OpenAI-compatible chat, recommendations, feedback, users, items, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from agent.settings import Settings
from retrieval.errors import RecommenderError
from ui.access import token_routes
from ui.access.guard import Guard
from ui.access.scopes import check_scope
from ui.api import chat_routes, data_routes
from ui.api.errors import on_error, on_http_error, on_invalid
from ui.api.middleware import Gate, note_route
from ui.version import package_version

if TYPE_CHECKING:
    from agent.agent import Agent

AgentFactory = Callable[[Settings], Awaitable["Agent"]]
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
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
    )
    if not callable(agent):
        app.state.agent = agent
    app.add_middleware(Guard, settings=settings.access)
    app.add_middleware(Gate)
    app.add_exception_handler(RecommenderError, on_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.include_router(chat_routes.router)
    app.include_router(data_routes.router)
    app.include_router(token_routes.router)
    app.add_api_route("/healthz", healthz, response_model=None)
    app.add_api_route("/readyz", readyz, response_model=None)
    for area in ("/api", "/v1"):
        # before the page, which is mounted below everything and answers in another shape
        app.router.add_route(area + "/{rest:path}", _no_such_path, methods=list(_METHODS), include_in_schema=False)
    return app


async def _no_such_path(request: Request) -> JSONResponse:
    """Whatever no route of the API takes: 405 where the path exists for another method, else 404."""
    others = (route for route in request.app.router.routes if route.matches(request.scope)[0] is Match.PARTIAL)
    status = 404 if next(others, None) is None else 405
    return await on_http_error(request, HTTPException(status))


async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


async def readyz(request: Request) -> JSONResponse:
    """Which parts work: 'ready', 'degraded' (answers are poorer) or, with 503, 'not ready'."""
    agent: Agent | None = getattr(request.app.state, "agent", None)
    if agent is None:
        return JSONResponse({"status": "not ready", "parts": {"catalog": "still loading"}}, status_code=503)
    parts = await _parts(agent)
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
