"""The database below the store: opens SQLite or PostgreSQL, brings the tables up to date, hands out transactions."""

import copy
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, QueuePool, create_engine, delete, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from retrieval.errors import SettingsError, StateError
from retrieval.state import users
from retrieval.state.faults import state_faults
from retrieval.state.migrate import migrate
from retrieval.state.private import make_private
from retrieval.state.realms import inside
from retrieval.state.records import User
from retrieval.state.tables import MetaRow

logger = logging.getLogger(__name__)

SCRUB_KEY = "scrub_pending"
TRIED_KEY = "last_tried"
CONNECT_S = 5
"""For a server that takes no connection; the driver itself would wait for minutes."""
_SCHEMA_LOCK = 0x5EC0_7E0F  # any fixed number: PostgreSQL's advisory lock while the tables are made


class Database:
    """An engine and its transactions; safe to use from many threads."""

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        """Open the database and make what is missing.

        Raises:
            SettingsError: The URL is no database URL, or its driver is not installed.
            StateError: The database cannot be opened, read or written.
        """
        self.url = _parse(url)
        self.realm = ""
        """Whose users and conversations its transactions see."""
        self.doubted = threading.Event()
        """Set by a write that failed, of whatever realm; whoever looks into it clears it."""
        self._busy_timeout_s = busy_timeout_s
        self._scrubbing, self._writing = threading.Lock(), threading.Lock()
        with state_faults(self.url):
            self.engine = self._make_engine()
            try:
                self._prepare()
            except BaseException:
                self.engine.dispose()
                raise

    def of(self, realm: str) -> Self:
        """The same database as a realm sees it; only the one that was opened is closed."""
        seen = copy.copy(self)
        seen.realm = realm
        return seen

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite (else PostgreSQL)."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with inside(self.realm), state_faults(self.url), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self, bound_to: User | None = None) -> Iterator[Session]:
        """A transaction that is on the disk when the block ends without an error, and gone otherwise.

        Args:
            bound_to: Whoever has this user's id by now must be this very user; see `users.lock`.
        """
        engine = self.engine.execution_options(writes=True)
        info = {users.BOUND: bound_to}
        try:
            with (
                inside(self.realm),
                self._turn_to_write(),
                state_faults(self.url),
                Session(engine, info=info) as session,
                session.begin(),
            ):
                yield session
        except StateError:
            self.doubted.set()
            raise

    def try_writing(self) -> None:
        """Write a row that says nothing, as far as the disk.

        Raises:
            StateError: Nothing can be saved just now.
        """
        with self.write() as session:
            session.merge(MetaRow(key=TRIED_KEY, value=repr(time.time())))

    def scrub(self) -> None:
        """Overwrite what deleted rows left in SQLite's file and log; repeated at the next start if it fails."""
        if not self.is_sqlite:
            return
        try:
            with self._scrubbing, state_faults(self.url):
                _vacuum(self.engine)
            with self.write() as session:
                session.execute(delete(MetaRow).where(MetaRow.key == SCRUB_KEY))
        except StateError as error:
            logger.warning("deleted rows still lie in the state file; cleaned at the next start: %s", error)

    def scrub_if_unclean(self) -> None:
        """Finish what a crash or a full disk left of a deletion."""
        with self.read() as session:
            pending = session.get(MetaRow, SCRUB_KEY) is not None
        if pending:
            self.scrub()

    def note_scrub(self, session: Session) -> None:
        """Remember, in the same transaction as a deletion, that `scrub` must follow, even after a crash."""
        if self.is_sqlite:
            session.merge(MetaRow(key=SCRUB_KEY, value="yes"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        """SQLite takes one writer at a time: who waits here is woken, who waits there looks again ever more seldom."""
        is_mine = self.is_sqlite and self._writing.acquire(timeout=self._busy_timeout_s)
        try:
            yield
        finally:
            if is_mine:
                self._writing.release()

    def _make_engine(self) -> Engine:
        # hide_parameters: an error's text must not carry what a user wrote
        if not self.is_sqlite:
            waits = {} if "connect_timeout" in self.url.query else {"connect_timeout": CONNECT_S}
            return create_engine(self.url, hide_parameters=True, pool_pre_ping=True, connect_args=waits)
        in_memory = self.url.database in (None, "", ":memory:")
        if not in_memory:
            _create_private(self.url)
        pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if in_memory else {}
        engine = create_engine(
            self.url,
            hide_parameters=True,
            poolclass=QueuePool,
            connect_args={"check_same_thread": False, "timeout": self._busy_timeout_s},
            **pool,
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare(self) -> None:
        if self.is_sqlite:
            self._enter_wal()
        with self.write() as session:
            if not self.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
            migrate(session.connection())
        self.scrub_if_unclean()

    def _enter_wal(self) -> None:
        """Switch to write-ahead logging, for good; SQLite does not wait for the lock by itself here."""
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                with _outside_transaction(self.engine) as connection:
                    connection.execute("PRAGMA journal_mode=WAL").fetchall()
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _parse(text_url: str) -> URL:
    try:
        url = make_url(text_url)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise SettingsError(
                f"the state can live in SQLite or PostgreSQL, found {url.get_backend_name()!r}. Set another state URL."
            )
        url.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the state URL needs the driver {error.name!r}, which is not installed. "
            "Install it with: .venv/bin/pip install -e '.[postgres]'"
        ) from error
    except (ArgumentError, NoSuchModuleError):
        raise SettingsError(
            "expected a database URL such as sqlite:///state.db or postgresql://user@host/name for the state, "
            "found something else. Set the state URL, or leave it empty for SQLite."
        ) from None
    return url


def _create_private(url: URL) -> None:
    """Make the folder and an empty file that only its owner can read."""
    if url.query.get("uri"):
        return
    path = Path(str(url.database))
    try:
        make_private(path)
    except OSError as error:
        raise StateError(
            f"the state in {path} cannot be opened: {error.strerror}. Check the folder and its rights."
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later fails at once when another one wrote in between
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _outside_transaction(engine: Engine) -> Iterator[sqlite3.Connection]:
    pooled = engine.raw_connection()
    try:
        connection = pooled.driver_connection
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError(f"expected a SQLite connection, found {type(connection).__name__}")
        yield connection
    finally:
        pooled.close()


def _vacuum(engine: Engine) -> None:
    """Rewrite the file without free space, then empty the log that the rewriting went through."""
    with _outside_transaction(engine) as connection:
        connection.execute("VACUUM").close()
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise StateError("a long-running reader keeps the old log alive")
