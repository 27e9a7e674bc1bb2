"""What words of any language stand for in a catalog: its values by what their names mean, its people by their names."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from agent.drivers.text import prose_words
from retrieval.encoder import Encoder, MultilingualEncoder
from retrieval.items import Catalog
from retrieval.schema import FieldKind
from retrieval.units import kind_of
from tools.placing import fold

ALIKE: Final = 0.78
"""The least cosine of words and the name of a value that they stand for.

In a trial on 1,275 words in 12 languages that name a value the nearest name was the right one for 88 % around .8, for
64 % around .7; no command of this repository repeats it.
"""
SHORTEST_NAME, FAMOUS, FAR = 4, 4, 3
"""Letters of a single name by which somebody may be called, the items of such a person, and how many times as many as
those of any namesake: 'Keanu', not 'Robert'."""
UNSOUNDED = re.compile(r"[a-zA-Z\u00c0-\u024f\u3400-\u9fff]")
"""Latin letters, which are compared as they are, and signs that tell nothing of how a name sounds elsewhere."""
HEARD_OF: Final = 4
"""Items of a person whom words of another script may mean by their sound."""
MADE_UP: Final = 2
"""Pieces, of the encoder's vocabulary, of what may be a name."""
SOUNDS_NEAR, SOUNDS_ALIKE, CLOSEST = 60.0, 85.0, 8
"""Of 100: the least likeness of a sound that is compared by its consonants too, and of both together."""
SPELLED: Final = (
    *(("sch", "s"), ("tch", "s"), ("sh", "s"), ("ch", "s"), ("kh", "h"), ("ph", "f"), ("th", "t"), ("ck", "k")),
    *(("qu", "k"), ("x", "ks"), ("c", "k"), ("q", "k"), ("v", "b"), ("w", "u"), ("l", "r"), ("j", "s"), ("z", "s")),
    ("y", "i"),
)
"""Letters that are one sound, or that scripts without one of them write alike: l and r, v and b."""
BENT: Final = 0.68
"""The least cosine of words and one of those that want more or less than what was shown; more than to any value."""


