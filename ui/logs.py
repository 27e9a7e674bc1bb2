"""The log: a line each, plain or JSON, with the id of the request that it belongs to.

Errors are shown by class and place, and other libraries' lines by their first line, since both can quote what was said.
"""

import copy
import json
import logging
import re
import sys
import traceback
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from agent.settings import LogSettings
from retrieval.untrusted import visible

PACKAGES = ("ui", "agent", "tools", "retrieval")
FIELDS = ("method", "route", "status", "ms", "tenant")
"""What the line of a finished request has besides."""
SANE = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""What is taken for the id of a request from outside."""
FRAMES = 6
_request_id: ContextVar[str] = ContextVar("request_id", default="-")

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def begin_request(offered: str = "") -> str:
    """The id of a request that begins, for all lines from here on; what the client offers where that can be one."""
    request_id = offered if SANE.fullmatch(offered) else uuid.uuid4().hex
    _request_id.set(request_id)
    return request_id


def place_of(error: BaseException) -> str:
    """'ValueError at turn.py:80 < agent.py:12': the class and the place of an error, not its words."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def mark(record: logging.LogRecord) -> bool:
    """A filter of handlers: notes the request's id in a record."""
    record.request_id = _request_id.get()
    return True


class PlainFormatter(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; further lines are set in, so that nothing in it can pose as another record."""
        return visible(super().format(_without_words(record))).replace("\n", "\n    ")

    def formatException(self, ei: ErrorInfo) -> str:  # noqa: N802  logging calls it so
        """The class and the place of an error."""
        return "" if ei[1] is None else place_of(ei[1])


class JsonFormatter(PlainFormatter):
    """For machines: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        record = _without_words(record)
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


FORMATTERS: Mapping[str, type[PlainFormatter]] = {"plain": PlainFormatter, "json": JsonFormatter}


def configure(log: LogSettings) -> None:
    """Log to stderr; the libraries below only what went wrong, since their lines can hold what users said."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(mark)
    handler.setFormatter(FORMATTERS[log.format]())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for package in PACKAGES:
        logging.getLogger(package).setLevel(log.level.upper())


def _without_words(record: logging.LogRecord) -> logging.LogRecord:
    """A copy of a record: without what other handlers made of it, and cut where a library may quote an error."""
    record = copy.copy(record)
    record.exc_text = record.stack_info = None
    if record.name.partition(".")[0] not in PACKAGES:
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return record
