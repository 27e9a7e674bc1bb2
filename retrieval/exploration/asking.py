"""The one question that would teach most: which of two values somebody would rather have.

Knows beliefs and how values lie apart; words are the caller's business.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import Belief, Floats, TasteModel
from retrieval.comparing import Comparison, compare

STILL_GUESSING = 0.4
"""Below this width nothing is asked: the lists teach enough."""


@dataclass(frozen=True, slots=True)
class Elicitation:
    """More of the one or more of the other?"""

    field: str
    values: tuple[str, str]
    gain: float
    """By how much of the width an answer is expected to narrow the belief."""

    @property
    def key(self) -> str:
        """A stable name: 'genres:Comedy|Drama'."""
        return elicitation_key(self.field, self.values)


def elicitation_key(field: str, values: Sequence[str]) -> str:
    """The name of the question about two values, in the order asked."""
    return f"{field}:{'|'.join(values)}"


@dataclass(frozen=True)
class Questions:
    """Every question that one catalog allows: two values of one field each."""

    fields: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    comparisons: tuple[Comparison, ...]

    @classmethod
    def of(
        cls, model: TasteModel, groups: Sequence[tuple[str, Sequence[tuple[str, NDArray[np.int64]]]]]
    ) -> "Questions":
        """All pairs.

        Args:
            model: The prior.
            groups: Each field with its values and the rows that hold each value.
        """
        pairs = [
            (field, (first, second), comparison)
            for field, values in groups
            for (first, one), (second, other) in combinations(values, 2)
            if len(one) and len(other) and (comparison := compare(model, one, other)) is not None
        ]
        fields, values, comparisons = zip(*pairs, strict=True) if pairs else ((), (), ())
        return cls(tuple(fields), tuple(values), tuple(comparisons))

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The name of each."""
        return tuple(elicitation_key(field, values) for field, values in zip(self.fields, self.values, strict=True))

    @cached_property
    def along(self) -> Floats:
        """The direction of each, shape (n, width)."""
        return np.asarray([comparison.along for comparison in self.comparisons])

    @cached_property
    def noise(self) -> Floats:
        """The variance of an answer to each, shape (n,)."""
        return np.asarray([comparison.noise for comparison in self.comparisons])

    def gains(self, belief: Belief) -> Floats:
        """By how much of the width an answer to each would narrow the belief, shape (n_people, n)."""
        return belief.narrowing(self.along, self.noise)

    def best(
        self,
        belief: Belief,
        *,
        beside: float = 0.0,
        asked: Collection[str] = (),
        settled: Collection[str] = (),
        held: Collection[tuple[str, str]] | None = None,
    ) -> Elicitation | None:
        """The most telling question, where it teaches more than any item would.

        Args:
            belief: What is believed of one person.
            beside: What the most telling item of the list would teach.
            asked: Keys of questions that were asked before; none is asked twice.
            settled: Fields that are not asked about: a limit on them was stated.
            held: Fields and values of the list: nobody is asked about others. None asks about all.
        """
        if not len(self) or float(belief.uncertainty()[0]) < STILL_GUESSING:
            return None
        gains = self.gains(belief)[0]
        open_ones = zip(self.keys, self.fields, self.values, strict=True)
        is_new = np.asarray(
            [
                key not in asked
                and field not in settled
                and (held is None or all((field, value) in held for value in values))
                for key, field, values in open_ones
            ]
        )
        place = int(np.where(is_new, gains, -np.inf).argmax())
        if not is_new[place] or gains[place] <= beside:
            return None
        return Elicitation(self.fields[place], self.values[place], float(gains[place]))
