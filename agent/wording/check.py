"""Holds one sentence of prose against the ledger of a turn.

A sentence may go out when every title in it is an item that the turn may name, every person and every value of the
catalog that it states of an item is a fact of it, every number and every other name stands in the facts, in what was
looked up or in the user's own words, and nothing in it claims what no field could show. Other words are free.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from babel import Locale

from agent.wording.claims import UNPROVABLE
from agent.wording.instructions import repeats_instructions
from agent.wording.ledger import Ledger, numbers_in
from agent.wording.messages import language_of
from agent.wording.spotting import WORD, Spot, TitleFinder, blanked
from retrieval.items import Item
from retrieval.schema import FieldSpec
from retrieval.titles import HAN, LETTER, UNSPACED
from retrieval.untrusted import has_address
from tools.placing import fold

__all__ = ["Checker", "TitleFinder", "Verdict"]

ECHO = 4
"""Words in a row that make a sentence an echo of the user's."""
YEAR = re.compile(r"(?:18|19|20)\d{2}")
DECADE = re.compile(r"(?<!\d)(\d{3}0|\d0)\s?(?:['’]?s\b|er\b|年代|년대)")
DECADE_BEFORE = re.compile(r"(?:années|años|anos)\s+(\d{3}0|\d0)\b", re.IGNORECASE)
ROLE_BEFORE, ROLE_AFTER = 20, 6
"""Characters beside a name within which a word for a field says which field is meant."""
SEQUEL = re.compile(
    r"\s+(?:[2-9]|1\d|[IVX]{2,4})(?![\w%])(?!\s*(?:people|persons?|of|personas?|personnes?|Leuten?|Personen|pessoas?|位|人|명))"
)
"""A number right after a title, which makes it another one."""
SCRIPTS = (("ko", re.compile("[\uac00-\ud7af]")), ("ja", re.compile("[\u3040-\u30ff]")), ("zh", re.compile(f"[{HAN}]")))
ALL_OF = re.compile(
    r"\b(?:both|all|each|beide|alle|ambos|ambas|tod[oa]s|tous|toutes|les deux)\b|都|どちらも|どれも|両方|둘 다|모두",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(?:not|no|never|nor|none|without|sin|ni|nunca|pas|sans|aucune?|jamais|nicht|kein\w*|ohne|nie|não|sem|nem|nada)\b"
    r"|n['’]t\b|不|没|無|无|非|ない|ません|なし|아니|아닌|않|없",
    re.IGNORECASE,
)
ONLY = re.compile(
    r"\b(?:not (?:only|just|merely)|nicht nur|no s[oó]lo|pas seulement|não (?:só|apenas))\b|不仅|不只|だけでなく|뿐만",
    re.IGNORECASE,
)
FOREIGN_NAME = re.compile(rf"[\u30a0-\u30ff]+・[\u30a0-\u30ff・]+|[{HAN}]+·[{HAN}·]+")
CAPITAL_WORD = rf"[^\W\d_{UNSPACED}a-zß-öø-ÿ](?:{LETTER}|['’.-])*"
CAPITALS = re.compile(rf"(?<!\w){CAPITAL_WORD}(?:\s+{CAPITAL_WORD})*")
BEGINNING = " \t\"“”„'‘’«»¿¡(（-–—:：;；,.…\0"
NOUN_CAPITALS = frozenset(("de",))
"""Languages that begin every noun with a capital: there only several such words in a row are a name."""


BACK = re.compile(
    r"\W*(?:(?:it|its|this|that|he|she|il|elle|er|sie|es|ella|él|ele|ela)\b|[它这那该他她]|それ|これ|그)", re.IGNORECASE
)
"""How a sentence begins that goes on about one item."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence may go out, and why not."""

    ok: bool
    reason: str = ""
    named: frozenset[str] = frozenset()
    """The item ids that the sentence is about."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence without its titles, and what it is about."""

    text: str
    """Titles are blanked out."""
    values: tuple[Spot, ...]
    named: frozenset[str]
    about: tuple[Item, ...]
    """The items that its facts are facts of; where it names none, those on screen, or all that may be named."""
    is_strict: bool
    """Whether it is about certain items: it names them, or goes on about those before."""
    language: str


