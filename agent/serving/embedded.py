"""The llama.cpp server inside this process, through the wheel `xllamacpp`."""

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

from agent.serving.hardware import worker_threads
from agent.serving.models import ServingError
from agent.serving.plan import SERVED_NAME

logger = logging.getLogger(__name__)

SLOTS: Final = 2
"""Requests decoded side by side; each slot keeps a prompt prefix warm."""
CONTEXT_PER_SLOT: Final = 8192
"""Tokens. The cache of the 1.5B model costs 28 KiB a token, so both slots together take 448 MiB."""
PROMPT_CACHE_MIB: Final = 1024
"""Main memory for prefixes that lost their slot: two users at once do not make each other read them again."""
ERRORS_ONLY: Final = 1
"""llama.cpp's log level; from 2 (warnings) on it quotes a request that it cannot read."""


def run_embedded(model: Path, port: int, *, threads: int | None = None) -> None:
    """Serve `model` on the loopback address until SIGTERM or SIGINT comes or the parent process is gone.

    Raises:
        ServingError: The package is missing, or the model cannot be loaded.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    server = _start(model, port, threads or worker_threads())
    logger.info("embedded server: model %s, %s", model.name, server.listening_address)
    while not stop.wait(1.0) and os.getppid() == parent:
        pass
    del server
    logger.info("embedded server stopped")


def server_options(model: Path, port: int, threads: int) -> dict[str, Any]:
    """The settings that differ from llama.cpp's own, by their name in `CommonParams`."""
    return {
        "model.path": str(model),
        "model_alias": {SERVED_NAME},
        "hostnames": ["127.0.0.1"],
        "port": port,
        "n_ctx": SLOTS * CONTEXT_PER_SLOT,
        "n_parallel": SLOTS,
        "cpuparams.n_threads": threads,
        "cpuparams_batch.n_threads": threads,
        "cache_prompt": True,
        "cache_ram_mib": PROMPT_CACHE_MIB,
        "ctx_shift": False,
        "ui": False,
        "endpoint_slots": False,
        "cors_origins": "http://127.0.0.1",
        "verbosity": ERRORS_ONLY,
    }


def _start(model: Path, port: int, threads: int) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ServingError(
            "expected the package xllamacpp, found none. Install it with: .venv/bin/pip install -e '.[embedded]'"
        ) from error
    parameters = xllamacpp.CommonParams()
    for name, value in server_options(model, port, threads).items():
        *path, attribute = name.split(".")
        owner = parameters
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, attribute, value)
    try:
        return xllamacpp.Server(parameters)
    except (RuntimeError, OSError) as error:
        reason = str(error).rstrip(". ")
        raise ServingError(
            f"expected llama.cpp to load {model}, found: {reason}. Delete the file if it is damaged, then run again."
        ) from error
