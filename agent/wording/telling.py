"""What is worth saying of an item to somebody who knows the wish, the card and the list; words are `explain`'s.

How telling a fact is, is counted in bits where it can be: how few items of the catalog have it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from agent.wording.values import ON_CARD, on_card, spec_of
from retrieval.candidates import Evidence, EvidenceKind
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.schema import FieldKind, FieldSpec

Key = tuple[str, ...]
"""What makes two pieces of evidence say the same."""

LEAST = 2.0
"""Bits: what tells less is left out."""
FEW = 10
"""Fewer people than this are no reason."""
MANY = 20
"""Fewer ratings than this are no reason."""
CLOSE = {EvidenceKind.TEXT: 0.35, EvidenceKind.SIMILAR_ITEM: 0.58}
"""The least cosine at which a description is called close: below it a reader sees no likeness."""
KNOWN, LEADS = 10, 6
"""A name with at least this many items in the catalog, first on so many, says something to people."""
RARE = 7.0
"""Bits: what fewer have tells no more."""
EXTREME = 4.0
"""Bits from which on a number is remarkable: one item in sixteen has no less, or no more."""
OF_NAMED, OF_ANOTHER, PRIZE = 20.0, 9.0, 10.0
"""Bits of a remark: about an item that the user named or likes, about another one, about no item."""
SHARED_PERSON, SHARED_THEME = 12.0, 5.0
"""Bits of what an item shares with a liked one."""
MAKERS = 3
"""One of more makers than this has made a part only."""
BILLED = 4
"""Names of a field after this many are of small parts, or a surprise."""
AGAIN = 1.0
"""Bits that are taken off what the card before said in the same way."""
MINOR = 0.25
"""Bits that are taken off for each value that an item names before one: the first are what it is about."""
COMMON = 2.0
"""Bits that are taken off what half of the list has."""
MAIN = 1.0
"""Bits that are added to what an item is mainly about."""
CJK = "\u2e80"
"""The first sign of the scripts that put no space between words, or say a word in few signs."""
MOOD = 4.0
"""Bits of a mood, at the most: it tells less than what happens, and nothing by itself."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is known already where something is said: by the wish, the user's likes and the other items of a list."""

    catalog: Catalog
    asked: frozenset[tuple[str, str]] = frozenset()
    """Field and folded value of what was asked for."""
    hinted: frozenset[tuple[str, str]] = frozenset()
    """The same of what its everyday words stand for."""
    limited: frozenset[str] = frozenset()
    """Number fields with a limit."""
    words: str = ""
    """The wish in free words, folded, with the names of the values that it asks for."""
    liked: frozenset[str] = frozenset()
    """Items that were named as liked."""
    on_list: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many items of the list have a value of a field."""
    size: int = 0
    is_described: bool = True
    """Whether the wish says what something is about, and not merely who is in it."""
    language: str = "en"
    """Of the reader."""
    _shown: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, repr=False, compare=False)
    """What the cards show, by item id: put together once for all that is known of an item."""
    _read: dict[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict, repr=False, compare=False)
    """The words that a reader has before a reason, by item id."""

    @classmethod
    def of(
        cls,
        preference: Preference,
        catalog: Catalog,
        item_ids: Iterable[str] = (),
        *,
        implied: Preference | None = None,
    ) -> "Telling":
        """What a wish and a list say by themselves.

        Args:
            preference: The wish.
            catalog: Of its items.
            item_ids: The list.
            implied: The wish with what its everyday words stand for.
        """
        items = [catalog.item(item_id) for item_id in item_ids if item_id in catalog]
        asked, people = frozenset(_asked(preference)), {spec.name for spec in catalog.schema.fields if spec.people}
        limits = _limits(preference)
        said = [preference.text, *(limit.words for limit in limits), *(wish.words for wish in _wishes(preference))]
        said += [
            spec.value_in(value, code)
            for name, value in _asked_values(preference)
            if (spec := spec_of(catalog.schema, name)) is not None
            for code in ("en", preference.language)
        ]
        return cls(
            catalog,
            asked,
            frozenset(_asked(implied)) - asked if implied is not None else frozenset(),
            frozenset(limit.field for limit in limits if limit.op in (Op.MIN, Op.MAX)),
            " ".join(said).casefold(),
            frozenset(double for item_id in preference.liked for double in catalog.double_of(item_id)),
            Counter((name, value) for item in items for name, values in item.values.items() for value in values),
            len(items),
            bool(preference.text or {name for name, _ in asked} - people),
            preference.language,
        )

    def asks_for(self, evidence: Evidence) -> bool:
        """Whether a fact only repeats what was asked for, be it in other words."""
        named = (evidence.field, evidence.value.casefold())
        return evidence.field in self.limited or named in self.asked or named in self.hinted

    def parts(
        self, evidence: Iterable[Evidence], item: Item, told: Sequence[frozenset[Key]] = ()
    ) -> list[list[Evidence]]:
        """What a reason may say, the most telling first, each topic once; values of one field together.

        Args:
            evidence: All that is known, each statement once.
            item: What it is about.
            told: What each card before has said.
        """
        said = frozenset[Key]().union(*told)
        is_rated = any(key[0] == EvidenceKind.POPULAR.value for key in said)
        kinds = {key[:2] for key in told[-1]} if told else set[Key]()
        bits = [
            (size - (AGAIN if key[:2] in kinds else 0.0), piece)
            for piece in dict.fromkeys(evidence)
            if (key := key_of(piece)) not in said
            and not (is_rated and piece.kind is EvidenceKind.POPULAR)
            and (size := self.bits(piece, item)) >= LEAST
        ]
        parts: dict[str, list[Evidence]] = {}
        for _, piece in sorted(bits, key=lambda one: -one[0]):
            parts.setdefault(self.topic(piece), []).append(piece)
        told_of = [self._together(self._main_first(part, item)) for part in parts.values()]
        told_of.sort(key=lambda part: self._is_aside(part[0]))
        return told_of if any(not self._is_aside(part[0]) or len(part) > 1 for part in told_of) else []

    def _is_aside(self, evidence: Evidence) -> bool:
        """What comes last, and alone is no reason: a length, where it is from, a mood."""
        spec = spec_of(self.catalog.schema, evidence.field)
        if spec is None or evidence.kind is not EvidenceKind.FACT:
            return False
        return bool(spec.standard) or spec.kind is FieldKind.NUMBER or evidence.value in spec.qualities

    def _main_first(self, part: Sequence[Evidence], item: Item) -> list[Evidence]:
        """Of what is said in the same way as the most telling, first what it is about."""

        def order(one: Evidence) -> tuple[bool, bool]:
            return (one.kind, one.item_ids) != (part[0].kind, part[0].item_ids), one.value not in item.main

        return sorted(part, key=order)

    def _together(self, part: Sequence[Evidence]) -> list[Evidence]:
        """What goes into one phrase with the most telling of a topic."""
        first, spec = part[0], spec_of(self.catalog.schema, part[0].field)
        qualities, alone = (spec.qualities, spec.alone) if spec is not None else ((), ())
        joined = first.kind in (EvidenceKind.FACT, EvidenceKind.PATH, EvidenceKind.REMARK) and first.value not in alone
        same = [
            piece
            for piece in part
            if (piece.kind, piece.field, piece.item_ids) == (first.kind, first.field, first.item_ids)
            and piece.value not in alone
            and (piece.value in qualities) is (first.value in qualities)
        ]
        return same if joined else [first]

    def topic(self, evidence: Evidence) -> str:
        """What a statement is about: a reason speaks of each thing once."""
        match evidence.kind:
            case EvidenceKind.FACT | EvidenceKind.PATH | EvidenceKind.REMARK:
                spec = spec_of(self.catalog.schema, evidence.field)
                if spec is not None and evidence.kind is EvidenceKind.FACT and evidence.value in spec.qualities:
                    return "mood"
                return "origin" if spec is not None and spec.standard else evidence.field
            case EvidenceKind.TEXT | EvidenceKind.SIMILAR_ITEM:
                return "text"
            case EvidenceKind.READ:
                return evidence.field or "text"
            case EvidenceKind.CO_LIKED | EvidenceKind.NEIGHBORS | EvidenceKind.CLUSTER | EvidenceKind.POPULAR:
                return "people"
            case _:
                return evidence.kind

    def bits(self, evidence: Evidence, item: Item) -> float:
        """How much a piece of evidence tells; 0 where it repeats the wish or the card, or says nothing."""
        match evidence.kind:
            case EvidenceKind.REMARK:
                return OF_NAMED if {*evidence.item_ids} & self.liked else OF_ANOTHER if evidence.item_ids else PRIZE
            case EvidenceKind.PATH:
                return self._shared(evidence, item)
            case EvidenceKind.CO_LIKED if evidence.count >= FEW:
                return 5.0 + min(2.0, math.log10(evidence.count / FEW))
            case EvidenceKind.NEIGHBORS | EvidenceKind.CLUSTER if evidence.count >= FEW:
                return 4.5
            case EvidenceKind.POPULAR if evidence.count >= MANY:
                return 20.0 * evidence.score - 14.0  # 2 bits where 80 % like it
            case EvidenceKind.SIMILAR_ITEM if evidence.score >= CLOSE[evidence.kind]:
                return 3.0
            case EvidenceKind.FACT:
                return self._fact(evidence, item)
            case EvidenceKind.READ:
                return self._fact(evidence, item) if evidence.field else 3.0
            case _:
                return 0.0

    def _is_of_many(self, spec: FieldSpec, item: Item) -> bool:
        """Whether who made it are so many that none of them made it all."""
        makers = next((field_spec for field_spec in self.catalog.schema.fields if field_spec.people), None)
        return spec is makers and len(item.values.get(spec.name, ())) > MAKERS

    def _shared(self, evidence: Evidence, item: Item) -> float:
        """Of what an item shares with a liked one: people most, then what it is about."""
        spec = spec_of(self.catalog.schema, evidence.field)
        if spec is None or len(evidence.path) == 4 or self.asks_for(evidence) or not evidence.item_ids:
            return 0.0
        if self._is_of_many(spec, item):
            return 0.0
        if spec.people:
            return SHARED_PERSON - [field_spec for field_spec in self.catalog.schema.fields if field_spec.people].index(
                spec
            )
        is_telling = spec.soft and evidence.value not in (*spec.warnings, *spec.untold)
        if not is_telling or self._is_said(spec, evidence.value, item):
            return 0.0
        return SHARED_THEME + self._rarity(spec, evidence.value) / 4

    def _fact(self, evidence: Evidence, item: Item) -> float:
        spec = spec_of(self.catalog.schema, evidence.field)
        if spec is None or spec.role or spec.order or spec.unit == "year" or self.asks_for(evidence):
            return 0.0
        value = evidence.value
        if spec.kind is FieldKind.NUMBER:
            return 0.0 if spec.name in self._on_card(item) else self._extremity(spec, float(value))
        if value in (*spec.warnings, *spec.untold) or self._is_shown(spec, value, item):
            return 0.0
        if self._is_said(spec, value, item):
            return 0.0
        if self._is_of_many(spec, item) or (spec.standard and value != item.values.get(spec.name, (value,))[0]):
            return 0.0  # a country or language beside the main one says little of an item
        if spec.people:
            if value in item.values.get(spec.name, ())[BILLED:]:
                return 0.0
            count = self.catalog.values(spec.name)[value]
            return min(math.log2(count) - 1.0, RARE - 2.0) if self._is_known(spec, value) else 0.0
        rarity = self._rarity(spec, value)
        bits = rarity if spec.soft else 0.5 * rarity
        bits = min(bits, MOOD) if value in spec.qualities else bits + (MAIN if value in item.main else 0.0)
        places = item.values.get(spec.name, ())
        bits -= MINOR * places.index(value) if value in places else 0.0
        return bits - (COMMON if 2 * self.on_list.get((spec.name, value), 0) > self.size else 0.0)

    def _is_shown(self, spec: FieldSpec, value: str, item: Item) -> bool:
        """Whether the card shows a value whatever the reason says."""
        return not spec.soft and value in self._on_card(item).get(spec.name, ())

    def _on_card(self, item: Item) -> Mapping[str, tuple[str, ...]]:
        if item.item_id not in self._shown:
            self._shown[item.item_id] = on_card(item, self.catalog.schema)
        return self._shown[item.item_id]

    def _is_known(self, spec: FieldSpec, name: str) -> bool:
        """Whether people know a name: it stands first on some items, and on more."""
        if self.catalog.values(spec.name)[name] < KNOWN:
            return False
        first = ON_CARD[spec.kind]
        items = (self.catalog.items[row] for row in self.catalog.holders(spec.name, name))
        return sum(name in item.values[spec.name][:first] for item in items) >= LEADS

    def is_rare_on_list(self, field_name: str, value: str) -> bool:
        """Whether at most one item of the list has a value."""
        return self.on_list.get((field_name, value), 0) <= 1

    def _rarity(self, spec: FieldSpec, value: str) -> float:
        """Bits: how few items have a value."""
        count = self.catalog.values(spec.name)[value]
        return min(RARE, -math.log2(count / len(self.catalog))) if count else 0.0

    def _extremity(self, spec: FieldSpec, value: float) -> float:
        """Bits: how few items have as little of a number, or as much; 0 where it is not remarkable."""
        column = self.catalog.numbers(spec.name)
        known = column[~np.isnan(column)]
        if not len(known):
            return 0.0
        bits = -math.log2(max(min((known <= value).mean(), (known >= value).mean()), 1 / len(known)))
        return min(bits, RARE) - 1.0 if bits >= EXTREME else 0.0

    def _is_said(self, spec: FieldSpec, value: str, item: Item) -> bool:
        """Whether a value's own words stand in the wish, or are read in wish, title and card together."""
        names = {name.casefold() for name in (value, *spec.names.get(value, {}).values())}
        # a pattern is made for the few alone that are there: compiling one takes longer than the rest of a reason
        if any(
            name in self.words and (name >= CJK or re.search(rf"\b{re.escape(name)}", self.words)) for name in names
        ):
            return True
        if spec.people:
            return False
        read, called = self._read_of(item)
        named = {value.casefold(), *(spec.value_in(value, code).casefold() for code in ("en", self.language))}
        return any(name in called or _is_read(name, read, called) for name in named)

    def _read_of(self, item: Item) -> tuple[frozenset[str], frozenset[str]]:
        """The words of wish, title and card, in English and the reader's language; synonyms of shown values."""
        if item.item_id not in self._read:
            texts = [self.words, item.title, item.title_in(self.language)]
            called = list[str]()
            for name, values in self._on_card(item).items():
                spec = spec_of(self.catalog.schema, name)
                if spec is not None and spec.kind is not FieldKind.NUMBER and not spec.soft and not spec.people:
                    texts += [*values, *(spec.value_in(value, self.language) for value in values)]
                    called += [word for value in values for word in spec.synonyms.get(value, ())]
            read = (word for word in _words(" ".join(texts)) if _is_long(word))
            self._read[item.item_id] = frozenset(read), frozenset(map(str.casefold, called))
        return self._read[item.item_id]


