"""A short line before something that only so many can use at once; whoever would wait too long is told so at once.

Knows neither turns nor models: both have such a line.
"""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

FIRST, LATER = 0, 1
"""Ranks: whoever comes LATER waits for all who are FIRST."""
NEWEST = 0.3
"""How much the last use counts in the mean."""


class NoRoomError(Exception):
    """The line is full, or the wait would be too long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no room; {wait_s:.1f} s to wait")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, order=True)
class Waiter:
    """Somebody in line."""

    rank: int
    number: int
    ends: float = field(compare=False)
    """When the patience ends, on the clock of `time.monotonic`."""
    turn: asyncio.Future[None] = field(compare=False)


@dataclass(slots=True)
class Admission:
    """Lets so many in at once; of one event loop."""

    at_once: int
    most_waiting: int = 1000
    _running: int = 0
    _line: list[Waiter] = field(default_factory=list)
    """A heap."""
    _numbers: Iterator[int] = field(default_factory=count)
    _mean_s: float = 0.0
    """How long a place is held, the last ones counting most."""

    @property
    def running(self) -> int:
        """How many are in."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    def wait_s(self, rank: int = FIRST) -> float:
        """How long whoever comes now would probably wait."""
        if self._running < self.at_once:
            return 0.0
        ahead = sum(waiter.rank <= rank for waiter in self._line)
        return (ahead + 0.5) * self._mean_s / self.at_once

    @asynccontextmanager
    async def place(self, patience_s: float, *, rank: int = FIRST) -> AsyncIterator[None]:
        """Hold a place, once there is one.

        Args:
            patience_s: The longest wait; where a longer one is to be expected, there is none at all.
            rank: `FIRST` or `LATER`.

        Raises:
            NoRoomError: The wait would be longer, or was; or too many wait already.
        """
        await self._enter(patience_s, rank)
        started = time.monotonic()
        try:
            yield
        finally:
            held_s = time.monotonic() - started
            self._mean_s = held_s if not self._mean_s else self._mean_s + NEWEST * (held_s - self._mean_s)
            self._leave()
            self._tell_hopeless()

    async def _enter(self, patience_s: float, rank: int) -> None:
        if self._running < self.at_once:
            self._running += 1
            return
        if self.waiting >= self.most_waiting or self.wait_s(rank) > patience_s:
            raise NoRoomError(self.wait_s(rank))
        turn = asyncio.get_running_loop().create_future()
        waiter = Waiter(rank, next(self._numbers), time.monotonic() + patience_s, turn)
        heapq.heappush(self._line, waiter)
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except TimeoutError:
            self._give_up(waiter)
            raise NoRoomError(self.wait_s(rank)) from None
        except BaseException:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: Waiter) -> None:
        turn = waiter.turn
        if waiter in self._line:
            self._line.remove(waiter)
            heapq.heapify(self._line)
        elif not turn.cancelled() and turn.exception() is None:  # handed over in the very moment of giving up
            self._leave()

    def _leave(self) -> None:
        """Hand the place to the next in line."""
        while self._line:
            waiter = heapq.heappop(self._line)
            if not waiter.turn.done():
                waiter.turn.set_result(None)
                return
        self._running -= 1

    def _tell_hopeless(self) -> None:
        """Whoever would wait too long, as is known now, need not wait for that to come true."""
        now, kept = time.monotonic(), list[Waiter]()
        for waiter in sorted(self._line):
            wait_s = (len(kept) + 1) * self._mean_s / self.at_once
            if now + wait_s <= waiter.ends or waiter.turn.done():
                kept.append(waiter)
            else:
                waiter.turn.set_exception(NoRoomError(wait_s))
        self._line[:] = kept
