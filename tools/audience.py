"""Who something is for, as ages and company stand in words -> limits of the fields that say for whom an item is.

Finds where a text names ages, company and what may be too much; whether that is meant, a driver decides.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from retrieval.preference import Constraint, Op
from retrieval.schema import CONTENT, LEVELS, SUITS_FROM, CatalogSchema, FieldSpec

ADULT = 18
"""Ages from here on ask for no care."""
REFUSED = "mild"
"""How much is left of a content that is refused."""
NEAR = 48
"""Characters around a number in which it may be said that it is nobody's age."""
HAN: dict[str, int] = dict(zip("一二三四五六七八九十两", (*range(1, 11), 2), strict=True))
UNSPACED = ("zh", "ja", "ko")
"""Languages whose words have no spaces around them, or endings without any."""
ANY_END = re.compile(r"(?<!\\[wWs])\*")
"""Stands in words for whatever their end is."""
PART = re.compile(r"(?<!\?P)<(\w+)>")
"""Where a pattern names a part of the table."""
AT_ONCE = 64
"""Messages that are read at a time: each is asked about several times."""
UNKNOWN_AGE = ("toddlers", "small children", "children", "schoolchildren", "teenagers", "family")
"""Groups that stand for an age where none is told, youngest first."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Where a text says for whom something is."""

    start: int
    end: int
    words: str
    ages: tuple[int, ...] = ()
    group: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands."""
        return self.start, self.end


def find_audiences(text: str) -> list[Audience]:
    """Ages and company that a text names, in order; a person's age takes the place of the word for them."""
    return [*_audiences(text)]


@lru_cache(maxsize=AT_ONCE)
def _audiences(text: str) -> tuple[Audience, ...]:
    for start, end in absent_places(text):
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    ages = [*_ages(text)]
    groups = [
        Audience(*match.span(), match[0].strip(), group=group["name"])
        for group in _table()["groups"]
        for match in _words("groups", group["name"]).finditer(text)
        if not (
            group["name"] in UNKNOWN_AGE and any(age.start < match.end() and match.start() < age.end for age in ages)
        )
        if not _is_told_of(text, match)
    ]
    return tuple(sorted([*ages, *_longest(groups)], key=lambda audience: audience.start))


def find_content(text: str) -> list[tuple[int, int, str]]:
    """Start, end and role of the words for content that may be too much: 'scary', 'gore'."""
    matches = ((match, role) for role in _table()["content"] for match in _words("content", role).finditer(text))
    return sorted((*match.span(), role) for match, role in matches)


def absent_places(text: str) -> list[tuple[int, int]]:
    """Where somebody is named who is not there: 'the kids are in bed'."""
    return [match.span() for match in _words("absent").finditer(text)]


def content_places(text: str) -> list[tuple[int, int]]:
    """Where these words stand."""
    return [(start, end) for start, end, _ in find_content(text)]


def groups() -> tuple[str, ...]:
    """The names of company."""
    return tuple(group["name"] for group in _table()["groups"])


@dataclass(frozen=True, slots=True)
class Care:
    """What an audience comes to: the youngest age, and the most of each content."""

    age: int | None = None
    content: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    """The company that is named; where there are ages alone, the youngest group that they are of."""

    @classmethod
    def of(cls, said: Sequence[str], refused: Sequence[str] = ()) -> "Care":
        """For all who are named together. Ages that are told count rather than those of groups.

        Args:
            said: Ages and company in words.
            refused: What is refused in words: content among it ('anything scary') is kept low.
        """
        audiences = [audience for text in said for audience in _named(text)]
        told = [age for audience in audiences for age in audience.ages if age < ADULT]
        held = [group for group in _table()["groups"] if group["name"] in {audience.group for audience in audiences}]
        guessed = [group[SUITS_FROM] for group in held if SUITS_FROM in group]
        most = [(role, group[role]) for group in held for role in CONTENT if role in group]
        most += [(role, REFUSED) for text in refused for *_, role in find_content(text)]
        content: dict[str, str] = {}
        for role, level in most:
            content[role] = min(content.get(role, level), level, key=LEVELS.index)
        youngest = [group[SUITS_FROM] for group in held if told and group["name"] == UNKNOWN_AGE[0]]
        age = min([*told, *youngest] or guessed, default=None)
        named = [group["name"] for group in held if not (told and group["name"] in UNKNOWN_AGE)]
        return cls(age, content, (*named, *_group_of(age if told else None)))

    def limits(self, schema: CatalogSchema) -> Iterator[Constraint]:
        """The limits, as far as the catalog says for whom its items are."""
        if self.age is not None:
            for spec in schema.of_role(SUITS_FROM):
                yield Constraint(spec.name, Op.MAX, (float(self.age),))
        for role, most in self.content.items():
            for spec in schema.of_role(role):
                yield at_most(spec, most)


