"""Has an agent watched as long as an application runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.settings import Settings
from ui.seeing.metrics import Metrics
from ui.seeing.traces import Traces

if TYPE_CHECKING:
    from agent.agent import Agent


@asynccontextmanager
async def watched(agent: "Agent", settings: Settings) -> AsyncIterator[Metrics]:
    """Count what an agent does, and trace it where the settings say so; what is left of traces is sent at the end.

    Raises:
        SettingsError: What sends traces is not installed.
    """
    metrics, traces = Metrics(), Traces.to(settings)
    agent.watchers += [metrics] if traces is None else [metrics, traces]
    try:
        yield metrics
    finally:
        agent.watchers.clear()
        if traces is not None:
            await asyncio.to_thread(traces.close)
