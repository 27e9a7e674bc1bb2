"""Holds claims against the catalog: a claim holds, is wrong, or cannot be told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from eval.audit.claims import Claim, Kind
from eval.audit.findings import Verdict
from eval.audit.passages import Person
from eval.audit.plausible import PLAUSIBLE, Plausibility
from eval.audit.titles import Named
from eval.reading.words import words_of
from retrieval.items import Catalog, Item
from retrieval.schema import FieldKind
from retrieval.titles import normalize_title

SHOWN = 8
"""Values of a field that a finding quotes."""
NEAR_NAME = 88
"""How like two spellings of one name must be, 0..100."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a claim about one title."""

    verdict: Verdict
    known: str
    """What the catalog says."""
    named: Named
    field: str = ""


@dataclass(frozen=True)
class FactJudge:
    """Knows one catalog."""

    catalog: Catalog
    plausible: Plausibility
    sequel_fields: tuple[tuple[str, str], ...]
    """Field and value that mark what follows something."""

    def judge(self, claim: Claim) -> list[Judged]:
        """A verdict for each title that the claim is about."""
        return [self._about(claim, named) for named in claim.subjects]

    def _about(self, claim: Claim, named: Named) -> Judged:
        """Of several items of one title the one that fits best is meant."""
        order = (Verdict.HOLDS, Verdict.UNVERIFIABLE, Verdict.WRONG)
        items = [self.catalog.item(one) for one in named.ids]
        results = [self._of_item(claim, item, named) for item in items]
        best = min(results, key=lambda one: order.index(one.verdict))
        if best.verdict is Verdict.WRONG and not claim.sure:
            return Judged(Verdict.UNVERIFIABLE, best.known, named, best.field)
        return best

    def _of_item(self, claim: Claim, item: Item, named: Named) -> Judged:
        match claim.kind:
            case Kind.PERSON:
                return self._person(claim, item, named)
            case Kind.VALUE:
                return self._value(claim, item, named)
            case Kind.NUMBER:
                return self._number(claim, item, named)
            case Kind.FOLLOWS:
                return self._follows(claim, item, named)

    def _person(self, claim: Claim, item: Item, named: Named) -> Judged:
        person = claim.person or Person(claim.words)
        fields = [name for name in claim.fields if item.values.get(name)]
        name = fields[0] if fields else ""
        known = "; ".join(self._says(item, one) for one in fields) or self._nothing(claim.fields, item)
        if any(_is_person(person, value) for one in fields for value in item.values[one]):
            return Judged(Verdict.HOLDS, known, named, name)
        if not fields:
            return Judged(Verdict.UNVERIFIABLE, known, named)
        if not person.is_known and not person.words.isascii() and re.search(r"[\u3400-\u9fff]", person.words):
            return Judged(Verdict.UNVERIFIABLE, known, named, name)
        if _words_in(person.words, item.text):
            return Judged(Verdict.UNVERIFIABLE, known, named, name)
        return Judged(Verdict.WRONG, known, named, name)

    def _value(self, claim: Claim, item: Item, named: Named) -> Judged:
        held = {(name, value.casefold()) for name, values in item.values.items() for value in values}
        known = "; ".join(self._says(item, one) for one in dict.fromkeys(claim.fields))
        if any((name, value.casefold()) in held for name, value in claim.options):
            return Judged(Verdict.HOLDS, known, named, claim.fields[0])
        closed = [one for one in claim.options if not self.catalog.schema.field(one[0]).soft]
        told = any(item.values.get(name) for name, _ in closed)
        taste = any(self._is_plausible(item, name, value) for name, value in closed)
        in_text = _words_in(claim.words, item.text)
        wrong = bool(closed) and told and not taste and not in_text
        return Judged(Verdict.WRONG if wrong else Verdict.UNVERIFIABLE, known, named, claim.fields[0])

    def _is_plausible(self, item: Item, name: str, value: str) -> bool:
        if self.catalog.schema.field(name).kind is not FieldKind.CATEGORY:
            return False
        return self.plausible.of(item, name, value) >= PLAUSIBLE

    def _number(self, claim: Claim, item: Item, named: Named) -> Judged:
        name = claim.fields[0]
        number = item.numbers.get(name)
        if number is None:
            return Judged(Verdict.UNVERIFIABLE, self._nothing(claim.fields, item), named, name)
        known = f"{self._label(name)}: {number:g}"
        if claim.low <= number <= claim.high:
            return Judged(Verdict.HOLDS, known, named, name)
        is_year = self.catalog.schema.field(name).unit == "year"
        near = is_year and claim.low - 1 <= number <= claim.high + 1
        return Judged(Verdict.UNVERIFIABLE if near else Verdict.WRONG, known, named, name)

    def _follows(self, claim: Claim, item: Item, named: Named) -> Judged:
        """Whether an item may follow another: it is marked as a sequel, or the two share a name or people."""
        others = [self.catalog.item(one) for one in (claim.other.ids if claim.other else ())]
        marked = any(value in item.values.get(name, ()) for name, value in self.sequel_fields)
        people = {
            value for spec in self.catalog.schema.fields if spec.people for value in item.values.get(spec.name, ())
        }
        shared = any(
            people & {value for values in other.values.values() for value in values} or _head(other) == _head(item)
            for other in others
        )
        earlier = any(item.year and other.year and item.year < other.year for other in others)
        known = (
            f"{item.label} is {'' if marked else 'not '}marked as a sequel"
            if self.sequel_fields
            else "no sequels marked"
        )
        if shared and marked and not earlier:
            return Judged(Verdict.HOLDS, known, named)
        wrong = bool(others) and (not shared) and bool(self.sequel_fields or people) and not marked
        return Judged(Verdict.WRONG if wrong else Verdict.UNVERIFIABLE, known, named)

    def _says(self, item: Item, name: str) -> str:
        values = item.values.get(name, ())
        spec = self.catalog.schema.field(name)
        shown = ", ".join(spec.value_in(value, "en") for value in values[:SHOWN]) or "unknown"
        return f"{spec.label_in('en')}: {shown}{', ...' if len(values) > SHOWN else ''}"

    def _nothing(self, fields: Iterable[str], item: Item) -> str:
        labels = ", ".join(self._label(one) for one in fields)
        return f"nothing about the {labels} of {item.label}" if labels else "the catalog has no such field"

    def _label(self, name: str) -> str:
        return self.catalog.schema.field(name).label_in("en")


