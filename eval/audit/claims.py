"""What a sentence states of which item: people and their part in it, values, years, amounts, what follows what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from eval.audit.passages import Passage, PassageReader, Person
from eval.audit.phrases import (
    A_DATED,
    A_PLACE,
    A_VALUE,
    ABOUT_USER,
    DATED,
    FOLLOWS,
    GOES_ON,
    GOES_ON_CHINESE,
    LOOSE,
    MINOR,
    NEGATED,
    PEOPLE,
    SETTING,
    SIMILE,
    TITLES,
)
from eval.audit.plain_words import GLUE
from eval.audit.roles import Role, read_roles
from eval.audit.subjects import Subjects
from eval.audit.titles import Named
from eval.reading.lexicon import ValueSpan
from eval.reading.limits import DECADE, DECADES
from eval.reading.words import STOPWORDS, stem, words_of
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec

YEAR = r"(?:18|19|20)\d{2}"
LIKE = 4
"""Letters that a word shares with a value that it names: 'romantic', 'Romance'."""
CODE = 3
"""A value this short is a code (of a country), which people say in another word."""
JOINED = r"\s*(?:(?:,|、|和|与|及|&)?\s*(?:\b(?:and|plus|or|as well as)\b)?|\bwith\b)\s*(?:also\s+)?(?:by\s+)?"
PEOPLE_RUN = re.compile(rf"{PEOPLE}(?:{JOINED}{PEOPLE})*")


class Kind(StrEnum):
    """How a claim is held against the catalog."""

    PERSON = "person"
    VALUE = "value"
    NUMBER = "number"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about one or more items: each of them must keep it."""

    kind: Kind
    words: str
    """As said."""
    subjects: tuple[Named, ...]
    sure: bool = True
    """Said plainly enough that the opposite in the catalog makes it wrong."""
    fields: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    """Field and value; any of them will do."""
    low: float = 0.0
    high: float = 0.0
    role: str = ""
    person: Person | None = None
    other: Named | None = None
    """What it is said to follow."""


