"""Ends the work for a client that has left: nobody would read what it brings."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

Answer = TypeVar("Answer")
LEFT = 499
"""The status in the log; nobody receives it."""


async def while_connected(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """What the work brings; it is canceled where the client leaves first.

    Raises:
        HTTPException: The client left.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HTTPException(LEFT, "the client left before the answer was there.")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait({working, leaving})


async def _left(request: Request) -> None:
    """Until the client leaves; the request's body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
