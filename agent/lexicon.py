"""The words by which a catalog's values are asked for, found in a message: 'funny' -> genres Comedy.

Built once from the schema and the catalog; knows no domain.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from agent.common_words import STOPWORDS
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec
from retrieval.titles import LETTER, UNSPACED

LONGEST_PHRASE = 5
LIFE_STAGE = re.compile(r"\b(?:as|when i was|since i was) an? $", re.IGNORECASE)
"""'As a kid' tells when, not what for."""
COMMON_SURNAME_SHARE = 3
"""A surname alone names a person who has at least this many times the items of the next one of that name."""


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
        self._phrases: dict[tuple[str, ...], tuple[FieldSpec, str]] = {}
        self._cjk: dict[str, tuple[FieldSpec, str]] = {}
        # The most specific last: what is added later wins, so closed categories beat names and themes.
        for kind in (FieldKind.ENTITY, FieldKind.CATEGORY):
            for spec in catalog.schema.of_kind(kind):
                for value in catalog.values(spec.name):
                    self._add(spec, value, value)
                if spec.people:
                    self._add_surnames(spec, catalog.values(spec.name))
                self._add_names(spec, frozenset(catalog.values(spec.name)))

    def _add_names(self, spec: FieldSpec, present: frozenset[str]) -> None:
        for value, words in spec.synonyms.items():
            if value in present:
                for word in words:
                    self._add(spec, value, word)
        for value, names in spec.names.items():
            if value in present:
                for name in names.values():
                    self._add(spec, value, name)

    def _add(self, spec: FieldSpec, value: str, phrase: str) -> None:
        if re.search(rf"[{UNSPACED}]", phrase):
            self._cjk[phrase.casefold()] = (spec, value)
        elif key := tuple(stem(word) for word in words_of(phrase)):
            if phrase == value and len(value) < 3 and spec.names:
                return  # a code such as 'IN': people use its name
            self._phrases[key] = (spec, value)

    def _add_surnames(self, spec: FieldSpec, people: Counter[str]) -> None:
        by_surname: dict[str, list[tuple[int, str]]] = {}
        for person, count in people.items():
            names = words_of(person)
            if len(names) > 1 and len(names[-1]) > 3:
                by_surname.setdefault(names[-1], []).append((count, person))
        for surname, found in by_surname.items():
            found.sort(reverse=True)
            leads = len(found) == 1 or found[0][0] >= COMMON_SURNAME_SHARE * found[1][0]
            if found[0][0] >= 2 and leads and (surname,) not in self._phrases:
                self._phrases[(surname,)] = (spec, found[0][1])

    def find(self, text: str, *, covered: tuple[tuple[int, int], ...] = ()) -> Iterator[ValueSpan]:
        """The values named in a text, longest phrase first from the left.

        Args:
            text: What the user wrote.
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
                hit = self._phrases.get(tuple(stem(match.group()) for match in run))
                if hit and self._believable(hit[0], run) and not LIFE_STAGE.search(text[: run[0].start()]):
                    start, end = run[0].start(), run[-1].end()
                    yield ValueSpan(start, end, text[start:end], *hit)
                    position += length - 1
                    break
            position += 1
        yield from self._find_cjk(text, covered)

    def supports(self, span: ValueSpan, words: str) -> bool:
        """Whether words name a value plainly enough for a hard limit: its name or a synonym stands in them."""
        said = {stem(word) for word in words_of(words)}
        names = [key for key, hit in self._phrases.items() if hit == (span.field, span.value)]
        cjk = [word for word, hit in self._cjk.items() if hit == (span.field, span.value)]
        return any(set(key) <= said for key in names) or any(word in words.casefold() for word in cjk)

    def _believable(self, spec: FieldSpec, run: list[re.Match[str]]) -> bool:
        """Surnames and abbreviations count with capitals only: 'young' is an adjective, 'Young' may be a person.

        Words such as 'You' name nobody, though somebody may be called so.
        """
        word = run[0].group()
        if len(run) == 1 and word.lower() in STOPWORDS:
            return False  # 'new' is no plural of a value 'news'
        if len(run) == 1 and len(word) < 3:
            return word.isupper()  # 'US' is a country, 'us' is not
        if spec.people and len(run) == 1 and word.casefold() in STOPWORDS:
            return False
        return not spec.people or len(run) > 1 or (word[0].isupper() and not word.isupper())

    def _find_cjk(self, text: str, covered: tuple[tuple[int, int], ...]) -> Iterator[ValueSpan]:
        lowered, position = text.casefold(), 0
        longest = max(map(len, self._cjk), default=0)
        while position < len(lowered):
            for length in range(min(longest, len(lowered) - position), 0, -1):
                hit = self._cjk.get(lowered[position : position + length])
                end = position + length
                if hit and not any(a < end and position < b for a, b in covered):
                    yield ValueSpan(position, end, text[position:end], *hit)
                    position = end - 1
                    break
            position += 1


def words_of(text: str) -> list[str]:
    """The words of a text, casefolded: "Sci-Fi" -> ['sci', 'fi']."""
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text.casefold())


def stem(word: str) -> str:
    """A word without its plural: comedies -> comedy, westerns -> western."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