class Meanings:
    """The values of a catalog by what their names mean, for words of any language; made once."""

    def __init__(self, catalog: Catalog, encoder: Encoder) -> None:
        self._encoder, self._catalog = encoder, catalog

    @cached_property
    def _named(self) -> tuple[list[tuple[str, str]], NDArray[np.float32]]:
        values, names = list[tuple[str, str]](), list[str]()
        for spec in self._catalog.schema.descriptive:
            is_spoken = spec.standard == "language"  # named as countries are
            if spec.people or spec.kind is FieldKind.NUMBER or spec.order or is_spoken:
                continue
            for value in self._catalog.values(spec.name):
                for name in {spec.value_in(value, "en"), *spec.synonyms.get(value, ())}:
                    values.append((spec.name, value))
                    names.append(name)
        return values, self._encoder.encode(names) if names else np.zeros((0, 1), dtype=np.float32)

    @cached_property
    def _people(self) -> dict[str, tuple[str, str]]:
        """Name -> the one person who is meant by it: whole names, surnames, given names of people of many items.

        A name alone that is an ordinary word, or that of several people as well known, means nobody.
        """
        prose = prose_words(item.text for item in self._catalog)
        known: dict[str, list[tuple[int, str, str]]] = {}
        for spec in (spec for spec in self._catalog.schema.fields if spec.people):
            for person, count in self._catalog.values(spec.name).items():
                parts = [fold(part) for part in person.split()]
                alone = [part for part in (parts[0], parts[-1]) if len(part) >= SHORTEST_NAME and part not in prose]
                for name in {*alone, fold(person)}:
                    known.setdefault(name, []).append((count, spec.name, person))
        meant = {}
        for name, people in known.items():
            (count, field, person), *others = sorted(people, reverse=True)
            is_famous = count >= FAMOUS or name == fold(person) or not others
            if is_famous and all(other == person or FAR * less <= count for less, _, other in others):
                meant[name] = (field, person)
        return meant

    def person(self, words: str) -> tuple[str, str] | None:
        """(field, value) of the person who is called so; None where it is nobody, or may be several."""
        if words.islower() and " " not in words and not self._may_be_name(words):  # 'casas' is not Mario Casas
            return None
        known = self._people.get(fold(words))
        if known and words.islower() and " " not in words and self._count_of(known) < FAMOUS:  # 'regent': it rains
            return None
        return known or (None if words.isascii() else self._sounding(words))

    def _count_of(self, person: tuple[str, str]) -> int:
        return self._catalog.values(person[0])[person[1]]

    def _may_be_name(self, words: str) -> bool:
        """Whether the encoder's vocabulary lacks words as a whole: what it has is an ordinary word somewhere."""
        return not isinstance(self._encoder, MultilingualEncoder) or len(self._encoder.pieces(words)) >= MADE_UP

    @cached_property
    def _sounds(self) -> dict[str, tuple[str, str]]:
        """How names sound -> the person; where two sound alike, the one of more items."""
        counts = {
            (spec.name, person): count
            for spec in self._catalog.schema.fields
            if spec.people
            for person, count in self._catalog.values(spec.name).items()
        }
        known = sorted(self._people.items(), key=lambda pair: counts.get(pair[1], 0))
        sounds = {sound_of(name): person for name, person in known if counts.get(person, 0) >= HEARD_OF}
        return {sound: person for sound, person in sounds.items() if len(sound) > SHORTEST_NAME}

    def _sounding(self, words: str) -> tuple[str, str] | None:
        """The person whose name words of another script spell, as far as they sound alike: 'Хичкока', 'ノーラン'.

        An ordinary word is nobody's name: 'школа' is not Annabella Sciorra.
        """
        if UNSOUNDED.search(words) or not self._may_be_name(words) or self.of(words):
            return None
        said = sound_of(words)
        found = process.extract(said, [*self._sounds], scorer=fuzz.ratio, score_cutoff=SOUNDS_NEAR, limit=CLOSEST)
        scored = [(score + fuzz.ratio(_consonants(said), _consonants(sound)), sound) for sound, score, _ in found]
        score, sound = max(scored, default=(0.0, ""))
        return self._sounds[sound] if score >= 2 * SOUNDS_ALIKE else None

    @cached_property
    def _bends(self) -> tuple[list[tuple[str, str]], NDArray[np.float32]]:
        bends, names = list[tuple[str, str]](), list[str]()
        for spec in self._catalog.schema.fields:
            kind = "year" if spec.unit == "year" else kind_of(spec.unit)
            said = _table().get(spec.role or kind, {})
            for way, words in said.items():
                bends += [(spec.name, way)] * len(words)
                names += words
        return bends, self._encoder.encode(names) if names else np.zeros((0, 1), dtype=np.float32)

    def bend(self, words: str) -> tuple[str, str] | None:
        """(field, 'before' or 'after') where words want less or more of something than what was shown: 'kürzer'."""
        (bends, vectors), (values, named) = self._bends, self._named
        if not bends:
            return None
        said = self._encoder.encode([words.casefold()])[0]
        near = vectors @ said
        best = int(near.argmax())
        other = float((named @ said).max()) if values else 0.0
        return bends[best] if near[best] >= BENT and near[best] > other else None

    def of(self, words: str) -> tuple[str, str] | None:
        """(field, value) that words stand for; None where no name means nearly the same."""
        values, vectors = self._named
        if not values:
            return None
        near = vectors @ self._encoder.encode([words.casefold()])[0]
        best = int(near.argmax())
        return values[best] if near[best] >= ALIKE else None


def sound_of(name: str) -> str:
    """A name of any script in Latin letters that sound apart, much simplified."""
    plain = re.sub("[^a-z]", "", anyascii(name).lower())
    for spelled, heard in SPELLED:
        plain = plain.replace(spelled, heard)
    return re.sub(r"(.)\1+", r"\1", plain)


def _consonants(sound: str) -> str:
    return re.sub("[aeiou]", "", sound)


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(files("agent.drivers.schema").joinpath("bends.toml").read_text(encoding="utf-8"))
