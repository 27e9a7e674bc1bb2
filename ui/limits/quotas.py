"""The quotas of a caller: requests a minute, and turns at once. Dependencies of routes; health has none."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request
from starlette.types import Scope

from agent.settings import LimitSettings
from retrieval.errors import RecommenderError
from ui.limits.callers import caller_of
from ui.limits.rates import Rates

Key = TypeVar("Key")
HEADERS = "reconteur.headers"
"""Where a request's scope keeps headers that its answer gets, whatever it is."""
TURN_S = 2
"""After how many seconds it makes sense to ask again where the caller's own turns are in the way."""
STREAM_S = 10
"""The same, of streams."""


class RateLimitExceededError(RecommenderError):
    """A caller asks for more than one caller may."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Quotas:
    """What all callers of one process have used."""

    limits: LimitSettings
    rates: Rates
    turns: Counter[str] = field(default_factory=Counter)
    """Those that run, by caller."""
    streams: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Those that are open, by kind and caller."""

    @classmethod
    def of(cls, limits: LimitSettings) -> "Quotas":
        """Nothing used yet."""
        return cls(limits, Rates(limits.requests_per_minute))

    def count(self, scope: Scope) -> None:
        """Count a request.

        Raises:
            RateLimitExceededError: It is one too many.
        """
        caller = self._counted(scope)
        if not caller or not self.limits.requests_per_minute:
            return
        allowance = self.rates.count(caller)
        scope.get(HEADERS, {}).update(allowance.headers())
        if not allowance.is_granted:
            raise RateLimitExceededError(
                f"expected at most {allowance.limit} requests a minute, found more. "
                f"Wait {allowance.reset_s} s and try again.",
                retry_after_s=allowance.reset_s,
            )

    @contextmanager
    def turn(self, scope: Scope) -> Iterator[None]:
        """Hold one of the caller's turns.

        Raises:
            RateLimitExceededError: As many as may be run already.
        """
        caller, most = self._counted(scope), self.limits.turns_per_caller
        if caller and most and self.turns[caller] >= most:
            raise RateLimitExceededError(
                f"expected at most {most} messages at the same time, found {most} that are still being answered. "
                "Wait until one of them is.",
                retry_after_s=TURN_S,
            )
        with _held(self.turns, caller):
            yield

    @contextmanager
    def stream(self, scope: Scope, kind: str, *, most: int) -> Iterator[None]:
        """Hold a stream open.

        Args:
            scope: Of the request for it.
            kind: One kind does not take the places of another.
            most: How many of the kind this process has for all callers.

        Raises:
            RateLimitExceededError: As many are open already, of the caller or in all.
        """
        caller, own = self._counted(scope), self.limits.streams_per_caller
        of_all = sum(count for (other, _), count in self.streams.items() if other == kind)
        if of_all >= most or (caller and own and self.streams[kind, caller] >= own):
            raise RateLimitExceededError(
                f"expected at most {own} open streams of one caller and {most} of all, found as many. "
                "Close other tabs of this page and try again.",
                retry_after_s=STREAM_S,
            )
        with _held(self.streams, (kind, caller)):
            yield

    def _counted(self, scope: Scope) -> str:
        return caller_of(scope) or ("this machine" if self.limits.loopback else "")


@contextmanager
def _held(held: Counter[Key], key: Key) -> Iterator[None]:
    held[key] += 1
    try:
        yield
    finally:
        held[key] -= 1
        if not held[key]:
            del held[key]


async def count_request(request: Request) -> None:
    """A dependency: counts the request against the caller's quota."""
    quotas: Quotas = request.app.state.quotas
    quotas.count(request.scope)


async def hold_turn(request: Request) -> AsyncIterator[None]:
    """A dependency: holds one of the caller's turns until the answer is sent."""
    quotas: Quotas = request.app.state.quotas
    with quotas.turn(request.scope):
        yield
