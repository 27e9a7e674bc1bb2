"""What a message is after, in any language of the bundled encoder: a linear classifier over its sentence vector.

Learned from the messages of the example bank by `python -m benchmarks.acts --write`; it holds no title and no user.
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

HELLO, THANKS, SORROW, ABLE, BEYOND, CHAT = "hello", "thanks", "sorrow", "able", "beyond", "chat"
KINDS: Final = (HELLO, THANKS, SORROW, ABLE, BEYOND, CHAT)
"""Of talk: what asks for nothing that is recommended. 'able': what the assistant is; 'beyond': what it cannot do."""

FILE: Final = "acts.npz"
HEADS: Final = ("acts", "fields")
PART: Final = "/"
"""Between 'talk' and its kind."""
MOST_READ: Final = 1200
"""Characters of a message that are looked at."""
LEAST_FIELD: Final = 0.4
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
    kind: str = ""
    """What sort of talk it is, should it be talk: of `KINDS`."""
    asked: str = ""
    """What is asked about items, should something be: a name that `agent.examples.names_of` knows, '' where unsure."""

    @property
    def first(self) -> tuple[str, float]:
        """The likeliest decision and its probability."""
        return next(iter(self.shares.items()), ("", 0.0))

    @property
    def decided(self) -> str:
        """The decision that is sure; '' where none is."""
        act, share = self.first
        return act if share >= SURE else ""

    def open_to(self, *drafted: str) -> frozenset[str]:
        """What is left to decide, decisions that somebody else read among it; empty for everything.

        Args:
            drafted: What rules made of the message.
        """
        if decided := self.decided:
            return frozenset({decided, *(act for act in drafted if act in LISTS and decided in LISTS)})
        return frozenset({*drafted, *(act for act, share in self.shares.items() if share >= OPEN)})

    def agrees(self, act: str, *, least: float = SURE) -> bool:
        """Whether a decision of the rules may stand: wishes of one kind or another differ by what is wanted.

        Args:
            act: What the rules made of the message.
            least: The probability from which on another decision counts.
        """
        likeliest, share = self.first
        return share < least or act == likeliest or (likeliest in LISTS and act in LISTS)


@dataclass(frozen=True, slots=True)
class Head:
    """One linear classifier."""

    names: tuple[str, ...]
    weights: NDArray[np.float32]
    """Shape (len(names), dimension of the encoder + signs)."""
    biases: NDArray[np.float32]

    def shares(self, features: NDArray[np.float32]) -> dict[str, float]:
        """Name -> probability, the likeliest first."""
        scores = self.weights @ features + self.biases
        odds = np.exp(scores - scores.max())
        shares = (odds / odds.sum()).tolist()
        return dict(sorted(zip(self.names, shares, strict=True), key=lambda pair: -pair[1]))


@dataclass(frozen=True)
class ActClassifier:
    """How likely each decision is for a message."""

    encoder: Encoder
    acts: Head
    fields: Head

    def likely(self, view: View, spots: Sequence[Spot]) -> Likely:
        """Probabilities that add up to 1.

        Args:
            view: The turn.
            spots: What the catalog knows in its message.
        """
        said = masked(view.message[:MOST_READ], [spot for spot in spots if spot.end <= MOST_READ])
        features = np.concatenate([self.encoder.encode([said])[0], signs_of(view, spots)])
        acts = self.acts.shares(features)
        shares = dict[str, float]()
        for name, share in acts.items():
            act = name.partition(PART)[0]
            shares[act] = shares.get(act, 0.0) + share
        kind = next((name.partition(PART)[2] for name in acts if name.startswith(f"{TALK}{PART}")), "")
        asked, sure = next(iter(self.fields.shares(features).items()), ("", 0.0))
        ordered = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
        return Likely(ordered, kind, asked if sure >= LEAST_FIELD else "")


@cache
def bundled_acts() -> ActClassifier:
    """The classifier that comes along, over the encoder that comes along."""
    with files("agent.drivers").joinpath(FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        heads = [
            Head(tuple(map(str, stored[f"{of}_names"])), stored[f"{of}_weights"], stored[f"{of}_biases"])
            for of in HEADS
        ]
    return ActClassifier(make_encoder(BUNDLED), *heads)
