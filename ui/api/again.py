"""A request sent again with the same `Idempotency-Key` gets the answer of the first one, and does nothing twice.

Kept in memory, of one process; answers that are streamed, failed or refused for haste are not kept.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api.error_answer import refuse
from ui.edge.page import API, replay

KEY = "Idempotency-Key"
LONGEST_KEY = 200
MOST = 500
KEPT_S = 600.0
"""How long an answer is kept: long enough for retries, and what somebody said is not kept for longer."""
LARGEST = 1 << 20
"""Bytes of an answer that is kept."""
IN_HASTE = 429
OTHER_BODY = f"{KEY}: expected the same body as before, found another. Use a new key for a new request."
UNDER_WAY = f"{KEY}: the first request with this key is still being answered. Wait for its answer."

PART = "\x1f"
"""Between the parts of an owner's name."""

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Kept:
    """A request and, once it is there, its answer."""

    digest: bytes
    since: float = field(default_factory=time.monotonic)
    messages: list[Message] = field(default_factory=list)
    is_done: bool = False
    is_kept: bool = True


class Again:
    """ASGI middleware; behind the guard, since a key is the caller's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or repeat the answer."""
        said = Headers(scope=scope).get(KEY, "") if scope["type"] == "http" else ""
        if scope["type"] == "http" and scope["method"] == "DELETE":
            self._forget_those_of(_tenant(scope))
        if not said or scope["method"] != "POST" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        message = await receive()  # whole: `WholeRequests` stands before
        digest = hashlib.sha256(message.get("body", b"")).digest()
        key = (_owner(scope), scope["path"], said[:LONGEST_KEY])
        self._forget_old()
        kept = self._kept.get(key)
        if kept is None:
            await self._first(key, _Kept(digest), scope, replay(message, receive), send)
        elif kept.digest != digest:
            await refuse(422, OTHER_BODY)(scope, receive, send)
        elif not kept.is_done:
            await refuse(409, UNDER_WAY)(scope, receive, send)
        else:
            for part in kept.messages:
                await send({**part})

    def _forget_old(self) -> None:
        """Drop what is too old or too many."""
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) < MOST and time.monotonic() - oldest.since < KEPT_S:
                return
            self._kept.popitem(last=False)

    def _forget_those_of(self, tenant: str) -> None:
        """Drop all of a tenant's: who is being erased may stand in any of them, and so in one that is still written."""
        for key, kept in [*self._kept.items()]:
            if key[0].partition(PART)[0] == tenant:
                kept.is_kept = False
                if kept.is_done:
                    del self._kept[key]

    async def _first(self, key: Key, kept: _Kept, scope: Scope, receive: Receive, send: Send) -> None:
        self._kept[key] = kept

        async def keeping(message: Message) -> None:
            _keep(kept, message)
            await send(message)

        try:
            await self.app(scope, receive, keeping)
        finally:
            if not (kept.is_done and kept.is_kept):
                self._kept.pop(key, None)


def _keep(kept: _Kept, message: Message) -> None:
    """Note a part of an answer, unless it is one that is not to be repeated."""
    if message["type"] == "http.response.start":
        is_stream = any(
            name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
        )
        kept.is_kept = not is_stream and message["status"] < 500 and message["status"] != IN_HASTE
    if not kept.is_kept:
        return
    kept.messages.append({**message})
    size = sum(len(earlier_message.get("body", b"")) for earlier_message in kept.messages)
    kept.is_kept = size <= LARGEST
    kept.is_done = message["type"] == "http.response.body" and not message.get("more_body", False)


def _owner(scope: Scope) -> str:
    """Whose keys these are: the caller's API key, and the user that a token speaks for."""
    caller = scope.get("state", {}).get("caller")
    return PART.join(str(getattr(caller, name, "") or "") for name in ("tenant", "key_id", "user"))


def _tenant(scope: Scope) -> str:
    return _owner(scope).partition(PART)[0]
