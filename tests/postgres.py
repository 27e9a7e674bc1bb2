"""A private PostgreSQL server for tests: started from the installed binaries, gone with the session.

Use it with `from tests.postgres import postgres_server, postgres_url  # noqa: F401` and the fixture `postgres_url`
(a fresh, empty database per test, as `postgresql://...`). Tests that use it are `live`.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

OWNER = "postgres"
SERVER_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=40"


@dataclass(frozen=True)
class Server:
    """A running server that listens on a socket in `folder` only."""

    binaries: Path
    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        """Run a PostgreSQL program as the user who owns the server."""
        # initdb and postgres refuse to work for root
        user = OWNER if os.geteuid() == 0 else None
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr}"

    def start(self) -> None:
        options = f"{SERVER_OPTIONS} -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def new_database(self) -> str:
        """The URL of a fresh database."""
        name = f"test_{secrets.token_hex(6)}"
        self.run("createdb", "-h", str(self.folder), "-U", OWNER, name)
        return self.url(name)


def find_binaries() -> Path | None:
    """The folder of the newest installed server programs."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if binaries:
        return binaries[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running_server() -> Iterator[Server]:
    """A new server in a folder of its own; skips the test where PostgreSQL is not installed."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")
    # not in tmp_path: pytest keeps it closed to the user that the server runs as
    folder = Path(tempfile.mkdtemp(prefix="reconteur-pg-"))
    server = Server(binaries, folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER, OWNER)
        server.run("initdb", "-D", str(folder / "data"), "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    return postgres_server.new_database()
