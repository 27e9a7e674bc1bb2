"""What the words of a message are there for: wanted, refused, liked, asked about, a limit on years; in any language.

Told by the network of `agent.drivers.network` from the messages of `benchmarks/network/tagged.tsv`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from agent.drivers.network import Floats, Network, bundled_network, softmax
from agent.drivers.text import Place, Spot

WANT, NOT, EXCEPT, DROP = "want", "not", "except", "drop"
LIKE, DISLIKE, SEEN, ABOUT, SHOWN = "like", "dislike", "seen", "about", "shown"
BEFORE, UNTIL, AFTER, FROM, IN = "before", "until", "after", "from", "in"
MOST, LEAST, AGE = "most", "least", "age"
ROLES: Final = (
    WANT, NOT, EXCEPT, DROP, LIKE, DISLIKE, SEEN, ABOUT, SHOWN, BEFORE, UNTIL, AFTER, FROM, IN, MOST, LEAST, AGE,
)  # fmt: skip
"""What words may be there for; '' for the others."""
NAMES: Final = ("", *ROLES)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Words of a message with one role."""

    start: int
    end: int
    role: str
    share: float
    """How likely the role is, the mean over the words."""

    @property
    def place(self) -> Place:
        """Start and end in the message."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Tagger:
    """Tells the roles of a message's words."""

    network: Network

    def tag(self, message: str, spots: Iterable[Spot]) -> "Tags":
        """The roles of a message's words.

        Args:
            message: What somebody wrote.
            spots: What the catalog knows in it.
        """
        read = self.network.read(message, spots)
        if not read.places:
            return Tags((), np.zeros((0, 2 * len(ROLES) + 1), dtype=np.float32))
        return Tags(read.places, softmax(self.network.linear("tags", np.hstack([read.states, read.inputs]))))


@dataclass(frozen=True, slots=True)
class Tags:
    """The roles of the words of one message."""

    places: tuple[Place, ...]
    shares: Floats
    """By word: of no role, of the first word of each role, of any other word of it."""

    @property
    def stretches(self) -> list[Tagged]:
        """What has a role, in order."""
        return joined(self.places, self.shares)

    def roles_of(self, place: Place) -> dict[str, float]:
        """How likely each role is for a stretch, '' for none, the likeliest first."""
        inside = [at for at, (start, end) in enumerate(self.places) if start < place[1] and place[0] < end]
        if not inside:
            return {"": 1.0}
        shares = _by_role(self.shares[inside]).mean(axis=0).tolist()
        return dict(sorted(zip(NAMES, shares, strict=True), key=lambda pair: -pair[1]))


def joined(places: Sequence[Place], shares: Floats) -> list[Tagged]:
    """Words in a row with one role, of which none but the first begins it.

    Args:
        places: Of the words.
        shares: By word: of no role, of the first word of each role, of any other word of it.
    """
    count = len(ROLES)
    by_role = _by_role(shares)
    roles = by_role.argmax(axis=1)
    found: list[tuple[int, int, int, list[float]]] = []
    for at, role in enumerate(roles.tolist()):
        if not role:
            continue
        begins = shares[at, role] > shares[at, count + role]
        share = float(by_role[at, role])
        if found and not begins and found[-1][2] == role and roles[at - 1] == role:
            first, _, _, parts = found[-1]
            found[-1] = (first, places[at][1], role, [*parts, share])
        else:
            found.append((*places[at], role, [share]))
    return [Tagged(start, end, NAMES[role], sum(parts) / len(parts)) for start, end, role, parts in found]


@cache
def bundled_tagger() -> Tagger:
    """The tagger that comes along."""
    return Tagger(bundled_network())


def _by_role(shares: Floats) -> Floats:
    """Whether a word begins a stretch or goes on with it put aside, shape (n, len(NAMES))."""
    count = len(ROLES)
    return np.hstack([shares[:, :1], shares[:, 1 : count + 1] + shares[:, count + 1 :]])
