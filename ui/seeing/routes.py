"""The routes for whoever looks after a server: Prometheus's, the last hours in fields, and the page that shows them."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from retrieval.errors import StateError
from retrieval.state import TurnLog
from ui.access.scopes import caller_of
from ui.seeing.metrics import CONTENT_TYPE_LATEST, Metrics
from ui.seeing.notes import Notes
from ui.seeing.operations import Operations, operations_of

router = APIRouter()
PAGE = Path(__file__).with_name("operations.html")


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """The figures of this process."""
    counted: Metrics = request.app.state.metrics
    return Response(counted.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/operations")
async def operations(request: Request, hours: Annotated[int, Query(ge=1, le=31 * 24)] = 24) -> Operations:
    """The last hours of the key's tenant: turns, times, what was not understood, what found nothing, likes."""
    notes: Notes = request.app.state.notes
    with suppress(StateError):  # a disk that is full can still be read
        await notes.flush()
    log = TurnLog(request.state.agent.state.database.of(""))
    return await asyncio.to_thread(operations_of, log, caller_of(request).tenant, hours)


@router.get("/operations", include_in_schema=False)
async def show_operations() -> HTMLResponse:
    """The page that draws them; without figures of its own, so it asks for no key until it wants some."""
    return HTMLResponse(PAGE.read_text(encoding="utf-8"), headers={"Cache-Control": "no-store"})
