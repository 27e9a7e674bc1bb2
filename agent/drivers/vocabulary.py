"""The words by which the values of a catalog are asked for: its names in every language, and words of each language.

Knows which words mean which value, and judges no message.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Final

from agent.drivers.language import is_likely, language_of
from agent.drivers.text import parts_of, stem, words_of
from retrieval.items import Catalog
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tools.placing import Placer, fold

Meaning = tuple[FieldSpec, str]
Key = tuple[str, ...]
Part = tuple[str, ...]
"""A word without its plural, and behind it the beginnings of words that it is one of ('lustig*'), the longest first."""
STEM: Final = "*"
"""Stands behind the beginning of a word, whatever its end is."""
READ: Final = ("en", "zh")
"""Languages whose words code reads: those of a catalog stand among its synonyms."""
LONGEST_NAME: Final = 4
"""Words of a person's name."""
FEW: Final = 8
"""Words by whose letters a language cannot be told well."""


class Vocabulary:
    """What one catalog's values are called; made once."""

    def __init__(self, catalog: Catalog, placer: Placer) -> None:
        named = [(spec, *pair) for spec in catalog.schema.descriptive for pair in placer.names(spec.name).items()]
        named.sort(key=_standing)
        names: dict[Key, list[Meaning]] = {}
        schema = catalog.schema
        nouns = {*map(fold, (*schema.noun.values(), *schema.nouns.values(), *schema.also_called))}
        plain = {fold(value) for spec in catalog.schema.descriptive for value in catalog.values(spec.name)}
        for spec, name, value in named:  # closed categories, added last, beat names and themes
            is_syllable = len(name) == 1 and "가" <= name <= "힣"  # stands in many words
            is_code = spec.names and len(value) < 3 and name == fold(value)  # which has a name
            is_foreign = name in plain and spec.standard and name not in _read(spec, value)  # German 'Island'
            if not (name in nouns or is_syllable or is_code or is_foreign):
                names.setdefault(_key(name), []).append((spec, value))
        spoken = [spec for spec in catalog.schema.descriptive if spec.synonyms_in]
        read = {_key(name) for spec in spoken for value in catalog.values(spec.name) for name in _read(spec, value)}
        said = {language: _said_in(language, catalog) for spec in spoken for language in spec.synonyms_in}
        labels = {language: _labels(language, catalog.schema) for language in said}
        self._of = {language: Words(names, own, labels[language] - read, read) for language, own in said.items()}
        self._names = Words(names)
        self._people = {key for key, meanings in names.items() if any(spec.people for spec, _ in meanings)}

    def of(self, language: str) -> "Words":
        """The words that count in messages of a language."""
        return self._of.get(language, self._names)

    def language_of(self, message: str, before: str) -> str:
        """The language that a message is answered in; what a few words mean tells it better than their letters.

        Args:
            message: What somebody wrote.
            before: The language that was spoken before.
        """
        told = language_of(message, before)
        if told != before and (rest := self._without_people(message)) != message:  # 'no Schwarzenegger' is no German
            return before if is_likely(before, rest, least=1.0) else language_of(rest, told)
        return told if told in (*READ, before) else self.language_read(message, told)

    def language_read(self, message: str, told: str) -> str:
        """The language whose words a message is read by: where it is short and has none of that one, another's.

        Args:
            message: What somebody wrote.
            told: The language that it is taken to be in.
        """
        if len(words_of(message)) > FEW or (told in READ and is_likely(told, message)):
            return told
        counts = {language: known.count(fold(message)) for language, known in self._of.items()}
        best = max(counts, key=lambda language: counts[language], default=told)
        return told if counts.get(told) or not counts.get(best) else best

    def _without_people(self, message: str) -> str:
        """A message without the people that it names: their names are of no language."""
        said, kept, start = message.split(), list[str](), 0
        while start < len(said):
            ends = range(min(len(said), start + LONGEST_NAME), start, -1)
            end = next((end for end in ends if _key(fold(" ".join(said[start:end]))) in self._people), 0)
            kept += [] if end else said[start : start + 1]
            start = end or start + 1
        return " ".join(kept) if len(kept) < len(said) else message