@dataclass(frozen=True)
class ClaimReader:
    """Reads claims about one catalog's items."""

    catalog: Catalog
    passages: PassageReader
    roles: tuple[Role, ...]

    @classmethod
    def of(cls, catalog: Catalog, passages: PassageReader) -> "ClaimReader":
        """For one catalog."""
        return cls(catalog, passages, read_roles(catalog.schema))

    def read(self, passage: Passage, before: Sequence[Named] = ()) -> list[Claim]:
        """The claims of a passage.

        Args:
            passage: A sentence.
            before: The titles that the sentence before it was about: what 'it' means.
        """
        subjects = Subjects.of(passage, before)
        about_user = [match.span() for match in ABOUT_USER.finditer(passage.frame)]
        found: list[Claim] = []
        for reader in (self._follows, self._people, self._years, self._amounts, self._values):
            found += [
                claim for start, claim in reader(passage, subjects) if not any(a <= start < b for a, b in about_user)
            ]
        return [one for one in found if one.subjects]

    # People ------------------------------------------------------------------------------------------------------

    def _people(self, passage: Passage, subjects: Subjects) -> Iterator[tuple[int, Claim]]:
        frame = passage.frame
        every = tuple(spec.name for spec in self.catalog.schema.fields if spec.people)
        for match in PEOPLE_RUN.finditer(frame):
            before = re.split(rf"{PEOPLE}", frame[: match.start()])[-1]
            after = frame[match.end() :]
            owned = bool(re.match(r"['’]s?\b", after)) or after.startswith("的")
            role = self._role(re.split(TITLES, before)[-1] if "的" not in before else before, after, owned)
            about = subjects.at(match.start(), match.end(), owned=owned)
            linked = owned or subjects.links(match.start(), match.end(), about)
            denied = bool(NEGATED.search(frame[: match.start()]) or MINOR.search(frame))
            for mark in re.findall(PEOPLE, match.group()):
                person = passage.person_at(mark)
                sure = not denied and (role is not None or linked) and (role is not None or person.is_known)
                if not person.is_known and role is None:
                    continue
                fields = every if role is None else role.fields
                yield (
                    match.start(),
                    Claim(
                        Kind.PERSON, person.words, about, sure, fields, role=role.name if role else "", person=person
                    ),
                )

    def _role(self, before: str, after: str, owned: bool) -> Role | None:
        """What a person is said to have done; None where it is not said."""
        for role in self.roles:
            if owned and (role.name == "source" or "'s" in role.after.pattern) and role.after.match(after):
                return role
            if not owned and role.is_said(before, after):
                return role
        return None

    # Values ------------------------------------------------------------------------------------------------------

    def _values(self, passage: Passage, subjects: Subjects) -> Iterator[tuple[int, Claim]]:
        frame = passage.frame
        spans = [one for one in self.passages.spans(frame, people=False) if one.field.kind is not FieldKind.NUMBER]
        for start, end in dict.fromkeys((one.start, one.end) for one in spans):
            same = [one for one in spans if (one.start, one.end) == (start, end)]
            longer = [
                one for one in spans if one.start <= start and end <= one.end and one.end - one.start > end - start
            ]
            about = subjects.at(start, end)
            if any(self._has(about, one) for one in longer):
                continue
            if frame[start:end].lower() in STOPWORDS | GLUE:
                continue
            hard = [one for one in same if not one.field.soft]
            sure = bool(hard) and all(
                self._states(frame, one) and is_plain(one.words, one.field, one.value) for one in hard
            )
            options = tuple((one.field.name, one.value) for one in same)
            fields = tuple(one.field.name for one in hard or same)
            yield start, Claim(Kind.VALUE, frame[start:end], about, sure, fields, options)

    def _has(self, about: Sequence[Named], span: ValueSpan) -> bool:
        items = [self.catalog.item(one) for named in about for one in named.ids]
        return any(span.value in item.values.get(span.field.name, ()) for item in items)

    def _states(self, frame: str, span: ValueSpan) -> bool:
        """Whether a value is said of the item itself: 'is a comedy', 'this French thriller', 'from Japan'."""
        before, after = frame[: span.start], frame[span.end :]
        if NEGATED.search(before) or SIMILE.search(before) or SETTING.search(before[-40:]):
            return False
        if not span.words.isascii():
            own = span.words.endswith(("片", "电影")) or (span.field.name == "languages" and "对白" in frame)
            return own or bool(GOES_ON_CHINESE.match(after))
        if span.field.kind is FieldKind.ENTITY:
            return any(re.search(rf"\b{re.escape(word)}\W+$", before, re.IGNORECASE) for word in span.field.words)
        nouns = "|".join(re.escape(one) for one in self._nouns())
        follows = any(one.start <= 1 for one in self.passages.spans(after[:24], people=False) if not one.field.soft)
        goes_on = follows or bool(re.match(rf"{GOES_ON}|\s+(?:{nouns})\b|\s+{LOOSE}", after, re.IGNORECASE))
        return goes_on and bool(
            A_PLACE.search(before) or (A_VALUE.search(before) and not re.search(r"\bin\s+$", before))
        )

    def _nouns(self) -> list[str]:
        schema = self.catalog.schema
        return [one for one in (*schema.noun.values(), *schema.nouns.values(), *schema.also_called) if one.isascii()]

    # Numbers -----------------------------------------------------------------------------------------------------

    def _years(self, passage: Passage, subjects: Subjects) -> Iterator[tuple[int, Claim]]:
        specs = [spec for spec in self.catalog.schema.of_kind(FieldKind.NUMBER) if spec.unit == "year"]
        if not specs:
            return
        for place, named in passage.title_places:
            if named.year is not None and named.is_known:
                yield place, _dated(specs[0], (named,), named.year, named.year, f"({named.year})")
        frame = passage.frame
        for start, end, low, high in _stated_years(frame):
            before, after = frame[:start], frame[end:]
            about = subjects.at(start, end)
            sure = self._is_date(before, after) and not NEGATED.search(before)
            yield start, _dated(specs[0], about, low, high, frame[start:end].strip(), sure=sure)

    def _is_date(self, before: str, after: str) -> bool:
        """Whether a year is said to be the item's own, not that of its story."""
        if re.search(DATED, before, re.IGNORECASE):
            return not re.search(r"\bset[^,;]*$", before, re.IGNORECASE)
        if re.search(rf"{TITLES}\s*[,，:–—-]\s*$", before) and re.match(r"\s*年?(?:的|[,，.。;)]|$)", after):
            return True
        if re.match(r"\s*年(?:上映|的|拍|出品|推出|发行|公映)", after):
            return not SETTING.search(before[-20:])
        nouns = "|".join(map(re.escape, self._nouns()))
        noun = re.compile(rf"[\s-]*(?:[\w'’-]+\s+){{0,3}}?(?:{nouns}|{LOOSE})", re.IGNORECASE)
        spans = self.passages.spans(after[:40], people=False)
        kinds = [one for one in spans if one.field.kind is FieldKind.CATEGORY and len(after[: one.start].split()) < 3]
        return bool(re.search(A_DATED, before, re.IGNORECASE) and (noun.match(after) or kinds))

    def _amounts(self, passage: Passage, subjects: Subjects) -> Iterator[tuple[int, Claim]]:
        """'178 minutes' of a field that counts in minutes."""
        for spec in self.catalog.schema.of_kind(FieldKind.NUMBER):
            units = "|".join(re.escape(one) for one in sorted({spec.unit, *spec.words} - {""}, key=len, reverse=True))
            if spec.unit == "year" or not units:
                continue
            for match in re.finditer(rf"(\d+(?:[.,]\d+)?)[\s-]*(?:{units})", passage.frame, re.IGNORECASE):
                number = float(match.group(1).replace(",", "."))
                about = subjects.at(match.start(), match.end())
                margin = 0.05 * number
                yield (
                    match.start(),
                    Claim(
                        Kind.NUMBER, match.group(), about, True, (spec.name,), low=number - margin, high=number + margin
                    ),
                )

    # What follows what -------------------------------------------------------------------------------------------

    def _follows(self, passage: Passage, subjects: Subjects) -> Iterator[tuple[int, Claim]]:
        for match in FOLLOWS.finditer(passage.frame):
            mark = match.group(1) or match.group(2)
            other = passage.title_at(mark)
            about = tuple(one for one in subjects.at(match.start(), match.start()) if one is not other)
            if about:
                yield match.start(), Claim(Kind.FOLLOWS, f"follows {other.text}", about, True, other=other)


