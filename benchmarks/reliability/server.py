"""A real server over a copy of a data folder, to be killed, starved and started again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

IDLE_S = 120.0
"""A server that starts and has used no processor for so long has got stuck; on a busy machine a start takes minutes."""
CLIENT_S = 600.0
"""How long a request may take before nobody believes in an answer; how long it should take others judge."""
LIMITS = httpx.Limits(keepalive_expiry=1.0)
"""The server closes connections that are idle for five seconds: a request must not meet that moment."""


def copy_of(data: Path, folder: Path) -> Path:
    """A data folder of one's own, without what people left in the other one."""
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns("*.db", "*.db-*", "probe.json"))
    return folder


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """`reconteur serve` without a page; on the same port after each start."""

    def __init__(
        self, data: Path, *, llm_url: str = "none", env: Mapping[str, str] | None = None, first: str = ""
    ) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=CLIENT_S, trust_env=False, limits=LIMITS)
        self._llm_url, self._env, self._first = llm_url, dict(env or {}), first
        self.wrap: tuple[str, ...] = ()
        """A command that starts the process in its own place; it gets the data folder and the process's command."""
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data.parent / f"{data.name}-{self.port}.log"

    def __enter__(self) -> "Server":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "it was started"
        return self._process.pid

    def launch(self) -> None:
        """Start the process and wait for nothing."""
        # what comes first runs in the same process, before the program: a clock set back, for example
        program = f"{self._first}\nimport runpy; runpy.run_module('ui', run_name='__main__')"
        words = ("serve", "--no-page", "--data", str(self.data), "--port", str(self.port), "--llm-url", self._llm_url)
        wrap = (*self.wrap, str(self.data)) if self.wrap else ()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*wrap, sys.executable, "-c", program, *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self._env},
            )

    def start(self) -> None:
        """Start it and wait until it answers, as long as it is at work.

        Raises:
            RuntimeError: It ended, or does nothing any more.
        """
        self.launch()
        worked, since = -1.0, time.monotonic()
        while time.monotonic() - since < IDLE_S:
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"the server ended by itself: {self.last_words()}")
            with contextlib.suppress(httpx.HTTPError):
                if "still loading" not in self.client.get("/readyz", timeout=5).text:
                    return
            if (now := self._worked_s()) > worked:
                worked, since = now, time.monotonic()
            time.sleep(0.1)
        raise RuntimeError(f"the server did nothing for {IDLE_S:g} s before it was there: {self.last_words()}")

    def _worked_s(self) -> float:
        """Seconds of processor time that it has used, by Linux's count."""
        with contextlib.suppress(OSError):
            spent = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def ended_by_itself(self) -> str:
        """Start where it cannot: its last words once it gave up, '' where it did not."""
        try:
            self.start()
        except RuntimeError:
            return self.last_words()
        return ""

    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
