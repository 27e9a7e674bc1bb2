"""Several processes behind one port, each an API of its own: the kernel hands out connections, the state is shared.

What a process alone knows must not decide an answer, so conversations that clients send along are read anew every time.
"""

import multiprocessing
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import TYPE_CHECKING

from agent.settings import Settings
from retrieval.errors import RecommenderError, SettingsError
from ui.edge.loop import run_served
from ui.server import SHUTDOWN_S, address_of, bind, listen, run

if TYPE_CHECKING:
    from ui.api.app import AgentFactory

READY = "Ready: "
END_S = SHUTDOWN_S + 10
"""How long a process may take to end before it is made to."""


def run_workers(
    workers: int,
    settings: Settings,
    address: tuple[str, int],
    build: "AgentFactory",
    *,
    tell: Callable[[str], None],
    set_up: Callable[[], None],
) -> None:
    """Serve the API until this process is told to stop, or until one of the others ends.

    Args:
        workers: How many processes.
        settings: For the agent of each.
        address: Host and port, 0 for a free one.
        build: Makes an agent; a function of a module, since it is called in the other processes.
        tell: Told the address once all of them answer.
        set_up: Called in each process before anything else, as `build`.

    Raises:
        SettingsError: The address cannot be had, or this system lets no processes share one.
        RecommenderError: A process could not start, or ended.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise SettingsError("this system does not let several processes listen on one port: leave --workers out")
    with bind(*address) as free:  # fails where any other program has the port; a shared one would not
        address = free.getsockname()[:2]
    held = bind(*address, shared=True)
    signal.signal(signal.SIGTERM, _interrupt)
    settings = settings.model_copy(update={"histories": 0})
    started: dict[Connection, SpawnProcess] = {}
    tell(f"Loading the catalog and the models in {workers} processes ...")
    try:
        for _ in range(workers):
            started |= _start(settings, address, build, set_up)
        _watch(started, lambda: tell(f"{READY}{address_of(held)}   (API at /v1, Ctrl-C to stop)"))
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.join(END_S)
            process.kill()
        held.close()


def _start(
    settings: Settings, address: tuple[str, int], build: "AgentFactory", set_up: Callable[[], None]
) -> dict[Connection, SpawnProcess]:
    """A process, by the pipe that it speaks through."""
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
    heard, speaks = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(settings, address, build, set_up, speaks), daemon=True)
    process.start()
    speaks.close()  # so that the end of the process is heard
    return {heard: process}


def _watch(started: dict[Connection, SpawnProcess], on_ready: Callable[[], None]) -> None:
    """Wait for all to be ready, then for any to end.

    Raises:
        RecommenderError: One ended.
    """
    ready = 0
    while True:
        for heard in wait(list(started)):
            assert isinstance(heard, Connection), "nothing else is waited for"  # noqa: S101
            try:
                said, is_error = heard.recv()
            except EOFError:
                process = started[heard]
                process.join()
                raise RecommenderError(f"a process ended by itself (code {process.exitcode}); see the log") from None
            if is_error:
                raise RecommenderError(said)
            ready += said.startswith(READY)
            if ready == len(started):
                on_ready()
                ready = 0


def _work(
    settings: Settings, address: tuple[str, int], build: "AgentFactory", set_up: Callable[[], None], speaks: Connection
) -> None:
    """What one process does; it ends with the one that started it."""
    set_up()
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        listener = listen(*address, shared=True)
        with suppress(KeyboardInterrupt):
            run_served(run(settings, listener, build, page=False, tell=lambda said: speaks.send((said, False))))
    except RecommenderError as error:
        speaks.send((str(error), True))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
