"""Real people as strangers: who is held out, and which half of their ratings can be revealed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log

N_TEST = 300
N_TUNING = 200
SPLIT_SEED = 2026
TAIL = 0.8
"""Items outside the 20 % most rated are long tail."""


@dataclass(frozen=True, slots=True)
class Split:
    """Users by row of the log: no two sets overlap."""

    test: NDArray[np.int64]
    tuning: NDArray[np.int64]
    fit: NDArray[np.int64]
    """Those that the prior is fitted on when settings are tuned; the final fit takes the tuning users, too."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The simulated strangers, side by side."""

    weights: NDArray[np.float32]
    """Their ratings from -1 to 1, NaN where there is none, shape (n_people, n_items)."""
    revealable: NDArray[np.bool_]
    """The half that is revealed when shown, shape (n_people, n_items)."""
    known: NDArray[np.bool_]
    """Ratings of that half that are known from the start, shape (n_people, n_items)."""

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """The liked items of the other half, which judge the ranking."""
        return (self.weights > 0) & ~self.revealable


def split(n_users: int, *, n_test: int = N_TEST, n_tuning: int = N_TUNING, seed: int = SPLIT_SEED) -> Split:
    """Draw the three sets of users."""
    order = np.random.default_rng(seed).permutation(n_users)
    test, rest = np.sort(order[:n_test]), order[n_test:]
    return Split(test, np.sort(rest[:n_tuning]), np.sort(rest[n_tuning:]))


def crowd(log: Log, users: NDArray[np.int64], seed: int, *, n_known: int = 0) -> Crowd:
    """The ratings of some users, split at random into a revealable and a held-out half.

    Args:
        log: Everyone's ratings.
        users: Rows of the users.
        seed: Of the halves and of what is known from the start.
        n_known: So many revealable ratings are known from the start; users with too few for that and ten more are
            left out.
    """
    weights = np.full((len(users), log.n_items), np.nan, dtype=np.float32)
    place = np.full(log.n_users, -1, dtype=np.int64)
    place[users] = np.arange(len(users))
    mine = place[log.users] >= 0
    weights[place[log.users[mine]], log.items[mine]] = log.weights[mine]
    revealable, known = np.zeros(weights.shape, dtype=np.bool_), np.zeros(weights.shape, dtype=np.bool_)
    enough = np.ones(len(users), dtype=np.bool_)
    for person, user in enumerate(users.tolist()):
        rated = np.flatnonzero(~np.isnan(weights[person]))
        rated = np.random.default_rng([seed, user]).permutation(rated)
        half = rated[: len(rated) // 2]
        revealable[person, half] = True
        known[person, half[:n_known]] = True
        enough[person] = n_known == 0 or len(half) >= n_known + 10
    return Crowd(weights[enough], revealable[enough], known[enough])


def of_users(log: Log, users: NDArray[np.int64], *, without: NDArray[np.bool_] | None = None) -> Log:
    """The log of some users only, optionally without the ratings of some items (a mask over items)."""
    kept = np.isin(log.users, users)
    return log.where(kept if without is None else kept & ~without[log.items])


def long_tail(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which items are outside the 20 % most rated, shape (n_items,)."""
    most = np.argsort(-counts, kind="stable")[: round((1 - TAIL) * len(counts))]
    tail = np.ones(len(counts), dtype=np.bool_)
    tail[most] = False
    return tail