@dataclass(frozen=True)
class Checker:
    """What one reply may say."""

    finder: TitleFinder
    ledger: Ledger
    _words: dict[str, frozenset[str]] = field(default_factory=dict)
    """What was worked out already, by what it is of."""

    def check(self, sentence: str, *, before: frozenset[str] = frozenset(), may_echo: bool = False) -> Verdict:
        """Judge one sentence (without markup).

        Args:
            sentence: What would be shown.
            before: The item ids that the sentence before it was about: a sentence that names none goes on about them.
            may_echo: Whether it may be the user's own words, as the name of a place or an answer to click may.
        """
        if not may_echo and self._echoes(sentence):
            return Verdict(False, "repeats the user's own words")
        if repeats_instructions(sentence):
            return Verdict(False, "repeats the model's instructions")
        allowed = self._allowed()
        quoted = list(self.finder.quoted(sentence))
        outside = blanked(sentence, (spot for spot in quoted if spot.item_ids))
        titles = [spot for spot in self.finder.titles(outside, allowed) if not self._is_person(spot)]
        for spot in (*quoted, *titles):
            if problem := self._title_problem(spot, sentence, allowed, is_quoted=spot in quoted):
                return Verdict(False, problem)
        named = frozenset(item_id for spot in (*quoted, *titles) for item_id in spot.item_ids & allowed)
        parsed = self._parsed(blanked(outside, titles), named, before)
        checks: Sequence[Callable[[_Sentence], str]] = (
            self._addresses,
            self._claims,
            self._values,
            self._numbers,
            self._names,
        )
        problem = next((found for check in checks if (found := check(parsed))), "")
        return Verdict(not problem, problem, named or (before if parsed.is_strict else frozenset()))

    def _parsed(self, text: str, named: frozenset[str], before: frozenset[str]) -> _Sentence:
        goes_on = before & self._allowed()
        # a sentence that names no item goes on about the one before ('It ...'), or speaks of 'the last two'
        spoken_of = goes_on if goes_on and BACK.match(text) else goes_on | frozenset(self.ledger.on_screen)
        ids = named or spoken_of or self.ledger.item_ids
        about = tuple(self.finder.catalog.item(item_id) for item_id in sorted(ids))
        language = self._language_of(text)
        values = tuple(self.finder.values(text, language))
        return _Sentence(text, values, named, about, is_strict=bool(named or before), language=language)

    def _language_of(self, text: str) -> str:
        """The language whose names count: that of the turn, unless the script is another one's."""
        written = next((language for language, letters in SCRIPTS if letters.search(text)), "")
        own = language_of(self.ledger.language)
        return own if not written or (written, own) == ("zh", "ja") else written

    # Titles ------------------------------------------------------------------------------------------------------

    def _title_problem(self, spot: Spot, sentence: str, allowed: frozenset[str], *, is_quoted: bool) -> str:
        """What is wrong with a title or a quotation."""
        if spot.item_ids:
            if not spot.item_ids & allowed:
                return f"names {spot.words!r}, which nothing of this turn shows"
            if not is_quoted and SEQUEL.match(sentence[spot.end :]):
                return f"names a sequel of {spot.words!r}, which nothing of this turn shows"
            return ""
        if not is_quoted or self._is_said(spot.words) or fold(spot.words) in self._ledger_texts():
            return ""
        return (
            "" if any(True for _ in self.finder.values(spot.words, self.ledger.language)) else f"quotes {spot.words!r}"
        )

    def _is_person(self, spot: Spot) -> bool:
        """Whether a title is the name of somebody whom the ledger knows, rather than an item that may not be named."""
        if spot.item_ids & self._allowed():
            return False
        found = list(self.finder.values(spot.words, self.ledger.language))
        return len(found) == 1 and found[0].words == spot.words and self._holds_any(found[0])

    def _holds_any(self, spot: Spot) -> bool:
        items = (self.finder.catalog.item(item_id) for item_id in self.ledger.item_ids)
        return bool(spot.facts & self.ledger.values) or any(_has(item, spot) for item in items)

    def listed(self, text: str) -> tuple[str, ...]:
        """The items that a text names, in its order: '#2' means the second of them from now on."""
        allowed = self._allowed()
        spots = [*self.finder.quoted(text), *self.finder.titles(text, allowed)]
        found = (sorted(spot.item_ids & allowed) for spot in sorted(spots, key=lambda spot: spot.start))
        return tuple(dict.fromkeys(ids[0] for ids in found if ids))

    def _allowed(self) -> frozenset[str]:
        double_of = self.finder.catalog.double_of
        return frozenset(double for item_id in self.ledger.item_ids for double in double_of(item_id))

    # Values ------------------------------------------------------------------------------------------------------

    def _values(self, sentence: _Sentence) -> str:
        """What is wrong with the people and other values in a sentence."""
        holds = all if len(sentence.named) > 1 and ALL_OF.search(sentence.text) else any
        for spot in sentence.values:
            if all(self._spec(name).soft for name, _ in spot.facts):
                continue  # 'a quest', 'football': words of every day; no field lists all that an item is about
            is_person = any(self._spec(name).people for name, _ in spot.facts)
            spot = self._of_role(spot, sentence.text) if is_person else spot
            if holds(_has(item, spot) for item in sentence.about) and sentence.about:
                continue
            if is_person and spot.facts & self.ledger.values:
                continue
            if not sentence.named and (spot.facts & self.ledger.values or self._is_said(spot.words)):
                continue
            if not is_person and not sentence.is_strict:
                continue
            if sentence.is_strict and _is_denied(spot, sentence.text):
                continue
            return f"says {spot.words!r}, which no evidence shows"
        return ""

    def _of_role(self, spot: Spot, text: str) -> Spot:
        """The name as a value of the one field that the words beside it speak of: 'directed by', 'starring'."""
        before = text[max(0, spot.start - ROLE_BEFORE) : spot.start].casefold()
        after = text[spot.end : spot.end + ROLE_AFTER].casefold()
        roles = [spec for spec in self.finder.catalog.schema.fields if spec.people]
        spoken = [
            spec for spec in roles if any(word in before or _follows(word, after) for word in self._role_words(spec))
        ]
        if len(spoken) != 1:
            return spot
        value = next(value for _, value in spot.facts)
        return Spot(spot.start, spot.end, spot.words, facts=frozenset(((spoken[0].name, value),)))

    def _role_words(self, spec: FieldSpec) -> Iterable[str]:
        own = [
            spec.label_in(self.ledger.language),
            spec.fact.get(self.ledger.language, "").replace("{value}", "").strip(),
        ]
        return [word.casefold() for word in (*spec.words, *own) if len(word) > (1 if not word.isascii() else 4)]

    def _spec(self, name: str) -> FieldSpec:
        return self.finder.catalog.schema.field(name)

    # Numbers, names, claims --------------------------------------------------------------------------------------

    def _numbers(self, sentence: _Sentence) -> str:
        """What is wrong with the numbers: each is a fact of what it is said of, or was counted or asked for."""
        text = sentence.text
        about = sentence.about
        if not sentence.named & set(self.ledger.on_screen):  # 'of those who liked X' is said of what is on screen
            about += tuple(self.finder.catalog.item(item_id) for item_id in self.ledger.on_screen)
        facts = {number for item in about for number in self._item_numbers(item)}
        asked = self.ledger.numbers | set(numbers_in(self.ledger.said))
        for pattern in (DECADE, DECADE_BEFORE):
            for match in pattern.finditer(text):
                if not _is_decade_of(match.group(1), facts | asked):
                    return f"says {match.group().strip()!r}, which stands nowhere"
            text = pattern.sub(" ", text)
        for number in numbers_in(text):
            counts = number.isdigit() and int(number) <= max(len(self.ledger.on_screen), len(sentence.named))
            plain = number.replace(",", ".")
            if {number, plain} & (facts | asked) or (counts and not YEAR.fullmatch(number)):
                continue
            return f"says {number}, which stands nowhere"
        return ""

    def _item_numbers(self, item: Item) -> frozenset[str]:
        key = f"numbers {item.item_id}"
        if key not in self._words:
            texts = (item.title, item.text, *self.ledger.texts.get(item.item_id, ()))
            values = (value for held in item.values.values() for value in held)
            own = {f"{number:.15g}" for number in item.numbers.values()}
            self._words[key] = frozenset(own | {number for text in (*texts, *values) for number in numbers_in(text)})
        return self._words[key]

    def _names(self, sentence: _Sentence) -> str:
        """What is wrong with other names: each stands in the facts of what the sentence is about, or was said."""
        known = self._words_of_all(sentence.about)
        rest = blanked(sentence.text, sentence.values)
        for words in _capitalized(rest, sentence.language):
            if not all(_known(word, known) for word in words):
                return f"names {' '.join(words)!r}, which stands nowhere"
        for match in FOREIGN_NAME.finditer(rest):
            texts = (*(item.text for item in sentence.about), *(name for item in sentence.about for name in item.aka))
            if match.group() not in self.ledger.said and not any(match.group() in text for text in texts):
                return f"names {match.group()!r}, which stands nowhere"
        return ""

    def _addresses(self, sentence: _Sentence) -> str:
        """An address outside a title: nothing here sends people elsewhere."""
        return "names an address" if has_address(sentence.text) else ""

    def _claims(self, sentence: _Sentence) -> str:
        """A claim that no field shows, unless a text or value of the ledger says it."""
        found = UNPROVABLE.search(sentence.text)
        if found is None or fold(found.group()) in self._ledger_texts():
            return ""
        return f"claims something without evidence: {found.group()!r}"

    # What is known -----------------------------------------------------------------------------------------------

    def _words_of(self, item: Item) -> frozenset[str]:
        """The words of an item's titles, facts, description and reasons."""
        found = self._words.get(item.item_id)
        if found is None:
            language = language_of(self.ledger.language)
            texts = [item.label, item.text, *item.aka, *self.ledger.texts.get(item.item_id, ())]
            for spec in self.finder.catalog.schema.fields:
                for value in item.values.get(spec.name, ()):
                    texts += [value, spec.value_in(value, language), spec.value_in(value, "en")]
            found = frozenset(word for text in texts for word in fold(text).split())
            self._words[item.item_id] = found
        return found

    def _words_of_all(self, items: Sequence[Item]) -> frozenset[str]:
        """The words of several items, and those that name nothing of an item."""
        key = "all " + " ".join(item.item_id for item in items)
        if key not in self._words:
            self._words[key] = self._free_words().union(*(self._words_of(item) for item in items))
        return self._words[key]

    def _free_words(self) -> frozenset[str]:
        """Words that name nothing of an item: the user's, the wish's, the calendar's."""
        found = self._words.get("")
        if found is None:
            locale = Locale.parse(language_of(self.ledger.language))
            calendar = [
                str(name) for names in (locale.days, locale.months) for name in names["format"]["wide"].values()
            ]
            schema = self.finder.catalog.schema
            values = [value for _, value in self.ledger.values]
            nouns = [*schema.noun.values(), *schema.nouns.values(), *schema.also_called]
            texts = (self.ledger.said, *self.ledger.names, *values, *calendar, *nouns)
            found = frozenset(word for text in texts for word in fold(text).split())
            self._words[""] = found
        return found

    def _is_said(self, words: str) -> bool:
        """Whether the user used these words."""
        if not words.isascii() and words in self.ledger.said:
            return True
        return bool(fold(words)) and f" {fold(words)} " in f" {fold(self.ledger.said)} "

    def _ledger_texts(self) -> str:
        """All that the ledger's items say of themselves, folded."""
        found = self._words.get("texts")
        if found is None:
            items = [self.finder.catalog.item(item_id) for item_id in self.ledger.item_ids]
            language = language_of(self.ledger.language)
            specs = [spec for spec in self.finder.catalog.schema.descriptive if not spec.people]
            held = ((spec, value) for spec in specs for item in items for value in item.values.get(spec.name, ()))
            values = (word for spec, value in held for word in (value, spec.value_in(value, language)))
            texts = (self.ledger.said, *self.ledger.names, *(item.text for item in items), *values)
            found = frozenset((fold(" ".join(texts)),))
            self._words["texts"] = found
        return next(iter(found))

    def _echoes(self, sentence: str) -> bool:
        """Whether a sentence is only what the user said."""
        words = fold(sentence)
        return len(words.split()) >= ECHO and f" {words} " in f" {fold(self.ledger.said)} "


