"""Does a learner know what it is asked to guess? The targets are replaced by chance before anything is fitted.

Whoever then still guesses better than chance has seen them.
"""

import math
from collections.abc import Callable

import numpy as np

from benchmarks.recommender.harness import K, LeakError, Learner, Result, run
from benchmarks.recommender.splits import Split, leave_out
from retrieval.models.log import Log

Protocol = Callable[[Log], Split]


def check_leak(
    make: Callable[[Log], Learner], log: Log, *, n: int = 1, seed: int = 0, deviations: float = 5.0
) -> Result:
    """Run a learner where each user's `n`-th last item has been replaced by one drawn evenly from those he lacks.

    Such an item cannot be guessed: each of the `K` places holds it with the probability of one in all unknown items.

    Args:
        make: Makes the learner, given the whole log, as code does that holds a data set: what it keeps of it leaks.
        log: All interactions.
        n: Which interaction is the target.
        seed: Draws the items.
        deviations: How many standard deviations above chance count as knowledge.

    Raises:
        LeakError: It guessed better than chance can.
    """
    planted = plant(log, n, seed=seed)
    split = leave_out(planted, n)
    result = run(make(planted), split)
    chances = np.asarray([K / (log.n_items - len(profile)) for profile in split.profiles])
    limit = chances.sum() + deviations * math.sqrt(float((chances * (1 - chances)).sum())) + 1
    hits = float(result.values["hr@10"].sum())
    if hits > limit:
        raise LeakError(f"{result.name} guessed {hits:.0f} items that were drawn by lot, chance allows {limit:.0f}")
    return result


def plant(log: Log, n: int, *, seed: int = 0) -> Log:
    """The log with every user's `n`-th last item replaced by one that he does not have."""
    random = np.random.default_rng(seed)
    items, starts = log.items.copy(), log.starts()
    for user in np.flatnonzero(np.diff(starts) > n).tolist():
        free = np.setdiff1d(np.arange(log.n_items), log.items[starts[user] : starts[user + 1]])
        if len(free):
            items[starts[user + 1] - n] = random.choice(free)
    return Log(log.users, items, log.weights, log.times, log.n_users, log.n_items)
