"""A turn's events, read in a task of their own, so that somebody else can stop it: whatever it waits for then ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from agent.events import Event


class Running:
    """One running turn; made for one reader."""

    def __init__(self) -> None:
        self.is_stopped = False
        """Whether `stop` was called; the last event may have come all the same."""
        self._reading: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End the turn; its reader gets what has come so far."""
        self.is_stopped = True
        if self._reading is not None:
            self._reading.cancel()

    async def follow(self, source: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """The events as they come. An error of the source is raised here; a stop only ends them."""
        if self.is_stopped:
            return
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._reading = asyncio.create_task(_read(source, events))
        try:
            while (event := await events.get()) is not None:
                yield event
        finally:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if not self._reading.cancelled() and (error := self._reading.exception()) is not None:
            raise error


async def _read(source: AsyncIterator[Event], events: asyncio.Queue[Event | None]) -> None:
    """Put all events into a queue, then None, however it ends."""
    try:
        async with aclosing(_closable(source)) as stream:
            async for event in stream:
                events.put_nowait(event)
    finally:
        events.put_nowait(None)


async def _closable(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The events as a generator, which closes its source with itself."""
    try:
        async for event in events:
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