def sequel_values(catalog: Catalog, words: Iterable[str] = ("sequel", "prequel")) -> tuple[tuple[str, str], ...]:
    """The values of a catalog that mark an item as following another."""
    wanted = set(words)
    return tuple(
        (spec.name, value)
        for spec in catalog.schema.fields
        if spec.kind is not FieldKind.NUMBER and not spec.people
        for value in catalog.values(spec.name)
        if value.casefold() in wanted
    )


def _is_person(person: Person, value: str) -> bool:
    """Whether a name means somebody: the same, a part of the name, the same surname, or a misspelling."""
    if any(value == one for _, one in person.values):
        return True
    said, full = words_of(normalize_title(person.words)), words_of(normalize_title(value))
    if said and (set(said) <= set(full) or (set(full) <= set(said) and len(full) > 1)):
        return True
    return len(said) > 1 and fuzz.ratio(" ".join(said), " ".join(full)) >= NEAR_NAME


def _words_in(words: str, text: str) -> bool:
    return bool(words) and words.casefold() in text.casefold()


def _head(item: Item) -> str:
    """The beginning of a title: 'alien' of 'Aliens 3' and of 'Alien: Resurrection'."""
    head = normalize_title(re.split(r"[:–—]| - ", item.title)[0])
    words = [word for word in head.split() if not re.fullmatch(r"\d+|ii|iii|iv|v|vi|part", word)]
    return " ".join(words).removesuffix("s")
