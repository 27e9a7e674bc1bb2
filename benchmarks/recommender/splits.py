"""What may be learned from and what is to be guessed: leave-last-out, and cuts in global time.

Order: a user's interactions stand by time; those at the same second keep the order of the file. A split holds the
targets apart from everything that a learner gets.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log, Profile

CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Where protocol two cuts: shares of all interactions, by time."""
VALIDATION_CUT = 0.4


@dataclass(frozen=True)
class Split:
    """A training log, the people to recommend to, and what they did next."""

    name: str
    train: Log
    users: NDArray[np.int64]
    """Rows of the users who are asked about, ascending, shape (n,)."""
    targets: tuple[NDArray[np.int64], ...]
    """What each of them did later, catalog rows, at least one."""
    tied: NDArray[np.bool_]
    """Whether chance (the file's order) chose the target among several of one second, shape (n,)."""

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """What each of the users did before, from the training log alone."""
        everyone = tuple(self.train.profiles())
        return tuple(everyone[user] for user in self.users.tolist())

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the training log and of the users asked about."""
        return _digest(*_columns(self.train), self.users, np.asarray([self.train.n_items]))

    def of(self, chosen: NDArray[np.bool_]) -> "Split":
        """The same with some of the users, chosen by a mask."""
        targets = tuple(target for target, kept in zip(self.targets, chosen.tolist(), strict=True) if kept)
        return Split(self.name, self.train, self.users[chosen], targets, self.tied[chosen])


def fingerprint(log: Log) -> str:
    """A hash of all rows of a log; 16 hex digits."""
    return _digest(*_columns(log), np.asarray([log.n_users, log.n_items]))


def leave_out(log: Log, n: int) -> Split:
    """Protocol one: the `n`-th last interaction of each user is the target, the ones before it are known.

    Users with fewer than `n` + 1 interactions are not asked about. 1 is test, 2 validation; 3 serves users with few
    interactions, whose figures are pooled over 1, 2 and 3.
    """
    starts = log.starts()
    sizes = np.diff(starts)
    users = np.flatnonzero(sizes > n)
    at = starts[users + 1] - n
    pairs = zip(users.tolist(), at.tolist(), strict=True)
    tied = np.asarray([_is_tied(log.times[starts[u] : starts[u + 1]], float(log.times[p])) for u, p in pairs])
    targets = tuple(log.items[p : p + 1] for p in at.tolist())
    name = {1: "test", 2: "validation"}.get(n, f"leave out {n}")
    return Split(name, log.without_last(n), users.astype(np.int64), targets, tied.astype(np.bool_))


def validation(log: Log) -> Split:
    """The second last interaction of each user; the last one is nowhere in it."""
    return leave_out(log, 2)


def few(log: Log, share: float = 0.2) -> NDArray[np.bool_]:
    """The users with the fewest interactions, shape (n_users,); equal counts by user row."""
    sizes = np.diff(log.starts())
    chosen = np.zeros(log.n_users, dtype=np.bool_)
    chosen[np.argsort(sizes, kind="stable")[: round(share * log.n_users)]] = True
    return chosen


def time_cuts(log: Log, *, positive: float, shares: Sequence[float] = CUTS, until: float = 1.0) -> Iterator[Split]:
    """Protocol two: known is what happened before a moment, targets are the liked items of the time until the next.

    Args:
        log: All interactions with their times.
        positive: The smallest weight that counts as liked; only liked interactions are in the split at all.
        shares: When to cut, as shares of all interactions by time, ascending.
        until: Where the last window ends, as such a share.
    """
    moments = np.quantile(log.times, [*shares, until])
    moments[-1] += until == 1.0
    liked = log.where(log.weights >= positive)
    for share, begin, end in zip(shares, moments[:-1], moments[1:], strict=True):
        train = liked.where(liked.times < begin)
        later = liked.where((liked.times >= begin) & (liked.times < end))
        users, first = np.unique(later.users, return_index=True)
        targets = tuple(np.split(later.items, first[1:]))
        yield Split(f"cut {share:.0%}", train, users, targets, np.zeros(len(users), dtype=np.bool_))


def with_history(split: Split) -> NDArray[np.bool_]:
    """Whether each user asked about did anything before, shape (n,)."""
    return np.asarray([len(profile) > 0 for profile in split.profiles], dtype=np.bool_)


def _is_tied(times: NDArray[np.float64], moment: float) -> bool:
    return bool((times == moment).sum() > 1)


def _columns(log: Log) -> tuple[NDArray[np.generic], ...]:
    return log.users, log.items, log.weights, log.times


def _digest(*columns: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]
