"""A stretch of a message that names something, what is left without it, and stems.

Shared by the two drivers that spot names in a message.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from retrieval.preference import Constraint
from retrieval.schema import FieldSpec
from retrieval.titles import LETTER, UNSPACED
from tools.render import clipped

Place = tuple[int, int]
Names: TypeAlias = Iterable[str]
Limits: TypeAlias = Sequence[Constraint]
LONGEST = 60
"""Characters of a stretch that is told."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What a stretch of a message names."""

    start: int
    end: int
    words: str
    kind: Literal["title", "value", "number", "place"]
    item_ids: tuple[str, ...] = ()  # of a title: several where it is ambiguous; of a place: all that it points at
    field: str = ""  # of a value or number; '' for an amount of something that the catalog does not know
    value: str | float = ""
    op: str = ""  # 'is', 'min' or 'max'; a decade is two spots of one place

    @property
    def place(self) -> Place:
        """Start and end in the message."""
        return self.start, self.end


def outside(spots: Sequence[Spot], places: Sequence[Place]) -> list[Spot]:
    """Spots without the titles and values that stand within a place, a title that fills it aside."""
    within = (spot for spot in spots for start, end in places if start <= spot.start and spot.end <= end)
    named = {spot for spot in within if spot.kind == "value" or (spot.kind == "title" and spot.place not in places)}
    return [spot for spot in spots if spot not in named]


def is_free(place: Place, taken: Iterable[Place]) -> bool:
    """Whether a place overlaps none of the others."""
    return not any(start < place[1] and place[0] < end for start, end in taken)


def blank(text: str, places: Iterable[Place], sign: str = " ") -> str:
    """The text with a sign in the place of every character of some places."""
    for start, end in places:
        text = text[:start] + sign * (end - start) + text[end:]
    return text


def clause_of(text: str, position: int, ends: re.Pattern[str]) -> tuple[str, int]:
    """The clause of a text that a position lies in, and where in it; the clauses are parted by matches."""
    marks = [end.span() for end in ends.finditer(text)]
    start = max((end for _, end in marks if end <= position), default=0)
    stop = min((begin for begin, _ in marks if begin >= position), default=len(text))
    return text[start:stop], position - start


def stretches(text: str, plain: Container[str], ends: re.Pattern[str]) -> list[str]:
    """What a text still says where it is blanked with NUL, in pieces: 'etwas Lustiges mit' -> 'Lustiges'.

    Args:
        text: With NUL in the place of all that was read.
        plain: Words that say nothing by themselves: they are left out where a piece begins or ends.
        ends: The same, where words are not set apart by spaces.
    """
    phrases = []
    for piece in re.split(r"[\x00.,;:!?()…。，、；：！？（）「」『』《》\"“”„«»\n]+", text):
        telling = [word.span() for word in re.finditer(r"\S+", piece) if not _is_plain(word[0], plain)]
        phrases += [clipped(ends.sub("", piece[telling[0][0] : telling[-1][1]]), LONGEST)] if telling else []
    return [phrase for phrase in dict.fromkeys(phrases) if sum(map(str.isalnum, phrase)) > 1]  # no bare particle


def _is_plain(word: str, plain: Container[str]) -> bool:
    return all(part in plain or stem(part) in plain for part in words_of(word.replace("’", "'").replace("'", " ")))


def prose_words(texts: Iterable[str]) -> frozenset[str]:
    """The words that stand in small letters in descriptions: none of them alone is somebody's name."""
    return frozenset(word for text in texts for word in re.findall(r"(?<!\w)[a-z]+", text))


def words_of(text: str) -> list[str]:
    """The words of a text, casefolded: "Sci-Fi" -> ['sci', 'fi']."""
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text.casefold())


def parts_of(folded: str) -> list[str]:
    """The parts of a name without accents by which it is compared: words, and signs of scripts without spaces."""
    return re.findall(rf"[{UNSPACED}]|{LETTER}+", folded)


def stem(word: str) -> str:
    """A word without its plural: comedies -> comedy, westerns -> western."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def said_of(spec: FieldSpec) -> str:
    """A pattern of the words that name a field."""
    return _any_of(spec.name, *spec.label.values(), *spec.words)


@cache
def _any_of(*names: str) -> str:
    known = [name for name in names if name]
    return "|".join(map(re.escape, dict.fromkeys((*known, *map(stem, known)))))
