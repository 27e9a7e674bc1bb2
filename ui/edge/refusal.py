"""An answer to a request that goes no further, in the API's form of errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse

from ui.api.error_answer import refuse


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, what was expected and what to do."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """The answer; the connection is closed, since a body may still be on its way."""
        return refuse(self.status, self.message, {"connection": "close", **self.headers})

    def raw(self) -> bytes:
        """The same as bytes, for a connection that no application has seen yet."""
        made = self.response()
        lines = [b"HTTP/1.1 %d \r\n" % self.status, *(b"%s: %s\r\n" % pair for pair in made.raw_headers), b"\r\n"]
        return b"".join(lines) + bytes(made.body)
