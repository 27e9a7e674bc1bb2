"""Passwords of accounts: Argon2 hashes, and attempts that get slower."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from retrieval.state import Account

FREE_ATTEMPTS = 5
"""Wrong passwords in a row before an account has to wait."""
LONGEST_WAIT_S = 900.0
MOST_NAMES = 10_000
_hasher = PasswordHasher()
_at_once = BoundedSemaphore(2)  # each takes 64 MiB
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$w5+RRuOz/v99d3TxPsLYhw$OKJD4LKYgot06qh2Y2bZtXEgzkWHJbElLQu31//BA9Y"
"""Checked for names that nobody has, so that both take the same time."""


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def is_right(password: str, account: Account | None) -> bool:
    """Whether it is the account's password; blocks for a twentieth of a second."""
    with _at_once:
        try:
            return (
                _hasher.verify(_NOBODY if account is None else account.password_hash, password) and account is not None
            )
        except (Argon2Error, InvalidHashError):
            return False


@dataclass(slots=True)
class Attempts:
    """Wrong passwords in a row by name, whether there is such an account or not; in memory, bounded."""

    clock: Callable[[], float] = time.monotonic
    _failed: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait_s(self, name: str) -> float:
        """For how long no password of that name is looked at; 0 where one is."""
        with self._lock:
            count, last = self._failed.get(name, (0, 0.0))
        if count < FREE_ATTEMPTS:
            return 0.0
        wait = min(LONGEST_WAIT_S, 2.0 ** (count - FREE_ATTEMPTS + 2))
        return max(0.0, last + wait - self.clock())

    def fail(self, name: str) -> None:
        """A password was wrong."""
        with self._lock:
            count, _ = self._failed.pop(name, (0, 0.0))
            self._failed[name] = (count + 1, self.clock())
            while len(self._failed) > MOST_NAMES:
                self._failed.popitem(last=False)

    def succeed(self, name: str) -> None:
        """A password was right."""
        with self._lock:
            self._failed.pop(name, None)
