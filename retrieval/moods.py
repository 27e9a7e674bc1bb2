"""Everyday words for what an item is like, as wishes for values of the catalog: 'silly' -> comedies, absurd, not bleak.

Which word stands for what is part of a catalog's schema. A wish in words keeps its words; this adds what they imply.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from retrieval.items import Catalog
from retrieval.preference import Op, Preference, Wish

IMPLIED: Final = 0.6
"""How much an implied value weighs beside one that is named."""
TEXT: Final = "text"
WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
LONGEST: Final = 5
"""Words of the longest phrase."""
NEGATIONS: Final = frozenset(("not", "no", "without", "never", "nothing"))
Weights = Mapping[tuple[str, str], float]
"""(field, value) -> how much it is wanted."""


class Moods:
    """What the words of one catalog imply; made once."""

    def __init__(self, catalog: Catalog) -> None:
        self._phrases: dict[str, Weights] = {
            _folded(phrase): _read(said) for phrase, said in catalog.schema.moods.items()
        }
        for spec in catalog.schema.fields:
            for value in catalog.values(spec.name) if spec.soft else ():
                for name in (value, *spec.synonyms.get(value, ())):
                    self._phrases[_folded(name)] = {(spec.name, value): 1.0}

    def implied(self, preference: Preference) -> Preference:
        """The same with wishes for what its words imply; what was stated by name stays as it was stated."""
        stated = {(wish.field, wish.value) for wish in preference.wishes}
        for limit in preference.constraints:
            stated |= {(limit.field, str(value)) for value in limit.values if limit.op in (Op.IS, Op.NOT)}
        wishes: dict[tuple[str, str], Wish] = {}
        for phrase, sign in self._said(preference):
            for (name, value), weight in self._phrases[phrase].items():
                if (name, value) not in stated and (sign > 0 or weight > 0):  # the opposite of a refusal is no wish
                    wishes.setdefault((name, value), Wish(name, value, sign * weight, phrase))
        return replace(preference, wishes=(*preference.wishes, *wishes.values())) if wishes else preference

    def _said(self, preference: Preference) -> Iterator[tuple[str, int]]:
        """Known phrases of the wish, and whether it says them (1) or refuses them (-1)."""
        yield from self._find(preference.text, 1)
        for wish in preference.wishes:
            if wish.field == TEXT:
                yield from self._find(wish.value, 1 if wish.weight > 0 else -1)

    def _find(self, text: str, sign: int) -> Iterator[tuple[str, int]]:
        words = WORD.findall(text.casefold())
        place = 0
        while place < len(words):
            lengths = range(min(LONGEST, len(words) - place), 0, -1)
            phrases = (" ".join(words[place : place + length]) for length in lengths)
            phrase = next((phrase for phrase in phrases if phrase in self._phrases), "")
            if phrase:
                yield phrase, -sign if place and words[place - 1] in NEGATIONS else sign
            place += len(phrase.split()) or 1


def wishes_of(said: Sequence[str]) -> tuple[Wish, ...]:
    """'genres:Comedy' as a wish that weighs less than one that was stated, '-themes:bleak' as its opposite."""
    return tuple(Wish(name, value, weight) for (name, value), weight in _read(tuple(said)).items())


def _folded(phrase: str) -> str:
    return " ".join(WORD.findall(phrase.casefold()))


def _read(said: tuple[str, ...]) -> Weights:
    """'genres:Comedy' is wanted, '-themes:bleak' is not."""
    parts = [(word.removeprefix("-").partition(":"), -IMPLIED if word.startswith("-") else IMPLIED) for word in said]
    return {(name, value): weight for (name, _, value), weight in parts}
