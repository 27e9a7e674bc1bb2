"""Titles, people and other values of a catalog where they stand in a sentence; built once, holds no user."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from agent.wording.messages import LANGUAGES
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec
from retrieval.titles import ARTICLES, LETTER, UNSPACED
from tools.placing import fold

WORD = re.compile(rf"{LETTER}+(?:['’]{LETTER}+)*|&")
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]")
QUOTED = re.compile(
    r"《([^》]{1,80})》|『([^』]{1,80})』|「([^」]{1,80})」|“([^”]{1,80})”|„([^“”]{1,80})[“”]|«([^»]{1,80})»|‘([^‘’]{1,80})’|\"([^\"]{1,80})\""
)
YEAR_AFTER = re.compile(r"\s*[(（]\d{4}[)）]")
LONGEST = 12
"""Words of a title or name that are compared."""
SHORTEST_UNSPACED, SHORTEST_WORD = 2, 3
SHORTEST_NAME, SHORTEST_FOREIGN_NAME = 4, 6
"""Letters of a name that stands alone; the descriptions do not tell the common words of languages but English."""
Key = tuple[str, ...]
Fact = tuple[str, str]
"""Field and value."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Something of the catalog, or something in quotes, in a sentence."""

    start: int
    end: int
    words: str
    item_ids: frozenset[str] = frozenset()
    """Of a title: all items that have it; empty for a title that no item has."""
    facts: frozenset[Fact] = frozenset()
    """Of a name or value: the fields that have it."""


@dataclass(frozen=True, slots=True)
class _Title:
    item_ids: frozenset[str]
    capitals: tuple[bool, ...]
    """Which of its words begin with a capital."""


@dataclass(frozen=True)
class TitleFinder:
    """Finds what a catalog knows in prose. Immutable after construction."""

    catalog: Catalog
    _tables: "dict[str, _Table]" = field(default_factory=dict)

    # Titles ------------------------------------------------------------------------------------------------------

    def quoted(self, text: str) -> Iterator[Spot]:
        """Everything in quotation marks or brackets for titles, with the items of that title."""
        for match in QUOTED.finditer(text):
            inside = next(group for group in match.groups() if group is not None).strip()
            ids = frozenset(title.item_id for title in self.catalog.titles.exact(inside))
            yield Spot(match.start(), match.end(), inside, ids)

    def labels(self, text: str) -> Iterator[Spot]:
        """Titles with their year, as code writes them."""
        for spot in (*self.quoted(text), *self.titles(text, frozenset())):
            year = YEAR_AFTER.match(text[spot.end :])
            ids = {
                item_id for item_id in spot.item_ids if year and str(self.catalog.item(item_id).year) in year.group()
            }
            if ids:
                yield Spot(spot.start, spot.end, spot.words, frozenset(ids))

    def titles(self, text: str, own: frozenset[str]) -> Iterator[Spot]:
        """Titles that are written as titles: capitalized words of several, with a year, or those of some items.

        Args:
            text: A sentence.
            own: Item ids whose title is one even as a single word.
        """
        words = list(WORD.finditer(text))
        keys = [_key_of(match.group()) for match in words]
        place = 0
        while place < len(words):
            spot = self._title_at(text, words, keys, place, own)
            if spot is None:
                place += 1
                continue
            yield spot
            place += sum(1 for match in words[place:] if match.start() < spot.end)

    def _title_at(
        self, text: str, words: list[re.Match[str]], keys: list[str], place: int, own: frozenset[str]
    ) -> Spot | None:
        for length in range(min(LONGEST, len(words) - place), 0, -1):
            title = self._by_key.get(tuple(keys[place : place + length]))
            if title is None:
                continue
            run = words[place : place + length]
            start, end = run[0].start(), run[-1].end()
            if not _is_written_as(title, run, text[start:end]):
                continue
            is_own = bool(title.item_ids & own)
            if length == 1 and not is_own and not self._stands_out(text, run[0]):
                continue
            return Spot(start, end, text[start:end], title.item_ids)
        return None

    def _stands_out(self, text: str, word: re.Match[str]) -> bool:
        """Whether a single word can only be a title: a year follows, or it begins a sentence and is no common word."""
        if YEAR_AFTER.match(text[word.end() :]):
            return True
        begins = not text[: word.start()].strip(" \"“”'«¿¡(-–—")
        known = fold(word.group())
        return begins and len(known) > 3 and known not in self._vocabulary and (known,) not in self._people_words

    @cached_property
    def _by_key(self) -> Mapping[Key, _Title]:
        by_key: dict[Key, tuple[set[str], tuple[bool, ...]]] = {}
        for item in self.catalog:
            for name in (item.title, *item.aka):
                words = WORD.findall(name)
                if not words or UNSPACED_RUN.search(name):
                    continue
                versions = [words]
                if len(words) > 2 and words[0].casefold() in ARTICLES:
                    versions.append(words[1:])
                for version in versions:
                    key = tuple(map(_key_of, version))
                    capitals = tuple(not word[0].islower() for word in version)
                    by_key.setdefault(key, (set(), capitals))[0].add(item.item_id)
        return {key: _Title(frozenset(ids), capitals) for key, (ids, capitals) in by_key.items()}

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """Words that the descriptions write small: common words."""
        return frozenset(word for item in self.catalog for word in re.findall(r"(?<![\w'’])[a-z]{4,}", item.text))

    # People and values -------------------------------------------------------------------------------------------

    def values(self, text: str, language: str) -> Iterator[Spot]:
        """Names of people and values of other fields, as they are called in a language or in English."""
        table = self._table(language)
        words = list(WORD.finditer(text))
        keys = [fold(match.group()) for match in words]
        place = 0
        while place < len(words):
            length = next(
                (
                    n
                    for n in range(min(LONGEST, len(words) - place), 0, -1)
                    if _hit(table.spaced, keys[place : place + n])
                ),
                0,
            )
            if length:
                facts = _hit(table.spaced, keys[place : place + length])
                start, end = words[place].start(), words[place + length - 1].end()
                if facts and self._is_meant(text[start:end], facts):
                    yield Spot(start, end, text[start:end], facts=facts)
            place += length or 1
        for spot in _unspaced(text, table.unspaced):
            if self._is_meant(spot.words, spot.facts):
                yield spot

    def _is_meant(self, words: str, facts: frozenset[Fact]) -> bool:
        """Names of people are capitalized; 'in' is no country, 'IN' may be one."""
        if any(self._spec(name).people for name, _ in facts):
            return not words[0].islower()
        return len(words) >= SHORTEST_WORD or not words.isascii() or words.isupper()

    def _spec(self, name: str) -> FieldSpec:
        return self.catalog.schema.field(name)

    def _table(self, language: str) -> "_Table":
        table = self._tables.get(language)
        if table is None:
            table = self._base.with_names(self.catalog, language) if language != "en" else self._base
            self._tables[language] = table
        return table

    @cached_property
    def _base(self) -> "_Table":
        """Values as the catalog writes them, and their English names."""
        table = _Table()
        for spec in _named_fields(self.catalog):
            for value in self.catalog.values(spec.name):
                for name in _names(spec, value):
                    table.add(name, (spec.name, value))
        return table

    @cached_property
    def _people_words(self) -> frozenset[Key]:
        """The single words of people's names."""
        people = [spec.name for spec in self.catalog.schema.fields if spec.people]
        return frozenset(
            (word,) for name in people for value in self.catalog.values(name) for word in fold(value).split()
        )

    def is_name(self, word: str, language: str) -> bool:
        """Whether a folded word is part of somebody's name and no common word, as far as the descriptions tell."""
        shortest = SHORTEST_NAME if language == "en" else SHORTEST_FOREIGN_NAME
        return len(word) >= shortest and (word,) in self._people_words and word not in self._vocabulary

    def warm(self) -> None:
        """Build every table, so that no sentence waits for one."""
        _ = self._by_key, self._vocabulary, self._people_words
        for language in LANGUAGES:
            self._table(language)