def _has(item: Item, spot: Spot) -> bool:
    """Whether an item has one of the values that words may mean, or its description says them."""
    if any(value in item.values.get(name, ()) for name, value in spot.facts):
        return True
    return fold(spot.words) in fold(item.text)


def _is_denied(spot: Spot, text: str) -> bool:
    """Whether a sentence says that an item does not have a value: no evidence shows that it has."""
    denied = NEGATION.search(text) if not spot.words.isascii() else NEGATION.search(text[: spot.start])
    return denied is not None and ONLY.search(text) is None


def _follows(word: str, after: str) -> bool:
    """Whether a word for a field stands right behind a name, as in Chinese, Japanese and Korean."""
    return not word.isascii() and after.lstrip().startswith(word)


def _is_decade_of(decade: str, years: Iterable[str]) -> bool:
    """Whether one of some years lies in a decade, written with two digits or four."""
    start = int(decade)
    whole = [int(year) for year in years if YEAR.fullmatch(year)]
    return any(start <= (year if start > 99 else year % 100) <= start + 9 for year in whole) or decade in years


def _capitalized(text: str, language: str) -> Iterable[list[str]]:
    """Runs of capitalized words that do not merely begin a sentence, as folded words."""
    for match in CAPITALS.finditer(text):
        words = match.group().split()
        if not text[: match.start()].strip(BEGINNING) or text[: match.start()].rstrip()[-1:] in (
            ":",
            "：",
            "…",
            "“",
            "„",
        ):
            words = words[1:]
        if language in NOUN_CAPITALS and len(words) < 2:
            continue
        folded = [word for said in words if not _is_small(said) for word in _parts(said)]
        if folded:
            yield folded


def _is_small(word: str) -> bool:
    """Pronouns and abbreviations: 'I', 'I'm', 'TV'."""
    bare = re.split(r"['’]", word)[0]
    return len(bare) < 2 or (len(bare) < 4 and bare.isupper())


def _parts(word: str) -> list[str]:
    """The names in a word: "Scorsese's" -> scorsese, "d'Hitchcock" -> hitchcock, 'Sci-Fi' -> sci, fi."""
    pieces = re.split(r"['’.-]", word)
    return [fold(piece) for piece in pieces if len(piece) > 1 and piece[0].isupper() and WORD.match(piece)]


def _known(word: str, known: frozenset[str]) -> bool:
    return word in known or word.removesuffix("s") in known or f"{word}s" in known
