"""What a message is after, in any language of the bundled encoder: a linear classifier over its sentence vector.

Learned from the messages of the example bank (`python -m benchmarks.acts`); no catalog, no title, no user is in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.base import View
from agent.drivers.text import Spot
from agent.wording.answers import is_asked
from retrieval.encoder import BUNDLED, Encoder, make_encoder

FIND, INSTEAD, SURPRISE, TELL, RELATED = "find", "instead", "surprise", "tell", "related"
MORE, OLDER, NEWER = "more", "older", "newer"
LISTS: Final = (FIND, INSTEAD, SURPRISE, TELL, RELATED, MORE, OLDER, NEWER)
"""What ends with a list."""
COUNT, LIST, OLDEST, NEWEST = "count", "list", "oldest", "newest"
COUNTS: Final = (COUNT, LIST, OLDEST, NEWEST)
"""Look-ups of all items that keep the limits of the message."""
IDENTIFY: Final = "identify"
"""What is a description of: the title is asked for."""
FACTS, COMPARE, CONNECT, WHY = "facts", "compare", "connect", "why"
ABOUT: Final = (FACTS, COMPARE, CONNECT, WHY)
"""Questions about items."""
ME, TALK, PERSON = "me", "talk", "person"

FILE: Final = "acts.npz"
SIGNS: Final = {"title": "this one", "place": "that one", "value": "such", "number": "then"}
"""What stands in the place of a name when two messages are compared."""
SURE: Final = 0.6
"""From this probability on a decision is taken; below it the rules, or a language model, have their say."""
OPEN: Final = 0.12
"""From this probability on a decision is left to a language model to take."""
FLAG: Final = 0.5
"""How much a sign outside the words weighs beside a vector of length 1."""
MOST_COUNTED: Final = 2


def masked(message: str, spots: Sequence[Spot]) -> str:
    """A message without its names: what is said, not of what."""
    text, end = "", 0
    for spot in sorted(spots, key=lambda spot: spot.start):
        if spot.start >= end:
            text, end = f"{text}{message[end : spot.start]}{SIGNS[spot.kind]}", spot.end
    return text + message[end:]


def signs_of(view: View, spots: Sequence[Spot]) -> NDArray[np.float32]:
    """What is known of a message beside its words, shape (7,): what stands on the screen, what it names, a '?'."""
    kinds = [spot.kind for spot in spots]
    named = [sum(kind in group for kind in kinds) for group in (("title", "place"), ("value",), ("number",))]
    on_screen = bool(view.shown), bool(view.preference.constraints or view.preference.text)
    counted = [min(count, MOST_COUNTED) / MOST_COUNTED for count in named]
    flags = [
        *map(float, on_screen),
        float(bool(view.conversation.last_about())),
        *counted,
        float(is_asked(view.message)),
    ]
    return FLAG * np.asarray(flags, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely each decision is, the likeliest first."""

    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def decided(self) -> str:
        """The decision that is sure; '' where none is."""
        act, share = next(iter(self.shares.items()), ("", 0.0))
        return act if share >= SURE else ""

    def open_to(self, *drafted: str) -> frozenset[str]:
        """What is left to decide, decisions that somebody else read among it; empty for everything.

        Args:
            drafted: What rules made of the message.
        """
        if decided := self.decided:
            return frozenset({decided, *(act for act in drafted if act in LISTS and decided in LISTS)})
        return frozenset({*drafted, *(act for act, share in self.shares.items() if share >= OPEN)})

    def agrees(self, act: str) -> bool:
        """Whether a decision of the rules may stand: wishes of one kind or another differ by what is wanted."""
        decided = self.decided
        return decided in ("", act) or (decided in LISTS and act in LISTS)


@dataclass(frozen=True)
class ActClassifier:
    """How likely each decision is for a message."""

    encoder: Encoder
    acts: tuple[str, ...]
    weights: NDArray[np.float32]
    """Shape (len(acts), dimension of the encoder + signs)."""
    biases: NDArray[np.float32]

    def likely(self, view: View, spots: Sequence[Spot]) -> Likely:
        """Probabilities that add up to 1.

        Args:
            view: The turn.
            spots: What the catalog knows in its message.
        """
        features = np.concatenate([self.encoder.encode([masked(view.message, spots)])[0], signs_of(view, spots)])
        scores = self.weights @ features + self.biases
        odds = np.exp(scores - scores.max())
        shares = (odds / odds.sum()).tolist()
        return Likely(dict(sorted(zip(self.acts, shares, strict=True), key=lambda pair: -pair[1])))


@cache
def bundled_acts() -> ActClassifier:
    """The classifier that comes along, over the encoder that comes along."""
    with files("agent.drivers").joinpath(FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        acts, weights, biases = tuple(map(str, stored["acts"])), stored["weights"], stored["biases"]
    return ActClassifier(make_encoder(BUNDLED), acts, weights, biases)
