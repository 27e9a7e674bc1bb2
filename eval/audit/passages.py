"""A turn cut into sentences with titles and people replaced by single marks, so that patterns see the frame alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from eval.audit.phrases import (
    ABBREVIATION,
    BEGINNINGS,
    PERSON_MARK,
    SENTENCE_END,
    TITLE_MARK,
    TITLES,
    TITLES_OF_HONOR,
)
from eval.audit.titles import Named
from eval.reading.lexicon import Lexicon, ValueSpan
from retrieval.items import Catalog

NAME_WORD = r"(?:[A-ZÀ-ÞŠŽ][\w'’-]*[a-zà-ÿ'’][\w'’-]*|[A-Z]\.)"
NAME = re.compile(
    rf"(?<![\w'’]){NAME_WORD}(?:\s+(?:(?:de|del|della|von|van|der|den|la|le|di|da|el|al|bin|ten)\s+){{0,2}}{NAME_WORD}){{1,3}}"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in a sentence."""

    words: str
    values: tuple[tuple[str, str], ...] = ()
    """Field and value, where the catalog knows somebody of that name."""

    @property
    def is_known(self) -> bool:
        """Whether the catalog has the name."""
        return bool(self.values)


@dataclass(frozen=True)
class Passage:
    """A sentence of a turn."""

    text: str
    """As it was written."""
    frame: str
    """The same with each title and person as one mark."""
    titles: tuple[Named, ...]
    people: tuple[Person, ...]

    def title_at(self, mark: str) -> Named:
        """The title that a mark stands for."""
        return self.titles[ord(mark) - TITLE_MARK]

    def person_at(self, mark: str) -> Person:
        """The person that a mark stands for."""
        return self.people[ord(mark) - PERSON_MARK]

    @cached_property
    def title_places(self) -> tuple[tuple[int, Named], ...]:
        """Each title of the sentence with the place of its mark."""
        return tuple((match.start(), self.title_at(match.group())) for match in re.finditer(TITLES, self.frame))


@dataclass(frozen=True)
class PassageReader:
    """Cuts turns into passages over one catalog."""

    catalog: Catalog
    lexicons: dict[str, Lexicon]
    """One per field, since a word may be a value of several."""

    @classmethod
    def of(cls, catalog: Catalog) -> "PassageReader":
        """For one catalog."""
        return cls(catalog, {spec.name: Lexicon(_only(catalog, spec.name)) for spec in catalog.schema.fields})

    def cut(self, text: str, titles: Sequence[Named]) -> list[Passage]:
        """The sentences of a text in which titles were found."""
        masked = text
        for index, one in reversed(list(enumerate(titles))):
            masked = masked[: one.start] + chr(TITLE_MARK + index) + masked[one.end :]
        return [self._passage(piece, tuple(titles), text) for piece in _whole(_sentences(masked))]

    def spans(self, frame: str, *, people: bool) -> list[ValueSpan]:
        """The values of the catalog that are named in a frame, all fields; those of one stretch side by side."""
        specs = [spec for spec in self.catalog.schema.fields if spec.people is people]
        return [one for spec in specs for one in self.lexicons[spec.name].find(frame)]

    def _passage(self, piece: str, titles: tuple[Named, ...], text: str) -> Passage:
        written = re.sub(TITLES, lambda match: _written(titles[ord(match.group()) - TITLE_MARK], text), piece)
        frame = re.sub(r"[*_`#]", "", piece)
        found: list[tuple[int, int, Person]] = []
        for start, end, person in (*self._known(frame), *self._unknown(frame)):
            if not any(a < end and start < b for a, b, _ in found):
                found.append((start, end, person))
        found.sort(key=lambda one: one[0])
        for index, (start, end, _) in reversed(list(enumerate(found))):
            frame = frame[:start] + chr(PERSON_MARK + index) + frame[end:]
        return Passage(written.strip(), frame.strip(), titles, tuple(person for _, _, person in found))

    def _known(self, frame: str) -> Iterable[tuple[int, int, Person]]:
        """People of the catalog, the longest name first."""
        by_place: dict[tuple[int, int], list[tuple[str, str]]] = {}
        for one in self.spans(frame, people=True):
            alone = " " not in one.words and one.words.isascii()
            if not alone or not (_begins(one.words) or _joined_to_name(frame, one.start, one.end)):
                by_place.setdefault((one.start, one.end), []).append((one.field.name, one.value))
        for (start, end), values in sorted(by_place.items(), key=lambda one: one[0][0] - one[0][1]):
            words = frame[start:end]
            end -= 2 if words.endswith(("'s", "’s")) else 0
            yield start, end, Person(frame[start:end], tuple(values))

    def _unknown(self, frame: str) -> Iterable[tuple[int, int, Person]]:
        """Capitalized words that look like a name of a person."""
        for match in NAME.finditer(frame):
            words = list(re.finditer(r"\S+", match.group()))
            while words and _begins(words[0].group()):
                words = words[1:]
            if len(words) < 2 or words[0].group().lower().strip(".") in TITLES_OF_HONOR:
                continue
            start = match.start() + words[0].start()
            name = frame[start : match.end()]
            name = name[:-2] if name.endswith(("'s", "’s")) else name
            yield start, start + len(name), Person(name)


def _sentences(text: str) -> list[str]:
    """A text cut where sentences end; nothing of it is lost but blank pieces."""
    pieces: list[str] = []
    start = 0
    for match in SENTENCE_END.finditer(text):
        piece = text[start : match.end()]
        if piece.strip() and not ABBREVIATION.search(piece.rstrip()):
            pieces.append(piece)
            start = match.end()
    return [*pieces, text[start:]] if text[start:].strip() else pieces


def _begins(word: str) -> bool:
    """Whether a capitalized word merely begins a sentence."""
    return word.lower() in BEGINNINGS


def _joined_to_name(frame: str, start: int, end: int) -> bool:
    """Whether a surname is part of a longer name that the catalog does not know."""
    before = re.search(r"([A-Z][\w'’-]+)\s+$", frame[:start])
    after = re.match(r"\s+([A-Z][a-z]+)", frame[end:])
    return bool((before and not _begins(before.group(1))) or (after and not _begins(after.group(1))))


def _written(one: Named, text: str) -> str:
    return text[one.start : one.end]


def _whole(pieces: Iterable[str]) -> list[str]:
    """Pieces joined where a bracket is still open, or a list's number stands alone."""
    joined: list[str] = []
    for piece in pieces:
        last = joined[-1] if joined else ""
        open_bracket = last.count("(") > last.count(")") and "\n" not in last
        if joined and (open_bracket or re.fullmatch(r"\s*\d{1,2}[.)]\s*", last)):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _only(catalog: Catalog, name: str) -> Catalog:
    """The catalog with one field in its schema."""
    schema = catalog.schema.model_copy(update={"fields": (catalog.schema.field(name),)})
    return Catalog(schema, catalog.items)
