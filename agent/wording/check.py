"""Holds one sentence of prose against the ledger of a turn.

Titles, people, values and numbers stand in a sentence as handles, which code fills; what stands there in plain letters
may be none of them, but for what the user wrote. A value belongs to the item beside it, and what is said to be so, or
not so, of one among several cites the fact that shows it. Other words are free.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from babel import Locale

from agent.wording.claims import BACK, COMPARISON, DENIAL, DENIED_FACT, EXTREME, NOT, UNKNOWING, UNPROVABLE
from agent.wording.handles import HandleError, Kind, SentencePart, parts_of
from agent.wording.instructions import repeats_instructions
from agent.wording.ledger import Ledger
from agent.wording.messages import language_of
from agent.wording.names import capitalized, foreign_names, is_known, language_of_script
from agent.wording.number_words import numbers_in
from agent.wording.owners import MARKS, owners_at, place_of
from agent.wording.proofs import Claim
from agent.wording.spotting import UNSPACED_RUN, Spot, TitleFinder, blanked
from retrieval.items import Item
from retrieval.schema import FieldSpec
from retrieval.untrusted import has_address
from tools.placing import fold

__all__ = ["Checker", "TitleFinder", "Verdict"]

ECHO = 4
"""Words in a row that make a sentence an echo of the user's."""
LONGEST_WORD = 2
"""Characters of a word of every day in scripts without spaces."""
YEAR = re.compile(r"\d{4}")
CITE = "cite the fact that shows it as [[1.field = value | words]], or leave it out"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sentence may go out, and why not."""

    ok: bool
    reason: str = ""
    """What is wrong, in words that a model can act on."""
    named: frozenset[str] = frozenset()
    """The item ids that the sentence is about."""
    text: str = ""
    """The sentence as it is shown, handles filled in."""


class _FailedError(Exception):
    """A rule that a sentence breaks."""


@dataclass(frozen=True)
class _Sentence:
    """A sentence in parts, and what it is about."""

    parts: tuple[SentencePart, ...]
    before: frozenset[str]
    plain_titles: frozenset[str] = frozenset()
    """Items that it names in the user's own words."""

    @cached_property
    def bare(self) -> str:
        """The model's own words, one sign for each handle."""
        return "".join(part.text if part.kind is Kind.WORDS else MARKS[part.kind] for part in self.parts)

    @cached_property
    def named(self) -> frozenset[str]:
        """The items that it names."""
        return self.plain_titles | {item.item_id for part in self.parts for item in part.items}

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return self.bare.rstrip('"”’」』) \n').endswith(("?", "？"))

    @cached_property
    def about(self) -> frozenset[str]:
        """The items that it states something of: those it names, or else those before."""
        return self.named or self.before


