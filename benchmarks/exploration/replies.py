"""Simulated answers to the question that the product asks: from the half of a person's ratings that can be revealed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.exploration.people import Crowd
from retrieval.belief import Belief
from retrieval.exploration.asking import STILL_GUESSING, Questions
from retrieval.exploration.explorer import ANSWERED

Groups = Sequence[tuple[str, Sequence[tuple[str, NDArray[np.int64]]]]]
EVERY = 2
"""Never two questions in a row: one with every other list."""


def sides(
    questions: Questions, groups: Groups, base: NDArray[np.float64], told: NDArray[np.float64], people: Crowd
) -> NDArray[np.int64]:
    """What each person would answer: 1 for the first value, -1 for the second, 0 where they cannot tell.

    Somebody prefers the value of which the revealable ratings hold more than an average person's do.

    Args:
        questions: What can be asked.
        groups: The values and their rows, as the questions were made from.
        base: What an average person answers to each item, shape (n_items,).
        told: What each rating says, shape (n_people, n_items).
        people: The strangers.
    """
    revealed = np.where(people.revealable, told, 0.0)
    lift = {
        (field, value): revealed[:, rows].sum(axis=1) / max(1e-9, base[rows].sum())
        for field, values in groups
        for value, rows in values
    }
    pairs = [
        lift[field, one] - lift[field, two]
        for field, (one, two) in zip(questions.fields, questions.values, strict=True)
    ]
    return np.sign(np.asarray(pairs).T).astype(np.int64)


@dataclass
class Asker:
    """Asks everyone the question that teaches most, as the product does, and lets the answers be learned."""

    questions: Questions
    sides: NDArray[np.int64]
    """What each person would answer, shape (n_people, n_questions)."""
    chance: float
    """How often a question is answered at all."""
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.asked = np.zeros(self.sides.shape, dtype=np.bool_)
        self.n_answered = 0
        self._answers = np.asarray([comparison.answer for comparison in self.questions.comparisons])

    def ask(self, belief: Belief, picks: NDArray[np.int64]) -> None:
        """One question to everyone whose list `picks` (n_people, slots) teaches less; the answers are learned."""
        gains = np.where(self.asked, -np.inf, self.questions.gains(belief))
        place = gains.argmax(axis=1)
        everyone = np.arange(len(picks))
        wanted = gains[everyone, place] > ANSWERED * self._teaches(belief, picks)
        who = np.flatnonzero(wanted & (belief.uncertainty() >= STILL_GUESSING))
        self.asked[who, place[who]] = True
        who = who[(self.rng.random(len(who)) < self.chance) & (self.sides[who, place[who]] != 0)]
        chosen = place[who]
        self.n_answered += len(who)
        answers = self.sides[who, chosen] * self._answers[chosen]
        belief.observe_along(who, self.questions.along[chosen], answers, self.questions.noise[chosen])

    @staticmethod
    def _teaches(belief: Belief, picks: NDArray[np.int64]) -> NDArray[np.float64]:
        """By how much the most telling item of each list would narrow the belief."""
        model, covariance = belief.model, belief.total_covariance()
        features = model.features[picks]
        spread = features @ covariance
        variance = (spread * features).sum(axis=2) + model.noise[picks] + model.doubt[picks]
        closed = ((spread @ model.gram) * spread).sum(axis=2)
        narrowing: NDArray[np.float64] = (closed / variance / model.openness).max(axis=1)
        return narrowing