@dataclass(frozen=True, slots=True)
class _Table:
    """Names in one language: of words with spaces between, and in scripts without."""

    spaced: dict[Key, frozenset[Fact]] = field(default_factory=dict)
    unspaced: dict[str, frozenset[Fact]] = field(default_factory=dict)

    def add(self, name: str, fact: Fact) -> None:
        """One more name of a value."""
        if UNSPACED_RUN.search(name):
            if len(name) >= SHORTEST_UNSPACED:
                self.unspaced[name] = self.unspaced.get(name, frozenset()) | {fact}
        elif key := tuple(fold(word) for word in WORD.findall(name)):
            self.spaced[key] = self.spaced.get(key, frozenset()) | {fact}

    def with_names(self, catalog: Catalog, language: str) -> "_Table":
        """The same with the names of another language."""
        table = _Table(dict(self.spaced), dict(self.unspaced))
        for spec in _named_fields(catalog):
            present = catalog.values(spec.name)
            for value in present if spec.standard else (value for value in spec.names if value in present):
                table.add(spec.value_in(value, language), (spec.name, value))
        return table


def _named_fields(catalog: Catalog) -> list[FieldSpec]:
    return [spec for spec in catalog.schema.descriptive if spec.kind is not FieldKind.NUMBER]


def _names(spec: FieldSpec, value: str) -> set[str]:
    """What a value is called in English prose; a code such as 'US' only by its names."""
    named = {spec.value_in(value, "en")} | ({value} if spec.standard != "territory" else set())
    # 'American' is capitalized and states a country; words such as 'funny' are nobody's name
    return named | {word for word in spec.synonyms.get(value, ()) if word[:1].isupper() and " " not in word}


def _hit(table: Mapping[Key, frozenset[Fact]], words: list[str]) -> frozenset[Fact]:
    """The values of words, of their singular where they are a plural."""
    key = tuple(words)
    if key in table:
        return table[key]
    last = key[-1]
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if len(last) > 4 and last.endswith(ending):
            facts = table.get((*key[:-1], last.removesuffix(ending) + singular))
            if facts:
                return facts
    return frozenset()


def _unspaced(text: str, table: Mapping[str, frozenset[Fact]]) -> Iterator[Spot]:
    """Names in scripts that put no spaces between words, the longest first from the left."""
    longest = max(map(len, table), default=0)
    place = 0
    while place < len(text):
        if not UNSPACED_RUN.match(text[place]):
            place += 1
            continue
        size = next((n for n in range(min(longest, len(text) - place), 0, -1) if text[place : place + n] in table), 0)
        if size:
            words = text[place : place + size]
            yield Spot(place, place + size, words, facts=table[words])
        place += size or 1


def _is_written_as(title: _Title, run: list[re.Match[str]], words: str) -> bool:
    """Whether words are capitalized as in the title, with nothing but spaces and light signs between them."""
    if re.search(r"[.;!?。！？]\s", words):
        return False
    return (
        all(not wanted or not match.group()[0].islower() for wanted, match in zip(title.capitals, run, strict=True))
        and not run[0].group()[0].islower()
    )


def _key_of(word: str) -> str:
    return "and" if word == "&" else fold(word.replace("'", "").replace("’", ""))


def blanked(text: str, spots: Iterable[Spot]) -> str:
    """The text with stretches taken out, what is left where it was."""
    chars = list(text)
    for spot in spots:
        chars[spot.start : spot.end] = "\0" * (spot.end - spot.start)
    return "".join(chars)
