"""What is the API, what is the page, and which of Gradio's many routes the page needs; no other can be reached.

Those take files of any size from anybody, run what a component offers, or fetch from elsewhere.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.edge.refusal import Refusal

API = ("/v1/", "/api/", "/mcp", "/tools/", "/metrics", "/healthz", "/readyz")
"""How the paths of the API begin; everything else is the page."""
NO_PATH = Refusal(404, "expected a path of the page or of the API, found another one. See /api/openapi.json.")
NO_EVENT = Refusal(400, "expected an event of the page with its values, found another body. Reload the page.")
_POST = frozenset(("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"))
_GET = frozenset(
    (
        "/",
        "/config",
        "/favicon.ico",
        "/manifest.json",
        "/robots.txt",
        "/theme.css",
        "/gradio_api/info",
        "/gradio_api/queue/data",
        "/gradio_api/startup-events",
    )
)
_GET_BELOW = ("/assets/", "/static/", "/svelte/", "/gradio_api/heartbeat/")


class PageOnly:
    """ASGI application: Gradio's, cut down to what the page asks of it."""

    def __init__(
        self, app: ASGIApp, inputs: Mapping[int, int], nothing_here: Callable[[Scope], ASGIApp | None]
    ) -> None:
        """Cut an application down.

        Args:
            app: Gradio's.
            inputs: How many values each event of the page takes, by its number.
            nothing_here: What answers a browser that asks for an address at which there is nothing.
        """
        self.app = app
        self.inputs = inputs
        self.nothing_here = nothing_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that there is no such path, or no such event of the page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not _is_open(scope):
            await (self.nothing_here(scope) or NO_PATH.response())(scope, receive, send)
        elif scope["method"] != "POST":
            await self.app(scope, receive, send)
        else:
            message = await receive()  # whole: `WholeRequests` stands before
            is_event = not _path(scope).endswith("/join") or self._is_event(message.get("body", b""))
            await (self.app if is_event else NO_EVENT.response())(scope, replay(message, receive), send)

    def _is_event(self, body: bytes) -> bool:
        """Whether it is what the page itself sends: a known event with as many values, and no file among them.

        A file named in a value would be copied on this machine, whatever it is, and what does not fit is logged.
        """
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return False
        if not isinstance(said, dict) or not isinstance(data := said.get("data"), list):
            return False
        number = said.get("fn_index")
        known = self.inputs.get(number) if isinstance(number, int) else None
        return known == len(data) and not _names_a_file(data)


def _names_a_file(data: list[Any]) -> bool:
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value or "_type" in value:
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def replay(message: Message, receive: Receive) -> Receive:
    """What an application receives: a message that was read already, then whatever comes."""
    pieces = [message]

    async def replayed() -> Message:
        return pieces.pop() if pieces else await receive()

    return replayed


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return (path.removeprefix(scope.get("root_path", "")) or "/").rstrip("/") or "/"


def _is_open(scope: Scope) -> bool:
    path = _path(scope)
    if scope["method"] == "POST":
        return path in _POST
    return scope["method"] in ("GET", "HEAD") and (path in _GET or path.startswith(_GET_BELOW))
