"""What the words of a message are there for: wanted, refused, liked, asked about, a limit on years; in any language.

A bidirectional gated recurrent network (Cho et al. 2014) over the vectors that the bundled encoder gives single words:
the vectors of 16 languages lie in one space, so that what one language taught counts in the others. Learned from the
marked messages of `benchmarks/tagged.tsv` by `python -m benchmarks.tagging --write`.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.text import Place, Spot
from retrieval.encoder import MultilingualEncoder, multilingual
from retrieval.titles import UNSPACED

WANT, NOT, EXCEPT, DROP = "want", "not", "except", "drop"
LIKE, DISLIKE, SEEN, ABOUT, SHOWN = "like", "dislike", "seen", "about", "shown"
BEFORE, UNTIL, AFTER, FROM, IN = "before", "until", "after", "from", "in"
MOST, LEAST, AGE = "most", "least", "age"
ROLES: Final = (
    WANT, NOT, EXCEPT, DROP, LIKE, DISLIKE, SEEN, ABOUT, SHOWN, BEFORE, UNTIL, AFTER, FROM, IN, MOST, LEAST, AGE,
)  # fmt: skip
"""What words may be there for; '' for the others."""
NAMES: Final = ("", *ROLES)
FILE: Final = "tagging.npz"
LONGEST: Final = 160
"""Words of a message that are read."""
REMEMBERED: Final = 8192
"""Words whose vectors are at hand, 2 KiB each."""
SIGNS: Final = 10
"""Of a word, beside its vector."""
RUN = re.compile(rf"[{UNSPACED}]+|\d+|[^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*|[^\w\s]")
GLUED = re.compile(rf"[{UNSPACED}]")
YEAR = re.compile(r"1[89]\d\d|20[0-4]\d")
Floats = NDArray[np.float32]


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


def tokens(message: str, encoder: MultilingualEncoder) -> list[Place]:
    """The words of a message, and pieces of words in scripts that set none apart; at most `LONGEST`."""
    places: list[Place] = []
    for run in RUN.finditer(message):
        start = run.start()
        parts = encoder.pieces(run[0]) if GLUED.match(run[0]) else [run[0]]
        for part in parts:
            places.append((start, start + len(part)))
            start += len(part)
        if len(places) >= LONGEST:
            break
    return places[:LONGEST]


def signs_of(message: str, places: Sequence[Place], spots: Iterable[Spot]) -> Floats:
    """What is known of each word beside its meaning, shape (n, SIGNS): its letters, what the catalog knows by it."""
    named = [(spot.start, spot.end, spot.kind) for spot in spots]
    signs = np.zeros((len(places), SIGNS), dtype=np.float32)
    for at, (start, end) in enumerate(places):
        word = message[start:end]
        kinds = {kind for low, high, kind in named if low < end and start < high}
        flags = (
            word[:1].isupper(),
            bool(YEAR.fullmatch(word)),
            word.isdigit() and len(word) == 2,
            word.isdigit(),
            not word[:1].isalnum(),
            start > 0 and not message[start - 1].isspace(),
            bool(GLUED.match(word)),
            bool(kinds & {"title", "place"}),
            "value" in kinds,
            "number" in kinds,
        )
        signs[at] = flags
    return signs


@dataclass(frozen=True, slots=True)
class Layer:
    """One direction of a gated recurrent layer; the gates stand below one another: reset, update, new."""

    inward: Floats
    """Shape (3 * hidden, n_inputs)."""
    onward: Floats
    """Shape (3 * hidden, hidden)."""
    inward_bias: Floats
    onward_bias: Floats

    def run(self, inputs: Floats) -> Floats:
        """The state after each input, shape (n, hidden)."""
        hidden = self.onward.shape[1]
        coming = inputs @ self.inward.T + self.inward_bias
        state, states = np.zeros(hidden, dtype=np.float32), np.empty((len(inputs), hidden), dtype=np.float32)
        for at, come in enumerate(coming):
            gone = self.onward @ state + self.onward_bias
            reset, update = _squash(come[: 2 * hidden] + gone[: 2 * hidden]).reshape(2, hidden)
            new = np.tanh(come[2 * hidden :] + reset * gone[2 * hidden :])
            state = (1 - update) * new + update * state
            states[at] = state
        return states


class Tagger:
    """Tells the roles of a message's words."""

    def __init__(self, encoder: MultilingualEncoder, arrays: Mapping[str, Floats]) -> None:
        """A tagger with learned weights.

        Args:
            encoder: The bundled one, for whose vectors the weights were learned.
            arrays: As `benchmarks.tagging` names them.
        """
        self._encoder = encoder
        self._inner, self._inner_bias = arrays["inner"], arrays["inner_bias"]
        self._whole, self._whole_bias = arrays["whole"], arrays["whole_bias"]
        self._forward, self._backward = (
            Layer(*(arrays[f"{way}_{part}"] for part in ("in", "on", "in_bias", "on_bias"))) for way in ("to", "fro")
        )
        self._outer, self._outer_bias = arrays["outer"], arrays["outer_bias"]
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()

    def tag(self, message: str, spots: Iterable[Spot]) -> "Tags":
        """The roles of a message's words.

        Args:
            message: What somebody wrote.
            spots: What the catalog knows in it.
        """
        places = tokens(message, self._encoder)
        empty = np.zeros((0, 2 * len(ROLES) + 1), dtype=np.float32)
        return Tags(tuple(places), self.shares(message, places, spots) if places else empty)

    def shares(self, message: str, places: Sequence[Place], spots: Iterable[Spot]) -> Floats:
        """How likely each word is to begin, and to go on with, each role, shape (n, 2 * len(ROLES) + 1)."""
        words, said = self.vectors([plain(message[start:end]) for start, end in places], message)
        whole = np.maximum(said @ self._whole.T + self._whole_bias, 0)
        inner = np.maximum(words @ self._inner.T + self._inner_bias, 0)
        signs = signs_of(message, places, spots)
        inputs = np.hstack([inner, signs, np.repeat(whole[None], len(places), axis=0)]).astype(np.float32)
        states = np.hstack([self._forward.run(inputs), self._backward.run(inputs[::-1])[::-1], inputs])
        scores = states @ self._outer.T + self._outer_bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    def vectors(self, words: Sequence[str], message: str) -> tuple[Floats, Floats]:
        """One vector a word, shape (n, dimension), and the message's; those of words met before are at hand."""
        with self._lock:
            new = [word for word in dict.fromkeys(words) if word not in self._known]
        said, *fresh = self._encoder.encode([message, *new])
        made = dict(zip(new, fresh, strict=True))
        with self._lock:
            self._known.update(made)
            found = np.stack([made[word] if word in made else self._known[word] for word in words])
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found, said


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


def plain(word: str) -> str:
    """A word as its vector is made: in small letters, any year alike."""
    return "1990" if YEAR.fullmatch(word) else word.casefold()


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
    """The tagger that comes along, over the encoder that comes along."""
    with files("agent.drivers").joinpath(FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files if stored[name].dtype.kind == "f"}
    return Tagger(multilingual(), arrays)


def _by_role(shares: Floats) -> Floats:
    """Whether a word begins a stretch or goes on with it put aside, shape (n, len(NAMES))."""
    count = len(ROLES)
    return np.hstack([shares[:, :1], shares[:, 1 : count + 1] + shares[:, count + 1 :]])


def _squash(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)
