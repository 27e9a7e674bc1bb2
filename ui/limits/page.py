"""Counts what is done on the chat page; its files and its stream of updates are free."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.api.error_answer import refuse
from ui.limits.quotas import Quotas, RateLimitExceededError
from ui.page.words import language_of, word

ACTION = "/queue/join"
"""How the path ends to which Gradio's browser code sends a message or a click."""


class PageQuota:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, quotas: Quotas) -> None:
        self.app = app
        self.quotas = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counted where it is an action."""
        answer: ASGIApp = self.app
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(ACTION):
            try:
                self.quotas.count(scope)
            except RateLimitExceededError as error:
                language = language_of(Headers(scope=scope).get("accept-language", ""))
                wait = {"Retry-After": str(error.retry_after_s)}
                answer = refuse(429, word("too_many", language, seconds=error.retry_after_s), wait)
        await answer(scope, receive, send)
