"""The words by which a catalog's values are asked for, found in a text: 'funny' -> genres Comedy. Knows no domain."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from eval.reading.words import STOPWORDS, stem, words_of
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec
from retrieval.titles import LETTER, UNSPACED
from tools.placing import COMMON_SURNAME_SHARE

LONGEST_PHRASE = 5
LIFE_STAGE = re.compile(r"\b(?:as|when i was|since i was) an? $", re.IGNORECASE)
"""'As a kid' tells when, not what for."""


@dataclass(frozen=True, slots=True)
class ValueSpan:
    """A value of a field, found in a text."""

    start: int
    end: int
    words: str
    field: FieldSpec
    value: str


class Lexicon:
    """Phrase -> (field, value), for words with spaces between and for scripts without."""

    def __init__(self, catalog: Catalog) -> None:
        self._spaced: dict[tuple[str, ...], tuple[FieldSpec, str]] = {}
        self._unspaced: dict[str, tuple[FieldSpec, str]] = {}
        # The most specific last: what is added later wins, so closed categories beat names and themes.
        for kind in (FieldKind.ENTITY, FieldKind.CATEGORY):
            for spec in catalog.schema.of_kind(kind):
                present = catalog.values(spec.name)
                for value in present:
                    self._add(spec, value, value)
                if spec.people:
                    self._add_surnames(spec, present)
                shown = ((value, names.values()) for value, names in spec.names.items())
                for value, words in (*spec.synonyms.items(), *shown):
                    for word in words if value in present else ():
                        self._add(spec, value, word)
        longest_first = sorted(self._unspaced, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def _add(self, spec: FieldSpec, value: str, phrase: str) -> None:
        if re.search(rf"[{UNSPACED}]", phrase):
            self._unspaced[phrase.casefold()] = (spec, value)
        elif key := tuple(stem(word) for word in words_of(phrase)):
            if phrase == value and len(value) < 3 and spec.names:
                return  # a code such as 'IN': people use its name
            self._spaced[key] = (spec, value)

    def _add_surnames(self, spec: FieldSpec, people: Counter[str]) -> None:
        by_surname: dict[str, list[tuple[int, str]]] = {}
        for person, count in people.items():
            names = words_of(person)
            if len(names) > 1 and len(names[-1]) > 3:
                by_surname.setdefault(names[-1], []).append((count, person))
        for surname, bearers in by_surname.items():
            bearers.sort(reverse=True)
            leads = len(bearers) == 1 or bearers[0][0] >= COMMON_SURNAME_SHARE * bearers[1][0]
            if bearers[0][0] >= 2 and leads and (surname,) not in self._spaced:
                self._spaced[(surname,)] = (spec, bearers[0][1])

    def find(self, text: str, *, covered: tuple[tuple[int, int], ...] = ()) -> Iterator[ValueSpan]:
        """The values named in a text, longest phrase first from the left.

        Args:
            text: What somebody wrote.
            covered: Stretches (start, end) that belong to titles and are not to be read as values.
        """
        words = [
            match
            for match in re.finditer(rf"{LETTER}+(?:['’]{LETTER}+)?", text)
            if not any(start < match.end() and match.start() < end for start, end in covered)
        ]
        position = 0
        while position < len(words):
            for length in range(min(LONGEST_PHRASE, len(words) - position), 0, -1):
                run = words[position : position + length]
                hit = self._spaced.get(tuple(stem(match.group()) for match in run))
                if hit and _is_meant(hit[0], run) and not LIFE_STAGE.search(text[: run[0].start()]):
                    start, end = run[0].start(), run[-1].end()
                    yield ValueSpan(start, end, text[start:end], *hit)
                    position += length - 1
                    break
            position += 1
        for start, end in covered:
            text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
        for match in self._names.finditer(text.casefold()):
            yield ValueSpan(*match.span(), text[match.start() : match.end()], *self._unspaced[match.group()])

    def names_value(self, text: str) -> bool:
        """Whether a text names any value."""
        return any(True for _ in self.find(text))


def _is_meant(spec: FieldSpec, run: list[re.Match[str]]) -> bool:
    """Surnames and abbreviations count with capitals only: 'young' is an adjective, 'Young' may be a person."""
    word = run[0].group()
    if len(run) == 1 and word.lower() in STOPWORDS:
        return False  # 'new' is no plural of a value 'news'
    if len(run) == 1 and len(word) < 3:
        return word.isupper()  # 'US' is a country, 'us' is not
    return not spec.people or len(run) > 1 or (word[0].isupper() and not word.isupper())