class Words:
    """The words that count in one language."""

    def __init__(
        self,
        names: Mapping[Key, list[Meaning]],
        own: Sequence[tuple[str, Meaning]] = (),
        labels: Collection[Key] = frozenset(),
        read: Collection[Key] = frozenset(),
    ) -> None:
        """Words over the names that count in every language.

        Args:
            names: What values are called, in any language.
            own: Words of this language alone, with what they mean.
            labels: Those of the names that are of this language.
            read: Those that are of a language which code reads: they tell of no other one.
        """
        self._labels, self._read = labels, read
        keys = [tuple(chain(*map(_said, filter(fold, word.split())))) for word, _ in own]
        self._begun = {part for key in keys for part in key if part.endswith(STEM)}
        self._names, self._own = names, dict[Key, list[Meaning]]()
        for key, (_, meaning) in zip(keys, own, strict=True):
            self._own.setdefault(key, []).append(meaning)
        self.longest = max(map(len, (*names, *self._own)), default=0)

    def parts(self, folded: str) -> list[Part]:
        """A text without accents in the parts by which it is looked up."""
        return [(stem(part), *self._beginnings(part)) for part in parts_of(folded)]

    def get(self, parts: Sequence[Part]) -> list[Meaning]:
        """What parts in a row mean: what the language's own words say, else whose name it is."""
        return self._in_own(parts) or self._names.get(_plain(parts), [])

    def count(self, folded: str) -> int:
        """How many words and names of its own a text without accents has."""
        parts, found, start = self.parts(folded) if self._own else [], 0, 0
        while start < len(parts):
            ends = range(min(len(parts), start + self.longest), start, -1)
            end = next((end for end in ends if self._tells(parts[start:end])), 0)
            found, start = found + bool(end), max(end, start + 1)
        return found

    def _tells(self, parts: Sequence[Part]) -> bool:
        plain = _plain(parts)
        return plain not in self._read and (plain in self._labels or bool(self._in_own(parts)))

    def _in_own(self, parts: Sequence[Part]) -> list[Meaning]:
        keys = product(*parts) if self._own else ()
        return next((self._own[key] for key in keys if key in self._own), [])

    def _beginnings(self, part: str) -> Iterator[str]:
        begun = (f"{part[:end]}{STEM}" for end in range(len(part), 1, -1) if self._begun)
        return (known for known in begun if known in self._begun)


def _standing(named: tuple[FieldSpec, str, str]) -> tuple[bool, bool, bool]:
    """What a name says of whether it is meant: France is the country, not what Spaniards call its language."""
    spec, name, value = named
    return spec.kind is FieldKind.CATEGORY, not spec.standard or name in _read(spec, value), name == fold(value)


def _plain(parts: Sequence[Part]) -> Key:
    return tuple(part[0] for part in parts)


def _said(word: str) -> list[str]:
    """A word of the schema in parts: 'amerikanisch*' keeps its star."""
    *parts, last = parts_of(fold(word))
    return [*map(stem, parts), f"{last}{STEM}" if word.endswith(STEM) else stem(last)]


def _key(folded: str) -> Key:
    return tuple(map(stem, parts_of(folded)))


def _said_in(language: str, catalog: Catalog) -> list[tuple[str, Meaning]]:
    """The words of one language alone, with what they mean, of values that the catalog has; categories come last."""
    specs = sorted(catalog.schema.descriptive, key=lambda spec: spec.kind is FieldKind.CATEGORY)
    known = {spec.name: {*catalog.values(spec.name), *spec.order} for spec in specs}
    said = [(spec, value, words) for spec in specs for value, words in spec.synonyms_in.get(language, {}).items()]
    return [(word, (spec, value)) for spec, value, words in said if value in known[spec.name] for word in words]


def _labels(language: str, schema: CatalogSchema) -> set[Key]:
    """The display names that a schema gives in one language."""
    shown = (names.get(language, "") for spec in schema.descriptive for names in spec.names.values())
    return {_key(fold(name)) for name in shown if name}


def _read(spec: FieldSpec, value: str) -> set[str]:
    """What a value is called in the languages that code reads."""
    named = (spec.value_in(value, language) for language in READ)
    return {fold(word) for word in (value, *named, *spec.synonyms.get(value, ()))}
