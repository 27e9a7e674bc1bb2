"""Titles in a message: quoted, capitalized, listed, misspelled; and 'the second one', 'the one with Bogart'."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz, process

from agent.common_words import STOPWORDS
from agent.lexicon import Lexicon, stem, words_of
from agent.linking import SURE, references
from agent.phrases import DISLIKE, LIKE, QUESTION, SEEN
from agent.reading import Mention
from retrieval.items import Catalog
from retrieval.titles import HAN, UNSPACED, TitleMatch, TitleSpan, normalize_title

NAME = r"(?<![\w'’])[A-Z][\w'’-]*(?:(?:\s+|:\s+)(?:(?:of|the|and|in|a|to|for|on|with|&)\s+)*[A-Z0-9][\w'’-]*){0,6}"
LISTED = r"\s*(?:,|and|or|&|,\s*and)\s*(?:the\s+)?"
QUOTED = re.compile(r"《([^》]{1,80})》|“([^”]{2,80})”|\"([^\"]{2,80})\"|(?<!\w)'([^']{2,80})'(?!\w)")
PIECE = re.compile(r"[^,;:.!?()\n]+")
LEAD = re.compile(
    rf"^(?:\W|(?:and|or|but|also|i|we|{LIKE}|{SEEN}|{DISLIKE}|something)\b)+",
    re.IGNORECASE,
)
TAIL = re.compile(r"\s+(?:is|was|were|are|did|though|too|please|but|so|-|–)\b.*$", re.IGNORECASE)
COMMON_CHINESE = frozenset(("我们", "他们", "你们", "自己", "朋友", "孩子", "英雄", "兄弟"))
"""Titles that are everyday words: believed in 《》 only."""
LONG_TITLE = 11
"""Characters of a title that may be found misspelled in the middle of a sentence without capitals."""
DESCRIBED = re.compile(
    r"\b(?:the|that|this) ([\w'’-]+(?: [\w'’-]+)?) (?:one|thing)\b"
    r"|\bthe one (?:with|by|from|about|of|set in) ([\w'’ -]{3,40})"
    rf"|([{HAN}]{{2,6}})(?:演|拍|导演)?(?:的)?那[部个本]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A mention and where it stands."""

    start: int
    end: int
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class MentionFinder:
    """Finds mentions of one catalog's items."""

    catalog: Catalog
    lexicon: Lexicon

    def find(self, message: str, shown: Sequence[str] = ()) -> list[Found]:
        """Titles and references, in the order of the message."""
        titles = list(self._titles(message))
        refs = [Found(*one) for one in references(_blank(message, titles), shown)]
        taken = [*titles, *refs]
        refs += list(self._described(_blank(message, taken), shown))
        return sorted((*titles, *refs), key=lambda one: one.start)

    def _titles(self, message: str) -> Iterator[Found]:
        """Titles worth believing: quoted, capitalized, after a word such as 'like', or long enough."""
        taken: list[tuple[int, int]] = []
        for match in QUOTED.finditer(message):
            inner = next(group for group in match.groups() if group)
            if match.group().startswith("《") or self.catalog.find_title(inner, limit=1) or inner[:1].isupper():
                taken.append(match.span())
                yield Found(*match.span(), (Mention(inner.strip(), certain=True),))
        for span in self.catalog.titles.spans(message):
            start, end, text = _with_year(message, span)
            if not any(a < end and start < b for a, b in taken) and self.believes(message, span):
                taken.append((start, end))
                yield Found(start, end, (Mention(text, certain=True),))
        yield from self._listed(message, taken)
        yield from self._misspelled(message, taken)
        yield from self._long(message, taken)

    def believes(self, message: str, span: TitleSpan) -> bool:
        """Whether words that happen to be a title are meant as one."""
        words = normalize_title(span.text).split()
        if re.search(rf"[{UNSPACED}]", span.text):
            if span.text in COMMON_CHINESE or any(True for _ in self.lexicon.find(span.text)):
                return False
            return len(span.text) >= 3 or bool(re.search(r"[喜爱看过像似]|讨厌", message[: span.start][-4:]))
        if all(word in STOPWORDS or word.isdigit() for word in words):
            before = re.split(r"[.!?;。！？；]", message[: span.start])[-1][-14:]
            return bool(re.search(LIKE + "|" + SEEN, before, re.IGNORECASE)) and words != ["it"]
        # A theme or mood with a capital in the middle of a sentence is rather the title of the same name.
        is_value = any(not one.field.soft or span.text.islower() for one in self.lexicon.find(span.text))
        cue = rf"(?:{LIKE}|{SEEN}|{DISLIKE}|{QUESTION}|about)\W+(?:\w+\W+)?$"
        after_cue = bool(re.search(cue, message[: span.start], re.IGNORECASE))
        capitals = all(word[:1].isupper() or word.lower() in STOPWORDS for word in span.text.split())
        shouting = message.isupper() and len(message) > 12
        if capitals and not shouting:
            return len(words) > 1 or (not is_value and (after_cue or _stands_out(message, span)))
        if is_value and len(words) < 3:
            return False
        return after_cue if len(words) < 3 else True

    def _misspelled(self, message: str, taken: list[tuple[int, int]]) -> Iterator[Found]:
        """Capitalized words after 'like', 'loved' ... or beside a title in a list: a typo, or a title we lack."""
        # Twice: what is found first may be the neighbor in a list that makes the next one likely.
        for start, end in chain.from_iterable(self._capitalized(message, taken) for _ in range(2)):
            text = message[start:end]
            names_value = any(True for _ in self.lexicon.find(text))
            if normalize_title(text) in STOPWORDS or len(text) < 2:
                continue
            if names_value and (" " not in text or not self._near(text)):
                continue
            taken.append((start, end))
            yield Found(start, start + len(text), (Mention(text, certain=True),))

    def _capitalized(self, message: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Runs of capitalized words that stand where a title would."""
        if message.isupper():
            return
        cue = rf"(?:{LIKE}|{SEEN}|{DISLIKE}|\babout|\bis|\bhave)\s+$"
        free = "".join(" " if any(a <= at < b for a, b in taken) else char for at, char in enumerate(message))
        for match in re.finditer(NAME, free):
            start, end = _trimmed(message, *match.span())
            if end - start < 2 or message[start:end].isupper():
                continue
            after_cue = re.search(cue, message[:start], re.IGNORECASE)
            listed = any(
                re.fullmatch(LISTED, message[end:a] if end <= a else message[b:start], re.IGNORECASE)
                for a, b in taken
                if end <= a or b <= start
            )
            likely = end - start > 5 and any(one.score >= 0.88 for one in self._close(message[start:end]))
            if after_cue or listed or likely:
                yield start, end

    def _listed(self, message: str, taken: list[tuple[int, int]]) -> Iterator[Found]:
        """'heat, seven, the usual suspects': whole pieces between commas that are titles, capitals or not."""
        pieces: list[tuple[int, int, bool]] = []
        for match in PIECE.finditer(message):
            text = match.group()
            start = match.start() + (lead.end() if (lead := LEAD.match(text)) else 0)
            text = TAIL.sub("", message[start : match.end()]).rstrip()
            end = start + len(text)
            if len(text) < 3 or any(a < end and start < b for a, b in taken) or normalize_title(text) in STOPWORDS:
                continue
            exact = bool(self.catalog.titles.exact(text))
            near = len(text) > 6 and any(one.score >= 0.9 for one in self._close(text))
            if (exact or near) and not any(True for _ in self.lexicon.find(text)):
                judged = bool(re.match(r"\s*[:?]|\s+(?:is|was)\b", message[end:]) or (lead and len(lead.group()) > 2))
                pieces.append((start, end, judged or " " in text))
        neighbors = len(pieces) > 1 or any(
            re.fullmatch(r"[\s,]*(?:and|or)?\s*", message[b:s]) for _, b in taken for s, _, _ in pieces
        )
        for start, end, judged in pieces:
            if judged or neighbors:
                taken.append((start, end))
                yield Found(start, end, (Mention(message[start:end], certain=True),))

    def _long(self, message: str, taken: list[tuple[int, int]]) -> Iterator[Found]:
        """A long title inside a sentence, misspelled or not capitalized."""
        free = "".join(" " if any(a <= at < b for a, b in taken) else char for at, char in enumerate(message)).lower()
        if len(free.split()) < 2:
            return
        names = self.catalog.titles.long_names(LONG_TITLE)
        for name, score, _ in process.extract(free, names, scorer=fuzz.partial_ratio, score_cutoff=93, limit=3):
            if len(name) > len(free):
                continue
            place = fuzz.partial_ratio_alignment(name, free)
            if place is None or (any(True for _ in self.lexicon.find(name)) and score < 100):
                continue
            start, end = _whole_words(free, place.dest_start, place.dest_end)
            close = fuzz.ratio(name, normalize_title(free[start:end])) >= 90
            if close and not any(a < end and start < b for a, b in taken):
                taken.append((start, end))
                yield Found(start, end, (Mention(message[start:end], certain=True),))

    def _close(self, text: str) -> list[TitleMatch]:
        """Titles that differ by typing errors only, not by missing words."""
        found = self.catalog.find_title(text, limit=2)
        return [one for one in found if len(normalize_title(one.title)) <= len(normalize_title(text)) + 2]

    def _near(self, text: str) -> bool:
        return any(one.score >= SURE for one in self.catalog.find_title(text, limit=1))

    def may_be_title(self, text: str) -> bool:
        """Whether words that a model took for a title are one, or at least no value of the catalog."""
        return bool(self.catalog.titles.exact(text)) or not any(True for _ in self.lexicon.find(text))

    def _described(self, message: str, shown: Sequence[str]) -> Iterator[Found]:
        """'The one with Bogart', 'that octopus thing': the one shown item that the words fit."""
        for match in DESCRIBED.finditer(message):
            words = next(group for group in match.groups() if group)
            fitting = [place for place, item_id in enumerate(shown, 1) if self._fits(item_id, words)]
            if len(fitting) == 1:
                yield Found(*match.span(), (Mention(f"#{fitting[0]}", certain=True),))

    def _fits(self, item_id: str, words: str) -> bool:
        item = self.catalog.item(item_id)
        texts = [item.title, item.text, *item.aka, *(value for values in item.values.values() for value in values)]
        if re.search(rf"[{HAN}]", words):
            return any(words in text for text in texts)
        said = {stem(word) for word in words_of(words)} - STOPWORDS
        known = {stem(part) for text in texts for word in words_of(text) for part in (word, *word.split("-"))}
        return bool(said) and said <= known


def _trimmed(message: str, start: int, end: int) -> tuple[int, int]:
    """A run of capitalized words without the function words that begin a sentence ('Is Scarface' -> 'Scarface')."""
    words = list(re.finditer(r"\S+", message[start:end]))
    while words and words[0].group().lower() in STOPWORDS - {"the", "a", "an"}:
        words = words[1:]
    while words and words[-1].group().lower() in STOPWORDS:
        words = words[:-1]
    return (start + words[0].start(), start + words[-1].end()) if words else (start, start)


def _stands_out(message: str, span: TitleSpan) -> bool:
    """Whether a capitalized word is more than the beginning of a sentence."""
    before = message[: span.start].strip()
    begins = not before or before[-1] in ".!?:"
    return not begins or len(message.split()) < 5 or bool(re.match(r"\W*(?:is|was|and)\b|,", message[span.end :]))


def _with_year(message: str, span: TitleSpan) -> tuple[int, int, str]:
    """The title with the year in brackets or the number of a series behind it, if there is one."""
    match = re.match(r"\s*[(（]((?:18|19|20)\d{2})[)）]|\s+(?:[2-9]|II|III|IV|V|VI)\b", message[span.end :])
    end = span.end + (match.end() if match else 0)
    return span.start, end, message[span.start : end]


def _blank(message: str, found: Sequence[Found]) -> str:
    for one in found:
        message = message[: one.start] + "\x00" * (one.end - one.start) + message[one.end :]
    return message


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch widened to whole words."""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return start, end
