"""The event loop of a server: uvloop, which spends less on each wait than Python's own, where there is one."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def run_served(work: Coroutine[Any, Any, None]) -> None:
    """Run a server until it ends."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # there is none for Windows
        asyncio.run(work)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work)
