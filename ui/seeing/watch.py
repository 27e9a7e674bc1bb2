"""Has an agent watched as long as an application runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from agent.settings import Settings
from retrieval.errors import StateError
from retrieval.state import TurnLog
from ui.seeing.metrics import Metrics
from ui.seeing.notes import Notes
from ui.seeing.traces import Traces

if TYPE_CHECKING:
    from agent.agent import Agent


@asynccontextmanager
async def watched(agent: "Agent", settings: Settings) -> AsyncIterator[tuple[Metrics, Notes]]:
    """Count and note what an agent does, and trace it where the settings say so; what waits goes out at the end.

    Raises:
        SettingsError: What sends traces is not installed.
    """
    metrics, traces, notes = Metrics(agent.catalog), Traces.to(settings), Notes(TurnLog(agent.state.database))
    agent.watchers += [metrics, notes] if traces is None else [metrics, notes, traces]
    writing = asyncio.create_task(notes.run())
    try:
        yield metrics, notes
    finally:
        agent.watchers.clear()
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        with suppress(StateError):
            await notes.flush()
        if traces is not None:
            await asyncio.to_thread(traces.close)
