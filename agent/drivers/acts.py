"""What a message is after, in any language: told by the network of `agent.drivers.network`.

Learned from the messages of the example bank and of `benchmarks/network/acted.tsv`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.base import View
from agent.drivers.network import MOST_READ, Network, bundled_network, softmax, stored
from agent.drivers.text import Spot
from agent.wording.answers import is_asked
from tools.arguments import OTHER

FIND, INSTEAD, SURPRISE, TELL, RELATED = "find", "instead", "surprise", "tell", "related"
MORE, OLDER, NEWER = "more", "older", "newer"
LISTS: Final = (FIND, INSTEAD, SURPRISE, TELL, RELATED, MORE, OLDER, NEWER)
"""What ends with a list."""
COUNT, LIST, OLDEST, NEWEST = "count", "list", "oldest", "newest"
COUNTS: Final = (COUNT, LIST, OLDEST, NEWEST)
"""Look-ups of all items that keep the limits of the message."""
IDENTIFY: Final = "identify"
"""What is a description of: the title is asked for."""
FACTS, COMPARE, WHICH, CONNECT, WHY = "facts", "compare", "which", "connect", "why"
ABOUT: Final = (FACTS, COMPARE, WHICH, CONNECT, WHY)
"""Questions about items; 'which' of them have something."""
CHOOSE: Final = "choose"
"""One of the items that are named or shown is to be picked; what is said beside is a wish."""
ME, TALK, PERSON = "me", "talk", "person"
QUESTIONS: Final = (*COUNTS, *ABOUT, IDENTIFY, CHOOSE)
"""What is no wish for a list of what the catalog has: 'which is the oldest?' compares, or looks all of them up."""
LEADS, ONE_OF = 0.4, 0.9
"""From the first probability on a question leads the others; theirs then count for it, times the second."""

HELLO, THANKS, SORROW, ABLE, BEYOND, CHAT = "hello", "thanks", "sorrow", "able", "beyond", "chat"
KINDS: Final = (HELLO, THANKS, SORROW, ABLE, BEYOND, CHAT)
"""Of talk: what asks for nothing that is recommended. 'able': what the assistant is; 'beyond': what it cannot do."""

PART: Final = "/"
"""Between 'talk' and its kind."""
LEAST_FIELD: Final = 0.0
"""The log-odds from which on a field counts as asked about."""
SIGNS: Final = {"title": "this one", "place": "that one", "value": "such", "number": "then"}
"""What stands in the place of a name when two messages are compared."""
SURE: Final = 0.6
"""From this probability on a decision is taken; below it the rules, or a language model, have their say."""
OPEN: Final = 0.12
"""From this probability on a decision is left to a language model to take."""
STORY: Final = "story"
"""What is asked about items where it is no field of the catalog."""
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
    asked: tuple[str, ...] = ()
    """What is asked about items, should something be, the likeliest first: as `agent.examples.names_of` calls it."""

    def fields(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """The fields of a catalog that are asked about, the likeliest first, with 'story' and 'other' beside them.

        Args:
            names: Of `agent.examples.names_of` the catalog.
        """
        known = (names.get(said, said if said in (STORY, OTHER) else "") for said in self.asked)
        return tuple(dict.fromkeys(filter(None, known)))

    @property
    def first(self) -> tuple[str, float]:
        """The likeliest decision and its probability; of a question that it is one counts, which one it is less."""
        act, share = next(iter(self.shares.items()), ("", 0.0))
        if act in QUESTIONS and share >= LEADS:
            share = max(share, ONE_OF * sum(self.shares.get(other, 0.0) for other in QUESTIONS))
        return act, share

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


@dataclass(frozen=True)
class ActClassifier:
    """How likely each decision is for a message."""

    network: Network
    names: tuple[str, ...]
    """Of the decisions, those of talk with their kind."""
    fields: tuple[str, ...]
    """What may be asked about items."""

    def likely(self, view: View, spots: Sequence[Spot]) -> Likely:
        """Probabilities that add up to 1.

        Args:
            view: The turn.
            spots: What the catalog knows in its message.
        """
        said = masked(view.message[:MOST_READ], [spot for spot in spots if spot.end <= MOST_READ])
        read = self.network.read(view.message, spots)
        whole = np.concatenate([self.network.encoder.encode([said])[0], signs_of(view, spots), read.said])
        wide = np.maximum(self.network.linear("wide", whole), 0)
        states = read.states if read.places else np.zeros((1, read.states.shape[1]), dtype=np.float32)
        features = np.concatenate([states.max(axis=0), states.mean(axis=0), whole, wide])
        acts = dict(zip(self.names, softmax(self.network.linear("acts", features)).tolist(), strict=True))
        shares = dict[str, float]()
        for name, share in acts.items():
            act = name.partition(PART)[0]
            shares[act] = shares.get(act, 0.0) + share
        kinds = [name for name in sorted(acts, key=lambda name: -acts[name]) if name.startswith(f"{TALK}{PART}")]
        scores = self.network.linear("fields", whole)
        asked = [self.fields[at] for at in np.argsort(-scores) if scores[at] >= LEAST_FIELD]
        ordered = dict(sorted(shares.items(), key=lambda pair: -pair[1]))
        return Likely(ordered, kinds[0].partition(PART)[2] if kinds else "", tuple(asked))


@cache
def bundled_acts() -> ActClassifier:
    """The classifier that comes along."""
    names, fields = (tuple(map(str, stored()[f"{of}_names"])) for of in ("act", "field"))
    return ActClassifier(bundled_network(), names, fields)
