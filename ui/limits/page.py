"""Counts what is done on the chat page, and the streams that it holds open; its files are free."""

from contextlib import ExitStack

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.api.error_answer import refuse
from ui.limits.quotas import Quotas, RateLimitExceededError
from ui.page.words import language_of, word

ACTION = "/queue/join"
"""How the path ends to which Gradio's browser code sends a message or a click."""
STREAMS = ("/heartbeat/", "/queue/data")
"""What the paths hold at which it listens: as long as a tab is open (it works without), and while an action runs."""
SHARE = 4
"""One part in so many of the connections is for the streams of a kind: whoever opens many leaves room for the rest."""


class PageQuota:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, quotas: Quotas, connections: int) -> None:
        """Count for an application.

        Args:
            app: The application.
            quotas: What its callers have used.
            connections: How many may be open at the same time.
        """
        self.app = app
        self.quotas = quotas
        self.most_streams = max(1, connections // SHARE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counted where it is an action, held where it is a stream."""
        with ExitStack() as held:
            answer: ASGIApp = self.app
            try:
                if scope["type"] == "http":
                    self._admit(scope, held)
            except RateLimitExceededError as error:
                answer = _refused(scope, error)
            await answer(scope, receive, send)

    def _admit(self, scope: Scope, held: ExitStack) -> None:
        path: str = scope["path"]
        if scope["method"] == "POST" and path.endswith(ACTION):
            self.quotas.count(scope)
        elif kind := next((kind for kind in STREAMS if kind in path), ""):
            held.enter_context(self.quotas.stream(scope, kind, most=self.most_streams))


def _refused(scope: Scope, error: RateLimitExceededError) -> ASGIApp:
    language = language_of(Headers(scope=scope).get("accept-language", ""))
    wait = {"Retry-After": str(error.retry_after_s)}
    return refuse(429, word("too_many", language, seconds=error.retry_after_s), wait)
