"""The bandit policies: from what is believed of a pool of guesses to a lottery over them.

Knows a belief and rows only; which rows are worth a guess is `retrieval.exploration.pool`'s business.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import Belief
from retrieval.exploration.lottery import Lottery


class Policy(Protocol):
    """Decides which guesses are shown."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        ...

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """The draw of guesses.

        Args:
            belief: What is believed of one person.
            rows: The pool: rows of the belief's items, without repeats.
            n: How many guesses are wanted, at most len(rows); a policy may take fewer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Greedy:
    """Never guesses."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return "greedy"

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """No guess, for certain."""
        return Lottery(np.zeros((1, 0), dtype=np.int64), len(rows))


@dataclass(frozen=True, slots=True)
class UniformGuesses:
    """Every guess of the pool is equally likely."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return "uniform-guesses"

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """All of it is the uniform draw."""
        return Lottery(np.arange(n, dtype=np.int64)[None], len(rows), floor=1.0)


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """Mostly the guesses that are expected to please most."""

    epsilon: float = 0.2

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return f"epsilon-greedy-{self.epsilon:g}"

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """The best by expectation, or uniformly drawn ones."""
        return Lottery(_best(belief.mean(rows), n), len(rows), floor=self.epsilon)


@dataclass(frozen=True, slots=True)
class UpperBound:
    """The guesses that might please most: expectation plus some deviations.

    Source: Li et al., "A Contextual-Bandit Approach to Personalized News Article Recommendation", WWW 2010,
    doi:10.1145/1772690.1772758.
    """

    optimism: float = 0.5
    """In standard deviations."""
    floor: float = 0.2
    """Probability of a uniform draw instead: without it the log could judge no other policy."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return f"ucb-{self.optimism:g}-{self.floor:g}"

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """The highest bounds, or uniformly drawn ones."""
        bound = belief.mean(rows) + self.optimism * belief.deviation(rows)
        return Lottery(_best(bound, n), len(rows), floor=self.floor)


@dataclass(frozen=True)
class Thompson:
    """Guesses by the probability that they are the best: one possible taste is drawn, and its favorites are shown.

    The possible tastes are a fixed set of standard normal draws, moved and stretched by the belief. So the
    probability of every list is a count, not an estimate.

    Source: Chapelle and Li, "An Empirical Evaluation of Thompson Sampling", NeurIPS 2011.
    """

    n_draws: int = 128
    """How many possible tastes there are; a probability is a multiple of 1 / n_draws."""
    floor: float = 0.2
    """Probability of a uniform draw instead."""
    spread: float = 0.5
    """Factor on the standard deviations."""
    seed: int = 0

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return f"thompson-{self.spread:g}-{self.floor:g}"

    def lottery(self, belief: Belief, rows: NDArray[np.int64], n: int) -> Lottery:
        """The favorites of each possible taste."""
        model = belief.model
        standard, own, chances = _numbers(self.seed, self.n_draws, model.features.shape[1])
        own = own * self.spread
        tastes = belief.draws(standard * self.spread, belief.draw_clusters(chances))[0]
        doubt = np.sqrt(model.doubt[rows]) * own[:, np.arange(len(rows)) % own.shape[1]]
        return Lottery(_best(model.base[rows] + tastes @ model.features[rows].T + doubt, n), len(rows), self.floor)


@cache
def _numbers(
    seed: int, n_draws: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The fixed draws: standard normal ones of tastes and of what the features leave open, and chances of clusters."""
    rng = np.random.default_rng([seed, n_draws])
    drawn = rng.standard_normal((1, n_draws, width)), rng.standard_normal((n_draws, 64)), rng.random((1, n_draws))
    for one in drawn:
        one.setflags(write=False)
    return drawn


def _best(scores: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Positions of the n highest of each row of scores, best first, shape (n_rows, n)."""
    if n == 1 and scores.shape[1]:
        return np.asarray(scores.argmax(axis=1)[:, None], dtype=np.int64)
    return np.asarray(np.argsort(-scores, axis=1, kind="stable")[:, :n], dtype=np.int64)