def at_most(spec: FieldSpec, level: str) -> Constraint:
    """A content no stronger than a level of the usual order, in whatever order the field has."""
    share = (LEVELS.index(level) + 1) / len(LEVELS)
    return Constraint(spec.name, Op.IS, spec.order[: max(1, int(share * len(spec.order)))])


def _group_of(age: int | None) -> Iterator[str]:
    """The oldest of the groups of unknown age that somebody of an age is in."""
    known = [(group[SUITS_FROM], group["name"]) for group in _table()["groups"] if group["name"] in UNKNOWN_AGE[:-1]]
    fitting = [pair for pair in known if age is not None and pair[0] <= max(age, known[0][0])]
    yield from (max(fitting)[1],) if fitting else ()


def _named(text: str) -> list[Audience]:
    """Those of a text; a bare number is an age, the name of a group is one."""
    bare = text.strip()
    if bare.isdecimal():
        return [Audience(0, len(text), bare, (int(bare),))]
    if bare.casefold() in groups():
        return [Audience(0, len(text), bare, group=bare.casefold())]
    return find_audiences(text)


def _ages(text: str) -> Iterator[Audience]:
    taken: list[tuple[int, int]] = []
    for words, years, is_counted in _age_patterns():
        for match in words.finditer(text):
            start, end = match.span()
            before, behind = text[max(0, start - NEAR) : start], text[end : end + NEAR]
            if _pattern("<not_before>").search(before) or _pattern("<not_behind>").search(behind):
                continue
            if _pattern("<oldest>").search(before + _leading(match[0])) or _is_told_of(text, match):
                continue
            if not any(first < end and start < last for first, last in taken):
                taken.append((start, end))
                said = _pattern("<n>|<ordinal>").finditer(match.groupdict().get("years") or match[0])
                ages = [age for number in said if (age := _number(number[0]))] if is_counted else [0]
                yield Audience(start, end, match[0].strip(" ,:("), tuple(age + years for age in ages))


def _leading(said: str) -> str:
    """What stands before the number: 'tiene ' of 'tiene ocho'."""
    number = _pattern("<n>|<ordinal>").search(said)
    return said[: number.start()] if number else ""


def _is_told_of(text: str, match: re.Match[str]) -> bool:
    """Whether a story is told of them, rather than somebody named for whom it is."""
    before, behind = _pattern("<story_before>"), _pattern("<story_behind>")
    return bool(before.search(text[: match.start()]) or behind.search(text[match.end() :]))


def _longest(audiences: Sequence[Audience]) -> list[Audience]:
    """Of overlapping words of ages the longest: 'little kids' are small children; the youngest of equal ones."""
    ranked = sorted(audiences, key=lambda audience: (audience.start - audience.end, groups().index(audience.group)))
    kept: list[Audience] = []
    for audience in ranked:
        if not any(
            audience.group in UNKNOWN_AGE and old.group in UNKNOWN_AGE and _overlap(audience, old) for old in kept
        ):
            kept.append(audience)
    return kept


def _overlap(audience: Audience, other: Audience) -> bool:
    return audience.start < other.end and other.start < audience.end


def _number(said: str) -> int:
    word = said.casefold()
    if digits := re.match(r"\d+", word):
        return int(digits[0])
    known = dict(pair.split("=") for pair in _table()["parts"]["numbers"].split())
    if number := known.get(word) or known.get(word.rstrip("nr")):
        return int(number)
    head, is_ten, tail = said.partition("十")
    return (HAN.get(head, 1) * 10 + HAN.get(tail, 0)) if is_ten else HAN.get(said, 0)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("audiences.toml").read_text("utf-8"))


@cache
def _age_patterns() -> tuple[tuple[re.Pattern[str], int, bool], ...]:
    """Words for an age, the years on top of their number, and whether they have one."""
    said = [(words, 0) for words in _table()["parts"]["ages"]]
    said = [*((words, int(years)) for years, many in _table()["grades"].items() for words in many), *said]
    return tuple((_pattern(words), years, bool(re.search("<(?:n|list|ordinal)>", words))) for words, years in said)


@cache
def _words(kind: str, name: str = "") -> re.Pattern[str]:
    """The words of a part of the table, in all languages: whole words where a language writes spaces between them."""
    part = _table()[kind]
    by_language = next(group["words"] for group in part if group["name"] == name) if kind == "groups" else part
    by_language = by_language.get(name, by_language)
    ends = {language: ("", "") if language in UNSPACED else (r"(?<!\w)", r"(?!\w)") for language in by_language}
    said = (f"{ends[language][0]}(?:{'|'.join(words)}){ends[language][1]}" for language, words in by_language.items())
    return _pattern(ANY_END.sub(r"\\w*", "|".join(said)))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern in which <name> stands for a part of the table."""
    parts = _table()["parts"]
    while PART.search(text):
        text = PART.sub(lambda name: parts[name[1]], text)
    return re.compile(text, re.IGNORECASE)
