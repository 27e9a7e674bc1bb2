"""Holds prose against the list and its evidence, sentence by sentence, while it streams.

A sentence may go out when every title in it is one that may be named, every value of the catalog in it (a person, a
genre, a theme) is a fact of an item it can be about, every name and number in it stands in the facts or in the user's
own words, and no word in it claims what no evidence could show (prizes, money, rumors).
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from agent.lexicon import Lexicon, ValueSpan, stem, words_of
from agent.phrases import STOPWORDS
from agent.recommendation import Recommendation
from retrieval.items import Catalog, Item
from retrieval.titles import normalize_title

ENDINGS = re.compile(r"(?<=[.!?。！？\n])(?:[\"”’』」)]*)(?:\s+|(?<=[。！？\n])|$)")
ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|Jr|Sr|No|Vol)\.|\b[A-Z]\.)$")
UNPROVABLE = re.compile(
    r"\b(?:oscars?|academy award|golden globe|emmy|award|awards|prize|prizes|nominat\w+|box office|blockbuster|budget|"
    r"sequel|prequel|remake|reboot|based on|true story|adapt\w+|inspired by|critics?|acclaim\w*|rotten|imdb|rated \d|"
    r"best-?sell\w+|record-?breaking|most (?:popular|famous|successful)|legendary|iconic)\b"
    r"|奥斯卡|金像奖|获奖|提名|票房|续集|改编|翻拍|真实故事|豆瓣|影评",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?:18|19|20)\d{2}")
MARKUP = re.compile(r"[*_`#]|\[([^\]]*)\]\([^)]*\)|https?://\S+|<[^>]{0,200}>")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence may go out, and why not."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class Checker:
    """What one reply may say."""

    catalog: Catalog
    lexicon: Lexicon
    recommendations: Sequence[Recommendation]
    said: str = ""
    """The user's own words (of the whole conversation): repeating them claims nothing."""
    mentionable: frozenset[str] = frozenset()
    """Item ids that may be named besides those on the list: what the user liked or asked about."""
    facts: frozenset[str] = field(init=False)
    """The words that names may be made of."""

    def __post_init__(self) -> None:
        """Collect the words of the items and their evidence."""
        texts: list[str] = []
        for one in self.recommendations:
            texts += [one.item.label, one.item.text, one.explanation.text]
            texts += [statement.text for statement in one.explanation.statements]
        for item in self._items():
            texts += [item.label, item.text, *item.aka, *(value for values in item.values.values() for value in values)]
            texts += [spec.value_in(value, language) for spec in self.catalog.schema.fields
                      for value in item.values.get(spec.name, ()) for language in ("en", "zh")]  # fmt: skip
            texts += [f"{number:g}" for number in item.numbers.values()]
        object.__setattr__(self, "facts", frozenset(stem(word) for text in texts for word in words_of(text)))

    def check(self, sentence: str) -> Verdict:
        """Judge one sentence (without markup)."""
        titles, rest = self._titles(sentence)
        if foreign := [title for title, ids in titles if not ids & self._allowed_ids()]:
            return Verdict(False, f"names {foreign[0]!r}, which is not on the list")
        if (claim := UNPROVABLE.search(rest)) and claim.group().casefold() not in self._all_text():
            return Verdict(False, f"claims something without evidence: {claim.group()!r}")
        named = {item_id for _, ids in titles for item_id in ids & self._allowed_ids()}
        return self._facts(rest, named)

    def _facts(self, rest: str, named: set[str]) -> Verdict:
        about = [self.catalog.item(item_id) for item_id in named] or list(self._items())
        to_user = not named or re.search(r"\byou(?:r|'ve|'d)?\b|你", rest, re.IGNORECASE)
        said = {stem(word) for word in words_of(self.said)} if to_user else set()
        holds = all if len(named) > 1 and re.search(r"\b(?:both|all|each|are)\b|都", rest, re.IGNORECASE) else any
        for span in self.lexicon.find(rest):
            spoken = {stem(word) for word in words_of(span.words)}
            own = (spoken and spoken <= said) or (to_user and not spoken and span.words in self.said)
            if not own and not holds(_has(item, span) for item in about):
                return Verdict(False, f"says {span.words!r}, which no evidence shows")
        known = self.facts | {stem(word) for word in words_of(self.said)}
        for number in re.findall(r"\d+(?:\.\d+)?", rest):
            if number not in known and not (number.isdigit() and int(number) <= len(self.recommendations)):
                return Verdict(False, f"says {number}, which stands nowhere")
            if (
                YEAR.fullmatch(number)
                and named
                and number not in self.said
                and not any(_dates(one, number) for one in about)
            ):
                return Verdict(False, f"says {number}, which is no fact of {about[0].title}")
        for name in _names(rest):
            # A name that only the user said may be a title that the catalog lacks; a person or theme of it is none.
            words = {stem(word) for word in words_of(name)}
            values = {stem(word) for span in self.lexicon.find(name) for word in words_of(span.words)}
            if not words <= self.facts | values:
                return Verdict(False, f"names {name!r}, which stands nowhere")
        return Verdict(True)

    def _titles(self, sentence: str) -> tuple[list[tuple[str, set[str]]], str]:
        """The titles in a sentence (quoted ones even if no item has them), and the sentence without them."""
        found: list[tuple[str, set[str]]] = []
        rest = sentence
        own = [(name, item) for item in self._items() for name in (item.title, *item.aka) if name]
        for title, item in sorted(own, key=lambda one: -len(one[0])):
            pattern = re.compile(rf"(?<!\w){re.escape(title)}(?!\w)(?:\s*[(（]{item.year or ''}[)）])?")
            if pattern.search(rest):
                found.append((title, {item.item_id}))
                rest = pattern.sub(" ", rest)
        for match in re.finditer(r"《([^》]*)》|“([^”]{2,60})”|\"([^\"]{2,60})\"", rest):
            text = next(group for group in match.groups() if group is not None)
            if text.strip() and (match.group().startswith("《") or text.strip() not in self.said):
                found.append((text, {one.item_id for one in self.catalog.titles.exact(text)}))
        rest = re.sub(r"《[^》]*》", " ", rest)
        for span in self.catalog.titles.spans(rest):
            words = normalize_title(span.text).split()
            capitals = all(word[:1].isupper() or word in STOPWORDS for word in span.text.split())
            if len(words) > 1 and capitals and span.text[:1].isupper() and not all(word in STOPWORDS for word in words):
                ids = {one.item_id for one in span.matches}
                if not any(True for _ in self.lexicon.find(span.text)):
                    found.append((span.text, ids))
        return found, rest

    def _allowed_ids(self) -> set[str]:
        listed = {one.item.item_id for one in self.recommendations} | set(self.mentionable)
        return {double for item_id in listed for double in self.catalog.double_of(item_id)}

    def _items(self) -> Iterable[Item]:
        yield from (one.item for one in self.recommendations)
        yield from (self.catalog.item(one) for one in self.mentionable if one in self.catalog)

    def _all_text(self) -> str:
        values = (value for item in self._items() for many in item.values.values() for value in many)
        return " ".join([self.said, *(item.text for item in self._items()), *values]).casefold()


