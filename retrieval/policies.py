"""Exploration as others see it: the places of a list, and the policies by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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


def summary(slots: Sequence[Slot]) -> Mapping[str, float]:
    """The propensity of every shown item by id, for the log."""
    return {slot.candidate.item_id: slot.propensity for slot in slots}
