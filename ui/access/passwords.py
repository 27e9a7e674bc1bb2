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
"""Wrong passwords in a row for one name before an address has to wait with that name."""
FREE_OF_ADDRESS = 20
"""Wrong passwords for all names together before an address has to wait with any."""
LONGEST_WAIT_S = 900.0
FORGOTTEN_S = 3600.0
"""After the last wrong password."""
MOST_COUNTS = 10_000
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
    """Wrong passwords by address, and by address and name, whether there is such an account or not; in memory, bounded.

    Whoever guesses at a name makes its owner, who comes from elsewhere, wait for nothing.
    """

    clock: Callable[[], float] = time.monotonic
    _failed: OrderedDict[tuple[str, str | None], tuple[int, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait_s(self, address: str, name: str) -> float:
        """For how long no password of that name is looked at from there; 0 where one is.

        Args:
            address: Where it comes from; '' for this machine itself, where nobody waits for other names.
            name: As it was typed.
        """
        with self._lock:
            of_all = self._wait_s((address, None), FREE_OF_ADDRESS) if address else 0.0
            return max(of_all, self._wait_s((address, name), FREE_ATTEMPTS))

    def fail(self, address: str, name: str) -> None:
        """A password was wrong, or is not yet known to be right."""
        with self._lock:
            for key in ((address, name), (address, None)):
                count, _ = self._count(key)
                self._failed[key] = (count + 1, self.clock())
                self._failed.move_to_end(key)
            while len(self._failed) > MOST_COUNTS:
                self._failed.popitem(last=False)

    def succeed(self, address: str, name: str) -> None:
        """The last password was right: it does not count, and the name's count ends; that of the address goes on."""
        with self._lock:
            self._failed.pop((address, name), None)
            count, last = self._count((address, None))
            self._failed[address, None] = (max(0, count - 1), last)

    def _wait_s(self, key: tuple[str, str | None], free: int) -> float:
        count, last = self._count(key)
        if count < free:
            return 0.0
        wait = min(LONGEST_WAIT_S, 2.0 ** min(count - free + 2, 10))  # grows no further than to the limit
        return max(0.0, last + wait - self.clock())

    def _count(self, key: tuple[str, str | None]) -> tuple[int, float]:
        count, last = self._failed.get(key, (0, 0.0))
        return (0, 0.0) if self.clock() - last > FORGOTTEN_S else (count, last)
