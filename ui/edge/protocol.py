"""HTTP/1.1 that waits for nobody for long: slow, silent and half-finished clients are dropped.

uvicorn bounds the pause between two requests alone (`timeout_keep_alive`), and its `limit_concurrency` refuses whoever
comes next, health checks included, while the connections that do nothing stay.
"""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agent.settings import HttpSettings
from ui.edge.refusal import Refusal

HEAD_BYTES = 64 << 10
"""Most bytes of a request's line and headers."""
LINE_BYTES = len(b"  HTTP/1.1\r\n\r\n")
HEADER_BYTES = len(b": \r\n")
TOO_LARGE = Refusal(431, f"expected at most {HEAD_BYTES} bytes of headers, found more. Send fewer.")
TOO_SLOW = Refusal(408, "expected the whole request in time, found a part of it. Send it again in one go.")
FULL = Refusal(503, "too many connections are open. Try again in a moment.", {"Retry-After": "5"})


class _HeadTooLargeError(Exception):
    """Ends the parsing of a head."""


class _TrailerError(Exception):
    """Ends the parsing of a request with headers behind its body: nothing reads them, and they have no end."""


class ImpatientConfig(uvicorn.Config):
    """uvicorn's settings with those of the edge, and the connections whose next move is the client's, oldest first."""

    def __init__(self, app: Any, http: HttpSettings, **options: Any) -> None:
        super().__init__(app, http=ImpatientProtocol, ws="none", server_header=False, **options)
        self.edge = http
        self.waiting: dict[ImpatientProtocol, None] = {}


class ImpatientProtocol(HttpToolsProtocol):
    """One connection."""

    config: ImpatientConfig
    _timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes: int | None = 0
    """What came of a head that is not complete; None between its end and the next one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if need be in the place of one that does nothing."""
        super().connection_made(transport)
        if len(self.connections) > self.config.edge.connections:
            oldest = next(iter(self.config.waiting), None)
            if oldest is None:
                self._drop(FULL)
                return
            oldest.let_go()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        self._stop_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless the head grows too large."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > HEAD_BYTES:
            self._drop(TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or was not parsed to its end because it is too large."""
        if self._size_of_head() > HEAD_BYTES:
            self._drop(TOO_LARGE)
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """A request starts: from here on its time counts."""
        super().on_message_begin()
        self._head_bytes = self._head_bytes or 0
        self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head."""
        if self._head_bytes is None:
            raise _TrailerError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there; its bytes are counted anew, since what came with them may be more than the head."""
        self._head_bytes = None
        if self._size_of_head() > HEAD_BYTES:
            raise _HeadTooLargeError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there: the next move is ours."""
        self._head_bytes = 0
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The next move is the client's; how long it may take for it uvicorn sees to."""
        super().on_response_complete()
        if not self.transport.is_closing() and not self.pipeline:
            self.config.waiting[self] = None

    def pause_writing(self) -> None:
        """The client does not read what it asked for."""
        super().pause_writing()
        self._stop_writing()
        self._write_timer = self.loop.call_later(self.config.edge.request_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._stop_writing()

    def _size_of_head(self) -> int:
        """Bytes of the line and the headers that were parsed last, as they are usually written."""
        if not self.url:
            return 0
        line = len(self.parser.get_method()) + len(self.url) + LINE_BYTES
        return line + sum(len(name) + len(value) + HEADER_BYTES for name, value in self.headers)

    def let_go(self) -> None:
        """Make room."""
        self._stop_waiting()
        self.transport.abort()

    def _wait(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self.config.edge.request_s, self._late)
        self.config.waiting[self] = None

    def _stop_waiting(self) -> None:
        self.config.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _late(self) -> None:
        if self.flow.read_paused:  # it is us who do not read
            self._wait()
        else:
            self._drop(TOO_SLOW)

    def _drop(self, refusal: Refusal) -> None:
        """Close, with an answer unless another one is under way."""
        self._stop_waiting()
        cycle = self.cycle
        is_answering = cycle and not cycle.response_complete and (cycle.response_started or not cycle.more_body)
        if not is_answering and not self.transport.is_closing():
            self.transport.write(refusal.raw())
        self.transport.close()
