"""Ends the work for a client that has gone: nobody would read the answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException

Result = TypeVar("Result")
LEFT = 499
"""As some proxies log a client that closed its request; nobody gets to see it."""


async def while_here(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Await work as long as its client waits for it. The request's body must have been read.

    Raises:
        HTTPException: The client went away; the work was canceled.
    """
    task, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HTTPException(LEFT, "the client left before the answer was there.")
        return task.result()
    finally:
        for waiting in (task, leaving):
            waiting.cancel()
        await asyncio.wait({task, leaving})


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
