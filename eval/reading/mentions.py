"""Titles in a text: quoted, capitalized, listed, misspelled; and places of the last list ('the second one')."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz, process

from eval.reading.lexicon import Lexicon
from eval.reading.phrases import DISLIKE, LIKE, QUESTION, SEEN
from eval.reading.pointers import pointers
from eval.reading.words import STOPWORDS
from retrieval.items import Catalog
from retrieval.titles import UNSPACED, TitleSpan, normalize_title
from tools.placing import SURE_TITLE

NAME = r"(?<![\w'’])[A-Z][\w'’-]*(?:(?:\s+|:\s+)(?:(?:of|the|and|in|a|to|for|on|with|&)\s+)*[A-Z0-9][\w'’-]*){0,6}"
LISTED = r"\s*(?:,|and|or|&|,\s*and)\s*(?:the\s+)?"
QUOTED = re.compile(r"《([^》]{1,80})》|“([^”]{2,80})”|\"([^\"]{2,80})\"|(?<!\w)'([^']{2,80})'(?!\w)")
BEHIND = re.compile(r"\s*[(（](?:18|19|20)\d{2}[)）]|\s+(?:[2-9]|II|III|IV|V|VI)\b")
"""The year in brackets or the number of a series."""
PIECE = re.compile(r"[^,;:.!?()\n]+")
LEAD = re.compile(rf"^(?:\W|(?:and|or|but|also|i|we|{LIKE}|{SEEN}|{DISLIKE}|something)\b)+", re.IGNORECASE)
TAIL = re.compile(r"\s+(?:is|was|were|are|did|though|too|please|but|so|-|–)\b.*$", re.IGNORECASE)
COMMON_CHINESE = frozenset(("我们", "他们", "你们", "自己", "朋友", "孩子", "英雄", "兄弟"))
"""Titles that are everyday words: believed in 《》 only."""
LONG_TITLE = 11
"""Characters of a title that may be found misspelled in the middle of a sentence without capitals."""
Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Words that name items, and where they stand."""

    start: int
    end: int
    mentions: tuple[str, ...]
    """Titles as written, or '#2' for the second item shown."""


