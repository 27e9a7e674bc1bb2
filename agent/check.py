"""Holds one sentence of prose against the list and its evidence.

A sentence may go out when every title in it is one that may be named, every value of the catalog in it (a person, a
genre, a theme) is a fact of an item it is about, every number, name and other word that could state a fact stands in
the facts of that item or, where the user is spoken to, in the user's own words, and nothing in it claims what no
evidence could show (prizes, money, rumors). What remains free are the words of `phrases.GLUE`.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from agent.common_words import GLUE, GLUE_CHINESE, STOPWORDS
from agent.lexicon import Lexicon, ValueSpan, stem, words_of
from agent.recommendation import Recommendation
from retrieval.items import Catalog, Item
from retrieval.titles import HAN, normalize_title

YEAR = re.compile(r"(?:18|19|20)\d{2}")
BACK = re.compile(r"\W*(?:it|its|he|she|they|their|this|that)\b|\W*[它这那该]", re.IGNORECASE)
"""A sentence that begins so goes on about the items named before."""
TO_USER = re.compile(r"\b(?:you|your|yours|you've|you'd)\b|你", re.IGNORECASE)
CHINESE = re.compile(rf"[{HAN}]+")
LEFT_OVER = 2
"""Chinese characters of a sentence that may remain unaccounted for."""
ECHO = 4
"""Words in a row that make a sentence an echo of the user's."""
ALL_OF = re.compile(r"\b(?:both|all|each|are)\b|都", re.IGNORECASE)
UNPROVABLE = re.compile(
    r"\b(?:oscars?|academy award|golden globe|emmy|award|awards|prize|prizes|nominat\w+|box office|blockbuster|budget|"
    r"sequel|prequel|remake|reboot|based on|true story|adapt\w+|inspired by|critics?|acclaim\w*|rotten|imdb|rated \d|"
    r"best-?sell\w+|record-?breaking|most (?:popular|famous|successful)|not recommend|don't recommend|"
    r"legendary|iconic)\b"
    r"|不推荐|不建议|奥斯卡|金像奖|获奖|提名|票房|续集|改编|翻拍|真实故事|豆瓣|影评",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence may go out, and why not."""

    ok: bool
    reason: str = ""
    named: frozenset[str] = frozenset()
    """The item ids that the sentence is about."""


@dataclass(frozen=True)
class Checker:
    """What one reply may say."""

    catalog: Catalog
    lexicon: Lexicon
    recommendations: Sequence[Recommendation]
    said: str = ""
    """The user's own words (of the whole conversation): repeating them to the user claims nothing."""
    mentionable: frozenset[str] = frozenset()
    """Item ids that may be named besides those on the list: what the user liked or asked about."""

    def check(self, sentence: str, *, before: frozenset[str] = frozenset()) -> Verdict:
        """Judge one sentence (without markup).

        Args:
            sentence: What would be shown.
            before: The item ids that the sentence before it was about: 'it' means one of those.
        """
        titles, rest = self._titles(sentence)
        if self._echoes(sentence, titles):
            return Verdict(False, "repeats the user's own words")
        if numbered := [title for title, _ in titles if _is_numbered(title, sentence)]:
            return Verdict(False, f"names a sequel of {numbered[0]!r}, which is not on the list")
        if foreign := [title for title, ids in titles if not ids & self._allowed_ids()]:
            return Verdict(False, f"names {foreign[0]!r}, which is not on the list")
        if (claim := UNPROVABLE.search(rest)) and claim.group().casefold() not in self._all_text():
            return Verdict(False, f"claims something without evidence: {claim.group()!r}")
        named = frozenset(item_id for _, ids in titles for item_id in ids & self._allowed_ids())
        if not named and BACK.match(rest):
            named = before
        checks = (self._values, self._numbers, self._words, self._chinese)
        problem = next((found for check in checks if (found := check(rest, named))), "")
        return Verdict(not problem, problem, named)

    def _echoes(self, sentence: str, titles: Sequence[tuple[str, set[str]]]) -> bool:
        """Whether a sentence, or what stands before its colon, is only what the user said."""
        said = f" {' '.join(words_of(self.said))} "
        for piece in (sentence, sentence.partition(":")[0]):
            words = words_of(piece)
            named = any(piece.strip() == title for title, _ in titles)
            if len(words) >= ECHO and not named and f" {' '.join(words)} " in said:
                return True
        return False

    def _values(self, rest: str, named: frozenset[str]) -> str:
        """What is wrong with the catalog's values in a sentence."""
        about = self._about(named)
        holds = all if len(named) > 1 and ALL_OF.search(rest) else any
        to_user = self._to_user(rest, named)
        said = self._said_words()
        for span in self.lexicon.find(rest):
            spoken = {stem(word) for word in words_of(span.words)}
            own = to_user and ((spoken and spoken <= said) or (not spoken and span.words in self.said))
            if not own and not holds(_has(item, span) for item in about):
                return f"says {span.words!r}, which no evidence shows"
        return ""

    def _numbers(self, rest: str, named: frozenset[str]) -> str:
        """What is wrong with the numbers: each stands in the facts and reasons of what it is said of."""
        about = self._about(named)
        known = self._fact_words(about) | (self._said_words() if self._to_user(rest, named) else frozenset())
        for number in re.findall(r"\d+(?:\.\d+)?", rest):
            counts = number.isdigit() and int(number) <= len(self.recommendations)
            if number not in known and not counts:
                return f"says {number}, which stands nowhere"
            if (
                YEAR.fullmatch(number)
                and named
                and number not in self.said
                and not any(_dates(one, number) for one in about)
            ):
                return f"says {number}, which is no fact of {about[0].title}"
        return ""

    def _words(self, rest: str, named: frozenset[str]) -> str:
        """What is wrong with names and the other words that could state a fact."""
        about = self._about(named)
        facts = self._fact_words(about)
        own = self._said_words() if self._to_user(rest, named) else frozenset()
        for name in _names(rest):
            # A name that only the user said may be a title that the catalog lacks; a person or theme of it is none.
            values = {stem(word) for span in self.lexicon.find(name) for word in words_of(span.words)}
            if not {stem(word) for word in words_of(name)} <= facts | values:
                return f"names {name!r}, which stands nowhere"
        for match in re.finditer(r"[a-z][a-z'’-]{2,}", rest.lower()):
            word = match.group().strip("'’-")
            if word not in GLUE and stem(word) not in GLUE and not _known(word, facts | own):
                return f"says {word!r}, which no evidence shows"
        return ""

    def _chinese(self, rest: str, named: frozenset[str]) -> str:
        """Chinese prose must be next to nothing when reasons, facts and everyday words are taken away."""
        known = [
            text
            for one in self.recommendations
            for text in (one.item.text, *(s.text for s in one.explanation.statements))
        ]
        schema = self.catalog.schema
        known += [schema.noun_in("zh"), schema.nouns_in("zh"), *schema.also_called]
        for item in self._about(named):
            for spec in self.catalog.schema.fields:
                known += [spec.value_in(value, "zh") for value in item.values.get(spec.name, ())]
                known.append(spec.label_in("zh"))
        pieces = {piece for text in known for piece in CHINESE.findall(text)} | GLUE_CHINESE
        if self._to_user(rest, named):
            pieces |= set(CHINESE.findall(self.said))
        left = "".join(CHINESE.findall(rest))
        for piece in sorted(pieces, key=len, reverse=True):
            left = left.replace(piece, "")
        return f"says {left[:12]!r}, which no evidence shows" if len(left) > LEFT_OVER else ""

    def _to_user(self, rest: str, named: frozenset[str]) -> bool:
        """Whether the sentence speaks of what the user said, not of an item."""
        return not named or bool(TO_USER.search(rest))

    def _about(self, named: frozenset[str]) -> list[Item]:
        """The items that a sentence is about: any on the list where it names none of them ('who liked X')."""
        items = [self.catalog.item(item_id) for item_id in sorted(named)]
        listed = {one.item.item_id for one in self.recommendations}
        return items if named & listed else [*items, *self._items()]

    def _said_words(self) -> frozenset[str]:
        return frozenset(stem(word) for word in words_of(self.said))

    def _fact_words(self, about: Sequence[Item]) -> frozenset[str]:
        """The words of some items' facts, descriptions and reasons, and of the titles that may be named."""
        ids = {item.item_id for item in about}
        schema = self.catalog.schema
        texts = [item.title for item in self._items()]
        texts += [*schema.noun.values(), *schema.nouns.values(), *schema.also_called]
        for item in about:
            texts += [item.label, item.text, *item.aka, *(f"{number:g}" for number in item.numbers.values())]
            for spec in self.catalog.schema.fields:
                for value in item.values.get(spec.name, ()):
                    texts += [value, spec.value_in(value, "zh"), spec.fact_in(value, "en"), spec.label_in("en")]
        for one in self.recommendations:
            if one.item.item_id in ids:
                texts += [one.explanation.text, *(statement.text for statement in one.explanation.statements)]
        return frozenset(stem(word) for text in texts for word in words_of(text))

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


def _is_numbered(title: str, sentence: str) -> bool:
    """Whether a number follows a title at once: 'Alien 9' is not Alien."""
    return bool(
        re.search(
            rf"(?<!\w){re.escape(title)}\s+(?:[2-9]|1\d|[IVX]{{2,4}})(?![\w%])(?!\s+(?:people|person|of)\b)", sentence
        )
    )


def _dates(item: Item, year: str) -> bool:
    """Whether a year stands in an item's facts or description."""
    return item.year == int(year) or year in item.text or year in item.title


def _known(word: str, known: Set[str]) -> bool:
    """Whether a word or another form of it is among the known ones ('directing' beside 'directed')."""
    if stem(word) in known or any(part and stem(part) in known for part in re.split(r"[-'’]", word)):
        return True
    root = re.sub(r"(?:ing|ed|er|ly|ion|al|s|y)$", "", word)
    return len(root) > 3 and any(other.startswith(root) and len(other) < len(root) + 5 for other in known)


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
