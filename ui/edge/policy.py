"""What a browser may do with the page; which of its routes answer at all is said in `ui/edge/page.py`.

The policy lets the page run its own files and the inline scripts that the server sends with it (by their digests), and
nothing that slips in later; Gradio makes code from strings and sets styles in place, so those two stay open.
"""

import base64
import hashlib
import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.edge.page import API

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with "no-referrer", forms have the origin "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


def policy_of(page: str) -> str:
    """The content security policy for a page as the server sends it."""
    return POLICY.format(scripts=" ".join(dict.fromkeys(_digests(_SCRIPT.findall(page)))))


def _digests(scripts: Iterable[str]) -> Iterable[str]:
    for script in scripts:
        yield f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class PagePolicy:
    """ASGI middleware for everything but the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, the answer of the page with headers."""
        is_page = scope["type"] == "http" and not scope["path"].startswith(API)
        await self.app(scope, receive, _Answer(send).send if is_page else send)


class _Answer:
    """One answer on its way out; a page waits until it is whole, since its policy names its scripts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Send a part on."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            is_html = headers.get("content-type", "").startswith("text/html")
            if is_html and "content-security-policy" not in headers:
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            MutableHeaders(scope=self._start)["content-security-policy"] = policy_of(self._body.decode())
            await self._send(self._start)
            message, self._start = {**message, "body": self._body}, None
        await self._send(message)
