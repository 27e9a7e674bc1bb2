"""Turns a database's errors into a `StateError` that says what to do; SQLite and PostgreSQL by their error codes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from retrieval.errors import StateError

FREE_SPACE = "the disk is full. Free some space and try again; what was saved before is safe"
READ_ONLY = "it is read-only. Give this process the right to write the file and its folder"
BUSY = "another process keeps it locked. Wait for that process or stop it, then try again"
NO_DATABASE = "the file is not a SQLite database or is damaged. Move it away or restore a backup, then start again"
NO_OPEN = "it cannot be opened. Check that the folder exists and that this process may write to it"
NO_REACH = "the database server cannot be reached or refused the login. Check that it runs and the state URL"
BROKEN = "the disk reported an error or the file may not grow. Check the disk and its quotas, then try again"
OVERLOADED = "too many requests wait for it. Try again in a moment"

_SQLITE = {
    sqlite3.SQLITE_FULL: FREE_SPACE,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_NOTADB: NO_DATABASE,
    sqlite3.SQLITE_CORRUPT: NO_DATABASE,
    sqlite3.SQLITE_CANTOPEN: NO_OPEN,
    sqlite3.SQLITE_IOERR: BROKEN,
}
# By SQLSTATE, longest prefix first: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    "53100": FREE_SPACE,
    "53": OVERLOADED,
    "25006": READ_ONLY,
    "42501": READ_ONLY,
    "55P03": BUSY,
    "40": BUSY,
    "58": BROKEN,
    "08": NO_REACH,
    "28": NO_REACH,
    "3D": NO_REACH,
    "57": NO_REACH,
}


def driver_errors() -> tuple[type[Exception], ...]:
    """What the drivers of both databases raise, for callers that use them without SQLAlchemy."""
    try:
        from psycopg import Error
    except ImportError:
        return (sqlite3.Error,)
    return (sqlite3.Error, Error)


@contextmanager
def state_faults(url: URL) -> Iterator[None]:
    """Raise a `StateError` for whatever the database reports.

    The database's own text can quote rows, so it is left out of the message and of the traceback; its code is named.
    """
    where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    what = f"the state in {where or 'memory'}"
    try:
        yield
    except PoolTimeoutError:
        raise fault(what, OVERLOADED, "pool timeout") from None
    except DBAPIError as error:
        raise fault(what, *explain(error.orig)) from None
    except sqlite3.Error as error:
        raise fault(what, *explain(error)) from None


def fault(what: str, advice: str, code: str) -> StateError:
    """The error of a store ('the state in state.db') that cannot be used."""
    return StateError(f"{what} cannot be used: {advice}. ({code})", reason=f"{advice} ({code})")


def explain(error: BaseException | None) -> tuple[str, str]:
    """What to do about a driver's error, and its code."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        advice = _SQLITE.get(code & 0xFF, "the database refused. This is a bug worth reporting")
        return advice, str(getattr(error, "sqlite_errorname", code))
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        prefix = next((sqlstate for sqlstate in _POSTGRES if state.startswith(sqlstate)), None)
        advice = _POSTGRES[prefix] if prefix else "the database refused. This is a bug worth reporting"
        return advice, f"SQLSTATE {state}"
    return NO_REACH, type(error).__name__