def _has(item: Item, span: ValueSpan) -> bool:
    """Whether a value is a fact of an item, or its words stand in the description."""
    return span.value in item.values.get(span.field.name, ()) or span.words.casefold() in item.text.casefold()


def _dates(item: Item, year: str) -> bool:
    """Whether a year stands in an item's facts or description."""
    return item.year == int(year) or year in item.text or year in item.title


def _names(text: str) -> list[str]:
    """Runs of capitalized words that do not merely begin a sentence."""
    names = []
    for match in re.finditer(r"[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)*", text):
        words = match.group().split()
        begins = not text[: match.start()].strip(" \"“”'(-–—:")
        if begins:
            words = words[1:]
        kept = [
            word for word in words if word.lower() not in STOPWORDS and word.split("'")[0].split("’")[0] not in PRONOUNS
        ]
        if kept:
            names.append(" ".join(kept))
    return names


PRONOUNS = frozenset(("I", "You", "It", "If", "And", "But", "They", "He", "She", "We", "Both", "Also", "Another"))


def plain(text: str) -> str:
    """Prose without markup, links and tags: it is shown as text."""
    return MARKUP.sub(lambda match: match.group(1) or "", text)


def sentences(buffer: str, *, final: bool = False) -> tuple[list[str], str]:
    """Cut the finished sentences off a buffer.

    Returns:
        The finished sentences with their trailing space, and what is left.
    """
    done: list[str] = []
    start = 0
    for match in ENDINGS.finditer(buffer):
        piece = buffer[start : match.end()]
        if not piece.strip() or ABBREVIATION.search(piece.rstrip()):
            continue
        if match.end() == len(buffer) and not final and not re.search(r"[。！？\n]\s*$", piece):
            break
        done.append(piece)
        start = match.end()
    rest = buffer[start:]
    if final and rest.strip():
        done.append(rest)
        rest = ""
    return done, rest


async def checked(
    pieces: AsyncIterator[str], checker: Checker, dropped: list[str], *, whole: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    """Let through the sentences that hold.

    Args:
        pieces: The stream.
        checker: Judges.
        dropped: Gets the reasons of the sentences that do not hold.
        whole: Asked at the end: whether the last sentence was finished, though no full stop ends it.
    """
    said: set[str] = set()
    async for sentence in _cut(pieces, whole):
        text = _passed(sentence, checker, dropped)
        if text and (key := " ".join(words_of(text)) or text) not in said:
            said.add(key)
            yield text


async def _cut(pieces: AsyncIterator[str], whole: Callable[[], bool]) -> AsyncIterator[str]:
    """Whole sentences of a stream."""
    buffer = ""
    async for piece in pieces:
        buffer += piece
        done, buffer = sentences(buffer)
        for sentence in done:
            yield sentence
    for sentence in sentences(buffer, final=True)[0]:
        if whole() or re.search(r"[.!?。！？][\"”’』」)]*\s*$", sentence):
            yield sentence


def _passed(sentence: str, checker: Checker, dropped: list[str]) -> str:
    text = plain(sentence)
    if not text.strip():
        return ""
    verdict = checker.check(text)
    if not verdict.ok:
        dropped.append(verdict.reason)
        return ""
    return text if text[-1].isspace() or text[-1] in "。！？" else f"{text} "
