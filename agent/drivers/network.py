"""Reads a message word by word, in any language, to tell what its words are there for and what it asks for.

A bidirectional gated recurrent network (Cho et al. 2014) over the vectors that the bundled encoder gives single words:
the vectors of 16 languages lie in one space, so that what one language taught counts in the others. Learned from
messages written for this project by `python -m benchmarks.network --write`; it holds no title and no user.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.drivers.text import Place, Spot
from retrieval.encoder import MultilingualEncoder, multilingual
from retrieval.titles import UNSPACED

FILE: Final = "network.npz"
MOST_READ: Final = 1200
"""Characters of a message that are looked at."""
LONGEST: Final = 160
"""Words of a message that are read."""
REMEMBERED: Final = 8192
"""Words whose vectors are at hand, 2 KiB each."""
RECENT: Final = 16
"""Messages that are not read again: a turn asks twice, for the roles of its words and for what it is after."""
SIGNS: Final = 10
"""Of a word, beside its vector."""
RUN = re.compile(rf"[{UNSPACED}]+|\d+|[^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*|[^\w\s]")
GLUED = re.compile(rf"[{UNSPACED}]")
YEAR = re.compile(r"1[89]\d\d|20[0-4]\d")
Floats = NDArray[np.float32]


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


def plain(word: str) -> str:
    """A word as its vector is made: in small letters, any year alike."""
    return "1990" if YEAR.fullmatch(word) else word.casefold()


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


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as the network reads it."""

    places: tuple[Place, ...]
    """Of its words."""
    inputs: Floats
    """By word, shape (n, n_inputs)."""
    states: Floats
    """By word and both directions, shape (n, 2 * hidden)."""
    said: Floats
    """The vector of the whole message."""


class Network:
    """Reads messages; what is made of a reading is for `Tagger` and `ActClassifier`, which share it."""

    def __init__(self, encoder: MultilingualEncoder, arrays: Mapping[str, Floats]) -> None:
        """A network with learned weights.

        Args:
            encoder: The bundled one, for whose vectors the weights were learned.
            arrays: As `benchmarks.network` names them.
        """
        self.encoder = encoder
        self._arrays = arrays
        self._forward, self._backward = (
            Layer(*(arrays[f"{way}_{part}"] for part in ("in", "on", "in_bias", "on_bias"))) for way in ("to", "fro")
        )
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._recent: OrderedDict[tuple[str, tuple[tuple[int, int, str], ...]], Reading] = OrderedDict()
        self._lock = Lock()

    def read(self, message: str, spots: Iterable[Spot]) -> Reading:
        """Read a message.

        Args:
            message: What somebody wrote.
            spots: What the catalog knows in it.
        """
        text = message[:MOST_READ]
        spots = [spot for spot in spots if spot.end <= MOST_READ]
        key = text, tuple((spot.start, spot.end, spot.kind) for spot in spots)
        with self._lock:
            if known := self._recent.get(key):
                return known
        reading = self._read(text, spots)
        with self._lock:
            self._recent[key] = reading
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return reading

    def _read(self, message: str, spots: Iterable[Spot]) -> Reading:
        places = tokens(message, self.encoder)
        words, said = self.vectors([plain(message[start:end]) for start, end in places], message)
        whole = np.maximum(self.linear("whole", said), 0)
        inner = np.maximum(self.linear("inner", words), 0)
        signs = signs_of(message, places, spots)
        inputs = np.hstack([inner, signs, np.repeat(whole[None], len(places), axis=0)]).astype(np.float32)
        states = np.hstack([self._forward.run(inputs), self._backward.run(inputs[::-1])[::-1]])
        return Reading(tuple(places), inputs, states, said)

    def linear(self, name: str, features: Floats) -> Floats:
        """What a layer makes of features, shape (..., n_outputs)."""
        return np.asarray(features @ self._arrays[name].T + self._arrays[f"{name}_bias"], dtype=np.float32)

    def vectors(self, words: Sequence[str], message: str) -> tuple[Floats, Floats]:
        """One vector a word, shape (n, dimension), and the message's; those of words met before are at hand."""
        with self._lock:
            new = [word for word in dict.fromkeys(words) if word not in self._known]
        said, *fresh = self.encoder.encode([message, *new])
        made = dict(zip(new, fresh, strict=True))
        with self._lock:
            self._known.update(made)
            found = [made[word] if word in made else self._known[word] for word in words]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return np.stack(found) if found else np.zeros((0, said.shape[0]), dtype=np.float32), said


def softmax(scores: Floats) -> Floats:
    """Probabilities along the last axis."""
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float32)


@cache
def stored() -> Mapping[str, NDArray[Any]]:
    """What was learned, as it stands beside the code."""
    with files("agent.drivers").joinpath(FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {
            name: arrays[name].astype(np.float32) if arrays[name].dtype.kind == "f" else arrays[name]
            for name in arrays.files
        }


@cache
def bundled_network() -> Network:
    """The network that comes along, over the encoder that comes along."""
    return Network(multilingual(), weights(stored()))


def weights(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """The numbers among what is stored."""
    return {name: array for name, array in arrays.items() if array.dtype.kind == "f"}


def _squash(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)
