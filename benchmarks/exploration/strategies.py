"""The rows of the table: who fills the lists."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.exploration.simulate import Strategy, best
from retrieval.belief import Belief
from retrieval.exploration.choosing import EpsilonGreedy, Thompson, UniformGuesses, UpperBound

Rows = NDArray[np.int64]
Whole = Callable[[Belief, NDArray[np.bool_], np.random.Generator, int], Rows]


def random_list(belief: Belief, shown: NDArray[np.bool_], rng: np.random.Generator, slots: int) -> Rows:
    """Any items."""
    return best(rng.random(shown.shape), shown, slots)


def thompson_list(spread: float) -> Whole:
    """The whole list by Thompson sampling, a possible taste per place."""

    def choose(belief: Belief, shown: NDArray[np.bool_], rng: np.random.Generator, slots: int) -> Rows:
        shut, chosen = shown.copy(), np.zeros((len(belief), slots), dtype=np.int64)
        for slot in range(slots):
            standard = spread * rng.standard_normal((len(belief), 1, belief.covariance.shape[1]))
            tastes = belief.draws(standard, belief.draw_clusters(rng.random((len(belief), 1))))[:, 0]
            chosen[:, slot] = best(belief.model.base + tastes @ belief.model.features.T, shut, 1)[:, 0]
            shut[np.arange(len(belief)), chosen[:, slot]] = True
        return chosen

    return choose


def bound_list(optimism: float) -> Whole:
    """The whole list by upper confidence bounds."""

    def choose(belief: Belief, shown: NDArray[np.bool_], rng: np.random.Generator, slots: int) -> Rows:
        return best(belief.mean() + optimism * belief.deviation(), shown, slots)

    return choose


def default_with(*, fresh: float = 0.0) -> Strategy:
    """The product's policy; with probability `fresh` a guess goes to an unrated item, whatever is promised."""
    name = f"default, {fresh:.0%} of guesses to new items" if fresh else "default"
    return Strategy(name, UpperBound(), fresh=fresh)


STRATEGIES = (
    Strategy("greedy"),
    Strategy("epsilon-greedy", EpsilonGreedy()),
    Strategy("ucb", UpperBound()),
    Strategy("thompson", Thompson()),
    Strategy("uniform guesses", UniformGuesses()),
    Strategy("thompson, whole list", whole=thompson_list(0.3)),
    Strategy("ucb, whole list", whole=bound_list(0.2)),
    Strategy("random", whole=random_list),
)
