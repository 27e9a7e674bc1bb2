"""Reads a request to its end, within bounds, before anything looks at it; nothing here is ever written to disk."""

import re
from urllib.parse import unquote, unquote_to_bytes

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.edge.page import API, replay
from ui.edge.refusal import Refusal

SLASH = "\x00"
"""Stands in a path for a slash that was written %2F: a part of an id, not a border between parts of the path.

No path that is let through holds this character in its own right."""
NO_FILES = Refusal(415, "expected JSON, found a form with files. This server takes no files; send JSON.")
NO_NUL = Refusal(400, "expected a path of printable characters, found NUL in it. Leave it out.")
NO_TEXT = Refusal(400, "expected a path and a query in UTF-8, found other bytes in them. Send them as UTF-8.")
_SLASH = re.compile(rb"%2f", re.IGNORECASE)


class WholeRequests:
    """ASGI middleware: the application is called once the body is there."""

    def __init__(self, app: ASGIApp, *, body_bytes: int) -> None:
        self.app = app
        self.body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        outcome = self._refusal(scope) or await self._body(receive)
        if isinstance(outcome, Refusal):
            await outcome.response()(scope, receive, send)
        elif outcome is not None:  # else the client has left
            await self.app({**scope, "path": routed_path(scope)}, replay(_whole(outcome), receive), send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        """What the head of a request already shows."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if SLASH in scope["path"]:
            return NO_NUL
        if not _is_text(scope.get("raw_path") or b"") or not _is_text(scope.get("query_string") or b""):
            return NO_TEXT  # else ids that differ in these bytes would be one
        if headers.get("content-type", "").lower().lstrip().startswith("multipart/"):
            return NO_FILES
        return self._too_large() if length.isdigit() and int(length[:20]) > self.body_bytes else None

    async def _body(self, receive: Receive) -> bytes | Refusal | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.body_bytes:
                return self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"expected a body of at most {self.body_bytes} bytes, found more. Send less at once.")


def _is_text(quoted: bytes) -> bool:
    """Whether what is written with percent signs is UTF-8."""
    try:
        return b"%" not in quoted or bool(unquote_to_bytes(quoted).decode() or True)
    except UnicodeDecodeError:
        return False


def routed_path(scope: Scope) -> str:
    """The path that routes are matched with, in which %2F is no border."""
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if not path.startswith(API) or not _SLASH.search(raw):
        return path
    return unquote(_SLASH.sub(SLASH.encode(), raw).decode("ascii", "replace"))


def _whole(body: bytes) -> Message:
    """A body in one piece."""
    return {"type": "http.request", "body": body, "more_body": False}
