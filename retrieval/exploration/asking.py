"""The one question that would teach most: which of two values somebody would rather have.

Knows a belief and the directions of values; words are the caller's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from retrieval.belief import TINY, Belief, Floats

STILL_GUESSING = 0.55
"""Below this width nothing is asked: the lists teach enough."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """More of the one or more of the other?"""

    field: str
    values: tuple[str, str]
    gain: float
    """By how much of the width an answer is expected to narrow the belief."""

    @property
    def key(self) -> str:
        """A stable name: 'genres:Comedy|Drama'."""
        return f"{self.field}:{'|'.join(sorted(self.values))}"


def best_inquiry(
    belief: Belief,
    field: str,
    directions: Sequence[tuple[str, Floats]],
    *,
    beside: float = 0.0,
    asked: Sequence[str] = (),
) -> Inquiry | None:
    """The most telling pair of values, where it teaches more than any item would.

    Args:
        belief: What is believed of one person.
        field: The field of the values.
        directions: Each value and where its items lie, shape (width,).
        beside: What the most telling item of the list would teach.
        asked: Keys of questions that were asked before.
    """
    if float(belief.width()[0]) < STILL_GUESSING:
        return None
    pairs = [(one, two) for one, two in combinations(directions, 2) if float(((one[1] - two[1]) ** 2).sum()) > TINY]
    if not pairs:
        return None
    along = np.asarray([one[1] - two[1] for one, two in pairs])
    # an answer in words is a hint: as uncertain as what a stranger would have said
    gains = belief.narrowing(along, (along**2).sum(axis=1))[0]
    for place in np.argsort(-gains, kind="stable").tolist():
        (first, _), (second, _) = pairs[place]
        found = Inquiry(field, (first, second), float(gains[place]))
        if found.gain <= beside:
            return None
        if found.key not in asked:
            return found
    return None