@dataclass(frozen=True, slots=True)
class MentionFinder:
    """Finds mentions of one catalog's items."""

    catalog: Catalog
    lexicon: Lexicon

    def find(self, message: str, shown: Sequence[str] = ()) -> list[Found]:
        """Titles and references, in the order of the message."""
        titles = [Found(start, end, (text,)) for start, end, text in self._titles(message)]
        rest = blanked(message, [(title.start, title.end) for title in titles], "\x00")
        places = [Found(a, b, tuple(f"#{place}" for place in many)) for a, b, many in pointers(rest, len(shown))]
        return sorted((*titles, *places), key=lambda found: found.start)

    def believes(self, message: str, span: TitleSpan) -> bool:
        """Whether words that happen to be a title are meant as one."""
        words = normalize_title(span.text).split()
        if re.search(rf"[{UNSPACED}]", span.text):
            if span.text in COMMON_CHINESE or self.lexicon.names_value(span.text):
                return False
            return len(span.text) >= 3 or bool(re.search(r"[喜爱看过像似]|讨厌", message[: span.start][-4:]))
        if all(word in STOPWORDS or word.isdigit() for word in words):
            before = re.split(r"[.!?;。！？；]", message[: span.start])[-1][-14:]
            return bool(re.search(LIKE + "|" + SEEN, before, re.IGNORECASE)) and words != ["it"]
        # A theme or mood with a capital in the middle of a sentence is rather the title of the same name.
        is_value = any(not value.field.soft or span.text.islower() for value in self.lexicon.find(span.text))
        cue = rf"(?:{LIKE}|{SEEN}|{DISLIKE}|{QUESTION}|about)\W+(?:\w+\W+)?$"
        after_cue = bool(re.search(cue, message[: span.start], re.IGNORECASE))
        capitals = all(word[:1].isupper() or word.lower() in STOPWORDS for word in span.text.split())
        shouting = message.isupper() and len(message) > 12
        if capitals and not shouting:
            return len(words) > 1 or (not is_value and (after_cue or _stands_out(message, span)))
        if is_value and len(words) < 3:
            return False
        return after_cue if len(words) < 3 else True

    def _titles(self, message: str) -> Iterator[tuple[int, int, str]]:
        """Titles worth believing: quoted, capitalized, after a word such as 'like', or long enough."""
        taken: list[Stretch] = []
        for match in QUOTED.finditer(message):
            inner = next(group for group in match.groups() if group)
            if match.group().startswith("《") or self.catalog.find_title(inner, limit=1) or inner[:1].isupper():
                taken.append(match.span())
                yield *match.span(), inner.strip()
        for span in self.catalog.titles.spans(message):
            more = BEHIND.match(message, span.end)
            start, end = span.start, more.end() if more else span.end
            if is_free(taken, start, end) and self.believes(message, span):
                taken.append((start, end))
                yield start, end, message[start:end]
        for step in (self._listed, self._misspelled, self._long):
            for start, end in step(message, taken):
                taken.append((start, end))
                yield start, end, message[start:end]

    def _misspelled(self, message: str, taken: list[Stretch]) -> Iterator[Stretch]:
        """Capitalized words after 'like', 'loved' ... or beside a title in a list: a typo, or a title we lack."""
        # Twice: what is found first may be the neighbor in a list that makes the next one likely.
        for start, end in chain.from_iterable(self._capitalized(message, taken) for _ in range(2)):
            text = message[start:end]
            named = not self.lexicon.names_value(text) or (" " in text and self._is_title(text, SURE_TITLE))
            if named and normalize_title(text) not in STOPWORDS:
                yield start, end

    def _capitalized(self, message: str, taken: list[Stretch]) -> Iterator[Stretch]:
        """Runs of capitalized words that stand where a title would."""
        if message.isupper():
            return
        cue = rf"(?:{LIKE}|{SEEN}|{DISLIKE}|\babout|\bis|\bhave)\s+$"
        for match in re.finditer(NAME, blanked(message, taken, " ")):
            start, end = _trimmed(message, *match.span())
            if end - start < 2 or message[start:end].isupper():
                continue
            after_cue = re.search(cue, message[:start], re.IGNORECASE)
            listed = any(
                re.fullmatch(LISTED, message[end:a] if end <= a else message[b:start], re.IGNORECASE)
                for a, b in taken
                if end <= a or b <= start
            )
            likely = end - start > 5 and self._is_title(message[start:end], 0.88, whole=True)
            if after_cue or listed or likely:
                yield start, end

    def _listed(self, message: str, taken: list[Stretch]) -> Iterator[Stretch]:
        """'heat, seven, the usual suspects': whole pieces between commas that are titles, capitals or not."""
        pieces: list[tuple[int, int, bool]] = []
        for match in PIECE.finditer(message):
            text = match.group()
            start = match.start() + (lead.end() if (lead := LEAD.match(text)) else 0)
            text = TAIL.sub("", message[start : match.end()]).rstrip()
            end = start + len(text)
            if len(text) < 3 or not is_free(taken, start, end) or normalize_title(text) in STOPWORDS:
                continue
            near = len(text) > 6 and self._is_title(text, 0.9, whole=True)
            if (near or self.catalog.titles.exact(text)) and not self.lexicon.names_value(text):
                judged = bool(re.match(r"\s*[:?]|\s+(?:is|was)\b", message[end:]) or (lead and len(lead.group()) > 2))
                pieces.append((start, end, judged or " " in text))
        beside = r"[\s,]*(?:and|or)?\s*"
        neighbors = len(pieces) > 1 or any(re.fullmatch(beside, message[b:s]) for _, b in taken for s, _, _ in pieces)
        yield from [(start, end) for start, end, judged in pieces if judged or neighbors]

    def _long(self, message: str, taken: list[Stretch]) -> Iterator[Stretch]:
        """A long title inside a sentence, misspelled or not capitalized."""
        free = blanked(message, taken, " ").lower()
        if len(free.split()) < 2:
            return
        names = self.catalog.titles.long_names(LONG_TITLE)
        for name, score, _ in process.extract(free, names, scorer=fuzz.partial_ratio, score_cutoff=93, limit=3):
            place = fuzz.partial_ratio_alignment(name, free) if len(name) <= len(free) else None
            if place is None or (self.lexicon.names_value(name) and score < 100):
                continue
            start, end = _whole_words(free, place.dest_start, place.dest_end)
            if fuzz.ratio(name, normalize_title(free[start:end])) >= 90 and is_free(taken, start, end):
                yield start, end

    def _is_title(self, text: str, sure: float, *, whole: bool = False) -> bool:
        """Whether a title is like a text; `whole` allows typing errors only, no missing words."""
        longest = len(normalize_title(text)) + 2 if whole else math.inf
        found = self.catalog.find_title(text, limit=2 if whole else 1)
        return any(match.score >= sure and len(normalize_title(match.title)) <= longest for match in found)


def is_free(taken: Iterable[Stretch], start: int, end: int) -> bool:
    """Whether a stretch touches none of others."""
    return not any(a < end and start < b for a, b in taken)


def blanked(message: str, taken: Iterable[Stretch], blank: str) -> str:
    """The message with a blank for every character of some stretches."""
    for start, end in taken:
        message = message[:start] + blank * (end - start) + message[end:]
    return message


def _trimmed(message: str, start: int, end: int) -> Stretch:
    """A run of capitalized words without the function words that begin a sentence ('Is Scarface' -> 'Scarface')."""
    words = list(re.finditer(r"\S+", message[start:end]))
    while words and words[0].group().lower() in STOPWORDS - {"the", "a", "an"}:
        del words[0]
    while words and words[-1].group().lower() in STOPWORDS:
        del words[-1]
    return (start + words[0].start(), start + words[-1].end()) if words else (start, start)


def _stands_out(message: str, span: TitleSpan) -> bool:
    """Whether a capitalized word is more than the beginning of a sentence."""
    before = message[: span.start].strip()
    begins = not before or before[-1] in ".!?:"
    return not begins or len(message.split()) < 5 or bool(re.match(r"\W*(?:is|was|and)\b|,", message[span.end :]))


def _whole_words(text: str, start: int, end: int) -> Stretch:
    """The stretch widened to whole words."""
    words = [one.span() for one in re.finditer(r"[^\W_]+", text) if one.start() < end and start < one.end()]
    return (words[0][0], words[-1][1]) if words else (start, start)