@dataclass(frozen=True)
class Checker:
    """What one reply may say."""

    finder: TitleFinder
    ledger: Ledger
    _words: dict[str, frozenset[str]] = field(default_factory=dict)
    """What was worked out already, by the id of an item."""

    def check(self, sentence: str, *, before: frozenset[str] = frozenset(), may_echo: bool = False) -> Verdict:
        """Judge one sentence (without markup) and fill it in.

        Args:
            sentence: Prose with handles.
            before: The item ids that the sentence before it was about: a sentence that names none goes on about them.
            may_echo: Whether it may be the user's own words, as the name of a place or an answer to click may.
        """
        named = before
        try:
            if not may_echo and self._echoes(sentence):
                raise _FailedError("it repeats the user's own words")
            if repeats_instructions(sentence):
                raise _FailedError("it repeats your instructions")
            parsed = self._parsed(sentence, before & self.ledger.item_ids)
            named = parsed.about
            self._judge(parsed)
        except (_FailedError, HandleError) as problem:
            return Verdict(False, str(problem), named)
        return Verdict(True, "", named, "".join(part.text for part in parsed.parts))

    def _parsed(self, sentence: str, before: frozenset[str]) -> _Sentence:
        parts = parts_of(sentence, self.ledger, self.finder.catalog)
        if not before and BACK.match(sentence):
            before = frozenset(self.ledger.on_screen)
        parsed = _Sentence(parts, before)
        titles = self._plain_titles(parsed.bare)
        return _Sentence(parts, before, frozenset(item_id for spot in titles for item_id in spot.item_ids))

    def _judge(self, sentence: _Sentence) -> None:
        language = self._language_of(sentence.bare)
        self._free(sentence.bare, sentence, language)
        for part in sentence.parts:
            if part.claim is not None or part.kind is Kind.UNKNOWN:
                self._free(part.text, sentence, language, of=part)
        self._belonging(sentence)
        self._stated(sentence)
        self._once(sentence)

    def _once(self, sentence: _Sentence) -> None:
        """Nobody stands twice in a sentence: `[[1.cast.2]]` is the first two of the cast, not the second."""
        told = [part for part in sentence.parts if part.kind is Kind.VALUE and part.spec and part.spec.people]
        for first, second in combinations(told, 2):
            if (first.items, first.spec) == (second.items, second.spec) and second.text.startswith(first.text):
                raise _FailedError(
                    f"{first.text!r} stands twice: a number behind a field, as in '.cast.2', is the first two"
                )

    def _language_of(self, text: str) -> str:
        """The language whose names count: that of the turn, unless the script is another one's."""
        own = language_of(self.ledger.language)
        return language_of_script(text, own)

    # Words outside handles ---------------------------------------------------------------------------------------

    def _free(self, text: str, sentence: _Sentence, language: str, *, of: SentencePart | None = None) -> None:
        """Plain words, those of a claim as well: no title, name, value or number."""
        if has_address(text):
            raise _FailedError("it names an address")
        self._unprovable(text, sentence, of)
        rest = blanked(text, [*self._plain_titles(text), *self._quotes(text)])
        values = list(self.finder.values(rest, language))
        for spot in values:
            self._value(spot, sentence, of)
        self._numbers(rest, sentence, language, of)
        self._names(blanked(rest, (spot for spot in values if not self._poses(spot, language))), sentence, language)

    def _numbers(self, text: str, sentence: _Sentence, language: str, of: SentencePart | None) -> None:
        """Digits and number words: those of the claim or of the limits of places, or the user's of no item."""
        languages = (language, "en")
        given = of.claim.value if of is not None and of.claim is not None else " ".join(self.ledger.names)
        known = set(numbers_in(given.casefold(), languages))
        known |= {number[2:] for number in known if YEAR.fullmatch(number)}  # '90s' of 1990
        if not sentence.about:
            known |= set(numbers_in(self.ledger.said.casefold(), languages))
        for number in numbers_in(text, languages):
            if number.casefold() not in known:
                raise _FailedError(f'the number {number!r} stands in no handle; what the user wrote is [["{number}"]]')

    def _unprovable(self, text: str, sentence: _Sentence, of: SentencePart | None) -> None:
        match = UNPROVABLE.search(text)
        if match is None or UNKNOWING.search(text) or (of is not None and of.kind is Kind.UNKNOWN):
            return
        if of is not None and of.claim is not None and fold(match.group()) in fold(of.claim.value):
            return
        items = [self._item(item_id) for item_id in sentence.about]
        holds = all(self._says(item, match.group()) for item in items) if items else self._is_said(match.group())
        if not holds:
            raise _FailedError(f"no field shows {match.group()!r}: leave it out, or say that it cannot be checked here")

    def _plain_titles(self, text: str) -> list[Spot]:
        """Titles in plain letters: only those that the user wrote, of items that may be named."""
        allowed = self._allowed()
        spots = [spot for spot in self.finder.quoted(text) if spot.item_ids]
        spots += self.finder.titles(blanked(text, spots), allowed)
        named = []
        for spot in spots:
            if self._is_known_name(spot):
                continue
            if not (self._is_said(spot.words) or fold(spot.words) in map(fold, self.ledger.names)):
                raise _FailedError(f"the title {spot.words!r} stands in no handle")
            if not spot.item_ids & allowed:
                raise _FailedError(f"nothing of this turn shows {spot.words!r}")
            named.append(Spot(spot.start, spot.end, spot.words, spot.item_ids & allowed))
        return named

    def _is_known_name(self, spot: Spot) -> bool:
        """Whether a title is somebody's name or a value, rather than an item: that is judged as such."""
        if spot.item_ids & self._allowed():
            return False
        return any(
            value_spot.words == spot.words for value_spot in self.finder.values(spot.words, self.ledger.language)
        )

    def _quotes(self, text: str) -> Iterator[Spot]:
        """Quotation marks around what is no title: the user's words, or values."""
        for spot in self.finder.quoted(text):
            if spot.item_ids:
                continue
            if self._is_said(spot.words):
                yield spot
            elif not any(True for _ in self.finder.values(spot.words, self.ledger.language)):
                raise _FailedError(f"{spot.words!r} is quoted, and nobody wrote it")

    def _value(self, spot: Spot, sentence: _Sentence, of: SentencePart | None) -> None:
        """A name or value of the catalog in plain letters."""
        specs = [self._spec(name) for name, _ in spot.facts]
        if of is not None and of.kind is Kind.UNKNOWN and not any(spec.people for spec in specs):
            return
        if all(spec.soft for spec in specs) and not _is_term(spot.words):
            return  # 'a quest', 'football': words of every day; no field lists all that an item is about
        if of is not None and of.spec in specs:
            held = [self._has(item, spot) for item in of.items]
            if any(held) if of.claim is not None and of.claim.is_denial else not all(held):
                raise _FailedError(f"{spot.words!r} is not what {of.spec.name} shows")
            return
        is_asked = bool(spot.facts & self.ledger.values) or self._is_said(spot.words)
        if any(spec.people for spec in specs):
            is_word = " " not in spot.words and spot.words.isascii() and not self.finder.is_name(fold(spot.words), "en")
            if not is_word and (sentence.about or not is_asked):
                raise _FailedError(f"the name {spot.words!r} stands in no handle")
            return
        if not sentence.named and (is_asked or sentence.asks or not self.ledger.on_screen):
            return
        place = spot.start if of is None else place_of(of, sentence.parts)
        owners = owners_at(place, sentence.bare, sentence.parts, is_near=True) or sentence.about
        owners = owners or frozenset(self.ledger.on_screen)
        if not owners or not all(self._has(self._item(item_id), spot) for item_id in owners):
            raise _FailedError(f"{spot.words!r} is said of what does not have it: {CITE}")

    def _poses(self, spot: Spot, language: str) -> bool:
        """Whether a value that is written small has a capital: 'Thief' may be a title."""
        names = (self._spec(name).value_in(value, language) for name, value in spot.facts)
        return spot.words[:1].isupper() and not any(name[:1].isupper() for name in names)

    def _names(self, text: str, sentence: _Sentence, language: str) -> None:
        """Other names: each stands in the description of what the sentence is about, or was said."""
        known = self._free_words().union(*(self._words_of(self._item(item_id)) for item_id in sentence.about))
        for words in capitalized(text, language, lambda word: self.finder.is_name(word, language)):
            if not all(is_known(word, known) for word in words):
                raise _FailedError(f"the name {' '.join(words)!r} stands in no handle")
        for name in foreign_names(text):
            if not self._is_said(name):
                raise _FailedError(f"the name {name!r} stands in no handle")

    # What handles are said of ------------------------------------------------------------------------------------

    def _belonging(self, sentence: _Sentence) -> None:
        """A value is one of the item that it is said of, and a word for a role has somebody beside it."""
        place = 0
        for part in sentence.parts:
            if part.kind is Kind.VALUE and part.spec is not None:
                self._owned(part, part.spec, place, sentence)
            place += len(part.text) if part.kind is Kind.WORDS else 1
        filled = {part.spec.name for part in sentence.parts if part.spec is not None}
        for spec in self.finder.catalog.schema.descriptive if sentence.about else ():
            role = next((word for word in self._role_words(spec) if word in sentence.bare), "")
            if role and spec.name not in filled and not UNKNOWING.search(sentence.bare):
                raise _FailedError(f"{role!r} needs [[1.{spec.name}]] in the same sentence")

    def _owned(self, part: SentencePart, spec: FieldSpec, place: int, sentence: _Sentence) -> None:
        owners = owners_at(place, sentence.bare, sentence.parts) or sentence.before
        item = part.items[0]
        if not owners or item.item_id in owners or all(_shares(item, self._item(owner), spec) for owner in owners):
            return
        raise _FailedError(f"the {spec.name} of {item.label} are said of another item")

    def _role_words(self, spec: FieldSpec) -> Iterable[str]:
        """Words for the role of people, of scripts in which a name has no capital."""
        if not spec.people:
            return ()
        language = language_of(self.ledger.language)
        templates = (spec.label_in(language), spec.fact.get(language, ""), spec.having.get(language, ""))
        words = (*spec.words, *(text.replace("{value}", "").strip("由はがの ") for text in templates))
        return [word for word in words if len(word) > 1 and UNSPACED_RUN.match(word)]

    def _stated(self, sentence: _Sentence) -> None:
        """That something is not so, or so of one among several: only with the fact that shows it."""
        if not sentence.about:
            return
        text = sentence.bare
        for part in sentence.parts:
            if part.claim is not None and self._says_opposite(part.claim, part.text):
                raise _FailedError(f"{part.text!r} says the opposite of {part.claim.op}")
        language = self._language_of(text)
        if (match := DENIAL[language].search(text) or DENIED_FACT.search(text)) and not UNKNOWING.search(text):
            raise _FailedError(f"{match.group().strip()!r} denies something: {CITE}, with != for what is not so")
        compared = COMPARISON[language].search(text) if sentence.named else None
        if match := EXTREME[language].search(text) or compared:
            raise _FailedError(f"{match.group().strip()!r} compares: {CITE}, such as [[1.year = min | the oldest]]")

    def _says_opposite(self, claim: Claim, words: str) -> bool:
        """Whether words deny what a claim says is so, or the other way round, in languages with known words for it."""
        denies = bool(NOT.search(words))
        if claim.is_denial:
            return not denies and self.ledger.language in DENIAL
        lowest = claim.spec.order[:1]  # 'violence = none' is put as a denial
        return denies and not (claim.op == "=" and lowest and fold(claim.value) == fold(lowest[0]))

    # What is known -----------------------------------------------------------------------------------------------

    def listed(self, text: str) -> tuple[str, ...]:
        """The items that a shown text names, in its order: '#2' means the second of them from now on."""
        allowed = self._allowed()
        spots = [*self.finder.quoted(text), *self.finder.titles(text, allowed)]
        id_lists = (sorted(spot.item_ids & allowed) for spot in sorted(spots, key=lambda spot: spot.start))
        return tuple(dict.fromkeys(ids[0] for ids in id_lists if ids))

    def _allowed(self) -> frozenset[str]:
        double_of = self.finder.catalog.double_of
        return frozenset(double for item_id in self.ledger.item_ids for double in double_of(item_id))

    def _item(self, item_id: str) -> Item:
        return self.finder.catalog.item(item_id)

    def _spec(self, name: str) -> FieldSpec:
        return self.finder.catalog.schema.field(name)

    def _words_of(self, item: Item) -> frozenset[str]:
        """The names in an item's description, and its values but for people."""
        words = self._words.get(item.item_id)
        if words is None:
            language = language_of(self.ledger.language)
            specs = [spec for spec in self.finder.catalog.schema.descriptive if not spec.people]
            held = [(spec, value) for spec in specs for value in item.values.get(spec.name, ())]
            proper = " ".join(word for word in item.text.split() if word.lstrip("“‘'\"(")[:1].isupper())
            texts = [proper, *(spec.value_in(value, name) for spec, value in held for name in (language, "en"))]
            words = frozenset(word for text in texts for word in fold(text).split())
            self._words[item.item_id] = words
        return words

    def _free_words(self) -> frozenset[str]:
        """Words that name nothing of an item: the user's, the wish's, the calendar's."""
        words = self._words.get("")
        if words is None:
            locale = Locale.parse(language_of(self.ledger.language))
            calendar = [
                str(name) for names in (locale.days, locale.months) for name in names["format"]["wide"].values()
            ]
            schema = self.finder.catalog.schema
            values = [value for _, value in self.ledger.values]
            nouns = [*schema.noun.values(), *schema.nouns.values(), *schema.also_called]
            texts = (self.ledger.said, *self.ledger.names, *values, *calendar, *nouns)
            words = frozenset(word for text in texts for word in fold(text).split())
            self._words[""] = words
        return words

    def _has(self, item: Item, spot: Spot) -> bool:
        """Whether an item has one of the values that words may mean, or its description says them."""
        if any(value in item.values.get(name, ()) for name, value in spot.facts):
            return True
        said = f" {fold(item.text)} "
        english = (self._spec(name).value_in(value, "en") for name, value in spot.facts)
        return any(f" {fold(words)} " in said for words in (spot.words, *english))

    def _says(self, item: Item, words: str) -> bool:
        """Whether an item's description or values say some words."""
        specs = [spec for spec in self.finder.catalog.schema.descriptive if not spec.people]
        values = (
            spec.value_in(value, self.ledger.language) for spec in specs for value in item.values.get(spec.name, ())
        )
        held = (value for spec in specs for value in item.values.get(spec.name, ()))
        return fold(words) in fold(" ".join((item.text, *values, *held)))

    def _is_said(self, words: str) -> bool:
        """Whether the user used these words."""
        if not words.isascii() and words in self.ledger.said:
            return True
        return bool(fold(words)) and f" {fold(words)} " in f" {fold(self.ledger.said)} "

    def _echoes(self, sentence: str) -> bool:
        """Whether a sentence is only what the user said."""
        words = fold(sentence)
        return len(words.split()) >= ECHO and f" {words} " in f" {fold(self.ledger.said)} "


def _is_term(words: str) -> bool:
    """Whether a value is more than a word of every day: 'black and white'."""
    return " " in words or (UNSPACED_RUN.match(words) is not None and len(words) > LONGEST_WORD)


def _shares(item: Item, other: Item, spec: FieldSpec) -> bool:
    """Whether an item has all that another one has in a field."""
    held = set(item.values.get(spec.name, ()))
    return held <= set(other.values.get(spec.name, ())) and item.numbers.get(spec.name) == other.numbers.get(spec.name)
