"""Serving: the listening socket first, then the agent, then page and API on one address until Ctrl-C."""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from agent.settings import Settings
from retrieval.errors import SettingsError
from ui.api import AgentFactory, create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger(__name__)
SHUTDOWN_S = 3
"""How long open streams (the page keeps one) may go on after Ctrl-C."""
ADVICE = {
    errno.EADDRINUSE: "is in use by another program. Stop that program, or choose another port with --port",
    errno.EACCES: "needs more rights. Choose a port above 1023 with --port",
    errno.EADDRNOTAVAIL: "is no address of this machine. Choose another with --host",
}


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, taken before anything slow is started.

    Raises:
        SettingsError: The address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(
            f"expected an address of this machine, found {host!r}. Choose another with --host."
        ) from error
    try:
        if os.name == "posix":  # a port that was just given back can be had again at once
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = ADVICE.get(error.errno or 0, f"cannot be used ({error.strerror})")
        raise SettingsError(f"port {port} of {host} {reason}.") from error
    return listener


async def run(
    settings: Settings,
    listener: socket.socket,
    build: AgentFactory,
    *,
    page: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: For the agent.
        listener: A listening socket.
        build: Makes the agent.
        page: Whether to serve the chat page too.
        tell: Told the address once requests are answered.
    """
    tell("Loading the catalog and the models ...")
    agent = await build(settings)
    app = create_app(agent, settings)
    if page:
        from ui.chat import mount_chat

        app = mount_chat(app, agent)
    await _serve(app, listener, tell)


async def _serve(app: "FastAPI", listener: socket.socket, tell: Callable[[str], None]) -> None:
    config = uvicorn.Config(app, access_log=False, log_config=None, timeout_graceful_shutdown=SHUTDOWN_S)
    server = _Server(config, lambda: tell(f"Ready: {address_of(listener)}   (API at /v1, Ctrl-C to stop)"))
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    # uvicorn stops on these signals and raises them again at the end; by then there is nothing left to end
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    await server.serve(sockets=[listener])
    tell("Stopped.")


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line is worth showing: streams to open pages that end with the server are not."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


def address_of(listener: socket.socket) -> str:
    """'http://127.0.0.1:7860'; an address for all networks is shown as localhost."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._on_ready()