def key_of(evidence: Evidence) -> Key:
    """What makes it the same statement on another card; its first two parts are the way in which it is said."""
    own = str(evidence.count) if evidence.kind is EvidenceKind.POPULAR else evidence.value
    return evidence.kind.value, evidence.field, own, *evidence.item_ids


def own_facts(item: Item, catalog: Catalog) -> list[Evidence]:
    """What the catalog says of an item: remarks first, then themes, people, kinds and numbers."""
    facts = [
        Evidence("catalog", EvidenceKind.REMARK, spec.name, value, (value,) if spec.of_item else ())
        for spec in catalog.schema.remarks
        for value in item.remarks.get(spec.name, ())
        if not spec.of_item or value in catalog
    ]
    specs = sorted(
        catalog.schema.descriptive, key=lambda spec: (spec.kind is FieldKind.NUMBER, not spec.soft, not spec.people)
    )
    for spec in specs:
        number = item.numbers.get(spec.name)
        values = item.more_than_slight(spec.name) if number is None else (f"{number:.15g}",)
        facts += [Evidence("catalog", EvidenceKind.FACT, spec.name, value) for value in values]
    return facts


def in_turn(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The first of each field, then the rest."""
    groups = [list(group) for _, group in groupby(evidence, key=lambda piece: piece.field)]
    return [group[0] for group in groups] + [piece for group in groups for piece in group[1:]]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_long(word: str) -> bool:
    """Whether a word means something by itself; some scripts need fewer signs for one."""
    return len(word) > (1 if word >= CJK else 3)


def _is_read(name: str, read: Iterable[str], called: Iterable[str]) -> bool:
    """Whether the long words of a name, at least half of all that it has, have been read before it."""
    words = _words(name)
    long = [word for word in words if _is_long(word)]
    return 0 < len(words) <= 2 * len(long) and all(word in called or _is_among(word, read) for word in long)


def _is_among(word: str, others: Iterable[str]) -> bool:
    """Whether a word is among others but for its end: 'west' in 'western', 'anime' in 'animation'."""
    for other in others:
        short = min(len(word), len(other))
        same = max(short - 1, min(short, 4))
        if word[:same] == other[:same]:
            return True
    return False


def _limits(preference: Preference) -> list[Constraint]:
    return [*preference.constraints, *(limit for person in preference.people for limit in person.constraints)]


def _wishes(preference: Preference) -> list[Wish]:
    wishes = [*preference.wishes, *(wish for person in preference.people for wish in person.wishes)]
    return [wish for wish in wishes if wish.weight > 0]


def _asked(preference: Preference) -> list[tuple[str, str]]:
    return [(name, value.casefold()) for name, value in _asked_values(preference)]


def _asked_values(preference: Preference) -> list[tuple[str, str]]:
    named = [(limit.field, str(value)) for limit in _limits(preference) if limit.op is Op.IS for value in limit.values]
    named += [(wish.field, wish.value) for wish in _wishes(preference)]
    return named + [(leaning.field, leaning.more) for leaning in preference.leanings]
