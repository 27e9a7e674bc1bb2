"""The protocol over standard input and output, for a program that starts this one for itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server

from ui.access.caller import Caller
from ui.mcp.calls import Desk
from ui.mcp.server import make_server

if TYPE_CHECKING:
    from agent.agent import Agent


async def run_stdio(build: "Callable[[], Awaitable[Agent]]") -> None:
    """Answer until the input ends; the agent is built meanwhile, so that the handshake does not wait for it."""
    loading = asyncio.ensure_future(build())

    async def desk(_: ServerRequestContext) -> Desk:
        return Desk(await asyncio.shield(loading), Caller())

    server = make_server(desk)
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        agent = await loading
        await agent.aclose()
