"""What of Gradio's many routes the chat page needs; nothing else of them can be reached.

The others take files of any size from anybody, run what a component offers, or fetch from elsewhere.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.edge.refusal import Refusal

NO_PATH = Refusal(404, "expected a path of the page or of the API, found another one. See /api/openapi.json.")
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
        "/gradio_api/theme.css",
    )
)
_GET_BELOW = ("/assets/", "/static/", "/svelte/", "/gradio_api/heartbeat/")


class PageOnly:
    """ASGI application: Gradio's, cut down to what the page asks of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that there is no such path."""
        is_open = scope["type"] != "http" or _is_open(scope)
        await (self.app if is_open else NO_PATH.response())(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
    if scope["method"] == "POST":
        return path.rstrip("/") in _POST
    return scope["method"] in ("GET", "HEAD") and (path in _GET or path.startswith(_GET_BELOW))
