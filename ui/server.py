"""Serving: the listening socket first, health on it at once, then the agent with page and API until Ctrl-C."""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import uvicorn

from agent.settings import HttpSettings, Settings
from retrieval.errors import SettingsError
from ui.api.opening import Opening
from ui.edge.files import raise_open_files
from ui.edge.protocol import ImpatientConfig

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ui.api.app import AgentFactory

logger = logging.getLogger(__name__)
SHUTDOWN_S = 3
"""How long open streams (the page keeps one) may go on after Ctrl-C."""
ADVICE = {
    errno.EADDRINUSE: "is in use by another program. Stop that program, or choose another port with --port",
    errno.EACCES: "needs more rights. Choose a port above 1023 with --port",
    errno.EADDRNOTAVAIL: "is no address of this machine. Choose another with --host",
}


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket, taken before anything slow is started.

    Args:
        host: Address to listen on.
        port: 0 for a free one.
        shared: Whether other processes may listen there, too; each then gets a part of the connections.

    Raises:
        SettingsError: The address cannot be had.
    """
    listener = bind(host, port, shared=shared)
    listener.listen(128)
    return listener


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that has its address, and gets no connections before it listens; see `listen`."""
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
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        reason = ADVICE.get(error.errno or 0, f"cannot be used ({error.strerror})")
        raise SettingsError(f"port {port} of {host} {reason}.") from error
    return listener


async def run(
    settings: Settings,
    listener: socket.socket,
    build: "AgentFactory",
    *,
    page: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until the process is told to stop; health is answered from the first moment on.

    Args:
        settings: For the agent.
        listener: A listening socket.
        build: Makes the agent.
        page: Whether to serve the chat page too.
        tell: Told the address once the agent answers.
    """
    tell("Loading the catalog and the models ...")
    settings = _with_room(settings)
    opening = Opening()
    server = _make_server(opening, settings.http)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    loading = asyncio.create_task(_load(settings, build, server.is_up, page=page))
    try:
        await asyncio.wait({serving, loading}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            async with opening.opened(await loading):
                if not serving.done():
                    tell(f"Ready: {address_of(listener)}   (API at /v1, Ctrl-C to stop)")
                await asyncio.wait({serving})
    finally:
        loading.cancel()
        server.should_exit = True
        await asyncio.wait({serving, loading})
    await serving
    tell("Stopped.")


async def _load(settings: Settings, build: "AgentFactory", is_up: asyncio.Event, *, page: bool) -> "FastAPI":
    """The application over a new agent, which it closes when it ends."""
    await is_up.wait()  # before that, uvicorn does not close what it is told to leave
    agent = await build(settings)
    try:
        # libraries take seconds to load: in a thread, so that health is answered meanwhile
        api = await asyncio.to_thread(import_module, "ui.api.app")
        app: FastAPI = await asyncio.to_thread(api.create_app, agent, settings)
        if not page:
            return app
        mount = await asyncio.to_thread(import_module, "ui.page.mount")
        await asyncio.to_thread(mount.load_page)
        mounted: FastAPI = mount.mount_chat(app, agent)
        return mounted
    except BaseException:
        await agent.aclose()
        raise


def _with_room(settings: Settings) -> Settings:
    """The settings with as many connections as open files allow; the rest is for databases, indexes and the model."""
    most = min(settings.http.connections, raise_open_files() * 3 // 4)
    return settings.model_copy(update={"http": settings.http.model_copy(update={"connections": most})})


def _make_server(app: Opening, http: HttpSettings) -> "_Server":
    config = ImpatientConfig(
        app,
        http,
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    # uvicorn stops on these signals and raises them again at the end; by then there is nothing left to end
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return _Server(config)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line is worth showing: streams to open pages that end with the server are not."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


def address_of(listener: socket.socket) -> str:
    """'http://127.0.0.1:7860'; an address for all networks is shown as localhost."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - is only compared  # nosec
    return f"http://{shown}:{port}"


class _Server(uvicorn.Server):
    """Says when its port answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.is_up.set()
