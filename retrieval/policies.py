"""Exploration as others see it: the places of a list, and the policies by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import Belief
from retrieval.candidates import Candidate
from retrieval.exploration.choosing import EpsilonGreedy, Greedy, Policy, Thompson, UniformGuesses, UpperBound
from retrieval.exploration.slots import guess_count

__all__ = [
    "POLICIES",
    "EpsilonGreedy",
    "Greedy",
    "Policy",
    "Slot",
    "Thompson",
    "UniformGuesses",
    "UpperBound",
    "counterfactual_propensities",
    "guess_count",
    "summary",
]

POLICIES: Mapping[str, Callable[[], Policy]] = {
    "greedy": Greedy,
    "epsilon-greedy": EpsilonGreedy,
    "ucb": UpperBound,
    "thompson": Thompson,
    "uniform": UniformGuesses,
}
"""By the name used in settings."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a list as shown."""

    candidate: Candidate
    exploratory: bool = False
    propensity: float = 1.0
    """The probability that the policy put this item into the list, given the ranking and the pool of guesses."""
    why: str = ""
    """For a guess: what is tried out (`retrieval.exploration.pool.Kind`)."""
    list_propensity: float = 1.0
    """The probability of the whole list as shown, given the same."""
    context: Mapping[str, float] = field(default_factory=dict)
    """For the log: the width of the belief and, for a guess, what other policies would have done (`beside`)."""


def counterfactual_propensities(
    belief: Belief, rows: NDArray[np.int64], n: int
) -> dict[str, tuple[NDArray[np.float64], float]]:
    """By the name of each policy that guesses: the probability of each candidate, and what is expected per guess.

    Args:
        belief: What is believed of one person.
        rows: The pool.
        n: How many guesses are drawn.
    """
    expected = belief.mean(rows)[0]
    chances = {}
    for make in POLICIES.values():
        policy = make()
        inclusion = policy.lottery(belief, rows, n).inclusion()
        if inclusion.any():
            chances[policy.name] = (inclusion, float(inclusion @ expected) / n)
    return chances


def summary(slots: Sequence[Slot]) -> Mapping[str, float]:
    """The propensity of every shown item by id, for the log."""
    return {slot.candidate.item_id: slot.propensity for slot in slots}
