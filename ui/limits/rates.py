"""Counts the requests of each caller in a window of a minute; remembers only so many callers."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left."""

    is_granted: bool
    limit: int
    remaining: int
    reset_s: int
    """Whole seconds until the window ends, at least 1."""

    def headers(self) -> dict[str, str]:
        """As HTTP says it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_s),
        }


@dataclass(slots=True)
class Rates:
    """The counts of one process."""

    per_minute: int
    most_callers: int = MOST_CALLERS
    _item: RateLimitItemPerMinute = field(init=False)
    _limiter: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))
    _callers: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Whoever asked last stands last."""

    def __post_init__(self) -> None:
        """Say what is counted."""
        self._item = RateLimitItemPerMinute(self.per_minute)

    @property
    def callers(self) -> int:
        """How many are remembered."""
        return len(self._callers)

    def count(self, caller: str) -> Allowance:
        """Count a request."""
        self._remember(caller)
        is_granted = self._limiter.hit(self._item, caller)
        window = self._limiter.get_window_stats(self._item, caller)
        reset_s = max(1, math.ceil(window.reset_time - time.time()))
        return Allowance(is_granted, self.per_minute, max(0, window.remaining), reset_s)

    def _remember(self, caller: str) -> None:
        """The one who has been quiet for longest is forgotten where there are too many."""
        self._callers[caller] = None
        self._callers.move_to_end(caller)
        if len(self._callers) > self.most_callers:
            oldest, _ = self._callers.popitem(last=False)
            self._limiter.clear(self._item, oldest)
