"""What the turns before a place say, read by rule: items named, values asked for, words. Quick: a few ms a message."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.conversation import Role
from eval.ranking.text import CHATTER, terms
from eval.reading.lexicon import Lexicon, ValueSpan
from eval.reading.limits import find_limits
from eval.reading.mentions import MentionFinder
from eval.reading.phrases import CLAUSE, DISLIKE, NEGATION
from eval.reading.words import STOPWORDS
from eval.transcripts import TranscriptTurn
from retrieval.items import Catalog
from retrieval.preference import Constraint
from retrieval.titles import TitleSpan, normalize_title

_YEAR = re.compile(r"\s*[(（]\s*((?:18|19|20)\d{2})\s*[)）]")


@dataclass(frozen=True, slots=True)
class ReadTurn:
    """One turn as far as a ranker cares."""

    role: Role
    items: tuple[int, ...] = ()
    """Catalog rows that it names, in order."""
    disliked: frozenset[int] = frozenset()
    """Those of them with words of dislike around, or recorded as not liked."""
    values: tuple[tuple[str, str, int], ...] = ()
    """(field, value, +1 asked for or -1 refused)."""
    words: tuple[str, ...] = ()
    """Stems of the words outside titles."""
    limits: tuple[Constraint, ...] = ()
    """Limits on numbers that it states ('before 1965')."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that was said before a place."""

    turns: tuple[ReadTurn, ...] = ()
    known: frozenset[int] = frozenset()
    """Catalog rows that came up, by text or by record: not to be offered again."""

    def by(self, role: Role) -> "Situation":
        """The same with the turns of one side only."""
        return Situation(tuple(turn for turn in self.turns if turn.role is role), self.known)

    @property
    def items(self) -> tuple[int, ...]:
        """Every row named, in order, the last time it was named."""
        named = [row for turn in self.turns for row in turn.items]
        return tuple(dict.fromkeys(reversed(named)))[::-1]

    @property
    def disliked(self) -> frozenset[int]:
        """Rows spoken ill of."""
        return frozenset(row for turn in self.turns for row in turn.disliked)

    @property
    def limits(self) -> list[Constraint]:
        """The user's limits on numbers; of two of a kind the later one holds."""
        said = [one for turn in self.turns if turn.role is Role.USER for one in turn.limits]
        return list({(one.field, one.op): one for one in said}.values())

    @property
    def words(self) -> list[str]:
        """Stems of all words."""
        return [word for turn in self.turns for word in turn.words]


@dataclass
class TurnReader:
    """Reads turns over one catalog."""

    catalog: Catalog
    lexicon: Lexicon
    finder: MentionFinder
    recorded: bool = True
    """Whether the item ids written down with earlier turns count beside those found in their texts."""
    weight: Callable[[int], float] = lambda row: 0.0
    """Of several items of one title the one that weighs most is meant."""

    @classmethod
    def of(
        cls, catalog: Catalog, popularity: NDArray[np.float32] | None = None, *, recorded: bool = True
    ) -> "TurnReader":
        """For one catalog; the more popular of two items with one title is meant, then the newer one."""
        lexicon = Lexicon(catalog)
        counts = np.zeros(len(catalog)) if popularity is None else popularity

        def weight(row: int) -> float:
            return float(counts[row]) + (catalog.items[row].year or 0) / 10_000

        return cls(catalog, lexicon, MentionFinder(catalog, lexicon), recorded, weight)

    def situation(self, turns: Sequence[TranscriptTurn]) -> Situation:
        """Read the turns before a place."""
        read: list[ReadTurn] = []
        known: set[int] = set()
        for turn in turns:
            one = self.read(turn, frozenset(known))
            read.append(one)
            known |= set(one.items)
        return Situation(tuple(read), frozenset(known))

    def read(self, turn: TranscriptTurn, known: frozenset[int] = frozenset()) -> ReadTurn:
        """Read one turn; of several items of a title, one that came up before is meant."""
        people = [(one.start, one.end) for one in self.lexicon.find(turn.text) if one.field.people and " " in one.words]
        spans = [
            span
            for span in self.catalog.titles.spans(turn.text)
            if self._is_meant(turn.text, span) and not any(a <= span.start < b or a < span.end <= b for a, b in people)
        ]
        ids = (*turn.recommended, *(one.item_id for one in turn.mentions)) if self.recorded else ()
        noted = self.catalog.rows(ids).tolist()
        named = [self._row(turn.text, span, known | set(noted)) for span in spans]
        places = tuple((span.start, span.end) for span in spans)
        disliked = {row for span, row in zip(spans, named, strict=True) if _is_refused(turn.text, span.start, span.end)}
        if self.recorded:
            disliked |= {*self.catalog.rows(one.item_id for one in turn.mentions if one.liked is False).tolist()}
        values = tuple(
            (one.field.name, one.value, -1 if _is_refused(turn.text, one.start, one.end) else 1)
            for one in self.lexicon.find(turn.text, covered=places)
            if self._is_named(turn.text, one)
        )
        plain = _without(turn.text, places)
        limits = tuple(one.constraint for one in find_limits(plain, self.catalog.schema))
        rows = tuple(dict.fromkeys((*named, *noted)))
        return ReadTurn(turn.role, rows, frozenset(disliked), values, tuple(terms(plain)), limits)

    def _is_meant(self, text: str, span: TitleSpan) -> bool:
        """Whether words that happen to be a title are meant as one; the right year behind them leaves no doubt."""
        if year := _YEAR.match(text, span.end):
            return any(one.year is None or abs(one.year - int(year.group(1))) <= 1 for one in span.matches)
        words = normalize_title(span.text).split()
        if all(word in STOPWORDS or word in CHATTER or word.isdigit() for word in words):
            return False
        return (len(words) > 1 or span.text[:1].isupper()) and self.finder.believes(text, span)

    def _is_named(self, text: str, span: ValueSpan) -> bool:
        """Whether a value is meant: a surname alone at the start of a sentence is rather a common word."""
        if not span.field.people or " " in span.words:
            return True
        begins = not text[: span.start].strip() or text[: span.start].rstrip()[-1] in ".!?,"
        return not begins and span.words.casefold() not in STOPWORDS | CHATTER

    def _row(self, text: str, span: TitleSpan, known: frozenset[int] | set[int]) -> int:
        year = _YEAR.match(text, span.end)
        rows = [self.catalog.row(one.item_id) for one in span.matches]
        if year:
            wanted = int(year.group(1))
            return min(rows, key=lambda row: abs((self.catalog.items[row].year or 0) - wanted))
        return next((row for row in rows if row in known), max(rows, key=self.weight))


def _is_refused(text: str, start: int, end: int) -> bool:
    """Whether a negation or words of dislike stand in the same clause before, or dislike right after."""
    before = re.split(CLAUSE, text[:start], flags=re.IGNORECASE)[-1][-60:]
    after = re.split(CLAUSE, text[end:], flags=re.IGNORECASE)[0][:40]
    if re.search(NEGATION, before[-28:], re.IGNORECASE) or re.search(DISLIKE, before, re.IGNORECASE):
        return True
    return bool(re.search(DISLIKE, after, re.IGNORECASE))


def _without(text: str, places: Sequence[tuple[int, int]]) -> str:
    for start, end in places:
        text = text[:start] + " " * (end - start) + text[end:]
    return _YEAR.sub(" ", text)
