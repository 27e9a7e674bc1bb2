"""Waiting until a model server is ready to answer, and finding it a port."""

import os
import socket
import time
from collections.abc import Callable
from typing import Final

import httpx

from agent.serving.models import ServingError

POLL_S: Final = 0.25
Progress = Callable[[float], None]
"""Called with the seconds waited so far."""


def wait_healthy(
    url: str,
    timeout_s: float,
    progress: Progress | None = None,
    *,
    is_running: Callable[[], bool] = lambda: True,
) -> float:
    """Poll /health until it says ok; /v1/models would answer before the model is loaded.

    Args:
        url: The server, with or without the trailing /v1.
        timeout_s: When to give up.
        progress: Called after every try.
        is_running: Whether the server's process is still there.

    Returns:
        The seconds waited.

    Raises:
        ServingError: The process ended, or the time is over.
    """
    health = f"{url.rstrip('/').removesuffix('/v1')}/health"
    started = time.monotonic()
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while True:
            status = _probe(client, health)
            waited = time.monotonic() - started
            if status == "200":
                return waited
            if not is_running():
                raise ServingError("expected the language-model server to get ready, but it ended. See its log.")
            if waited > timeout_s:
                raise ServingError(
                    f"expected {health} to answer 200 within {timeout_s:.0f} s, found: {status}. See the server's log."
                )
            if progress is not None:
                progress(waited)
            time.sleep(POLL_S)


def process_alive(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _probe(client: httpx.Client, url: str) -> str:
    try:
        return str(client.get(url).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