def is_plain(words: str, spec: FieldSpec, value: str) -> bool:
    """Whether words name a value rather than praise in its direction: 'a romance', not 'scary' or 'intense'."""
    names = [value, *spec.names.get(value, {}).values()]
    said = [stem(word)[:LIKE] for word in words_of(words)]
    parts = [stem(part)[:LIKE] for name in names for part in words_of(name)]
    like = any(
        one.startswith(part) or part.startswith(one) for one in said for part in parts if min(len(one), len(part)) > 2
    )
    is_code = len(value) <= CODE and words[:1].isupper()
    return like or is_code or not words.isascii()


def _stated_years(frame: str) -> Iterator[tuple[int, int, int, int]]:
    """Years and decades of a text: start, end, first and last year."""
    taken: list[tuple[int, int]] = []
    for match in re.finditer(
        rf"(?<![\w'’])(?:{DECADE})|(?:上世纪)?(?:(?:19|20)?(\d)0|([二三四五六七八九])十)年代", frame, re.IGNORECASE
    ):
        century, tens, word, digit, chinese = match.groups()
        if century:
            first = int(century) * 10
        elif word:
            first = 1900 + DECADES[word.lower()]
        elif chinese:
            first = 1900 + DECADES[chinese + "十"]
        else:
            number = int(tens or digit or 0) * 10
            first = (2000 if number < 30 else 1900) + number
        taken.append(match.span())
        yield match.start(), match.end(), first, first + 9
    for match in re.finditer(rf"(?<!\d)({YEAR})(?!\d|s|['’]s)", frame):
        if not any(a < match.end() and match.start() < b for a, b in taken):
            yield match.start(), match.end(), int(match.group(1)), int(match.group(1))


def _dated(spec: FieldSpec, about: tuple[Named, ...], low: int, high: int, words: str, *, sure: bool = True) -> Claim:
    return Claim(Kind.NUMBER, words, about, sure, (spec.name,), low=float(low), high=float(high))
