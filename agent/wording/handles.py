"""Handles in a model's prose -> what the ledger holds for them; what has no handle cannot be stated.

- `[[1]]`, `[[i12]]`: an item of the list on screen, of a row of the catalog: its title and year
- `[[1.directors]]`, `[[1.cast.2]]`: what it has in a field, the first two of it; what it only touches where that is all
- `[[1.year = min | the oldest]]`: words that state something, and the fact that shows it (see `proofs`)
- `[[count]]`, `[[shown]]`, `[[size]]`: what the last look-up counted, items on screen, items of the catalog
- `[["14"]]`: what the user wrote
- `[[unknown | words]]`: words that say what the catalog cannot tell
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.wording.ledger import Ledger
from agent.wording.messages import join, label, number, title_of
from agent.wording.proofs import OPERATORS, Claim, refuted
from agent.wording.values import spec_of, values_of
from retrieval.items import Catalog, Item
from retrieval.schema import FieldSpec
from tools.placing import fold
from tools.render import one_line

HANDLE = re.compile(r"\[\[([^\[\]\n]{0,240})\]\]")
REFERENCE = re.compile(r"#?\s?(?P<place>\d{1,4})|i(?P<row>\d{1,9})")
STATED = re.compile(rf"(?P<of>[^.=]+)\.\s*(?P<field>\w+)\s*(?P<op>{OPERATORS})\s*(?P<value>.+)")
ALL = "all"
MARKUP = re.compile(r"[*_`#<>]")
MOST_VALUES = 6


class Kind(StrEnum):
    """What a stretch of a sentence is."""

    WORDS = "words"
    """The model's own."""
    TITLE = "title"
    VALUE = "value"
    CLAIM = "claim"
    NUMBER = "number"
    QUOTE = "quote"
    UNKNOWN = "unknown"
    """That something is not known: true whenever it is said."""


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A stretch of a sentence, as it is shown."""

    kind: Kind
    text: str
    items: tuple[Item, ...] = ()
    spec: FieldSpec | None = None
    claim: Claim | None = None


class HandleError(ValueError):
    """A handle that stands for nothing, or a claim that its fact does not show; says what would do."""


def parts_of(sentence: str, ledger: Ledger, catalog: Catalog) -> tuple[SentencePart, ...]:
    """A sentence in parts, handles filled in.

    Raises:
        HandleError: A handle stands for nothing, or what it states does not hold.
    """
    parts = tuple(_parts(sentence, Resolver(ledger, catalog)))
    dated = {part.items[0].item_id for part in parts if part.spec and part.spec.unit == "year" and not part.claim}
    return tuple(_undated(part, ledger.language) if _title_of(part, dated) else part for part in parts)


def _title_of(part: SentencePart, item_ids: set[str]) -> bool:
    return part.kind is Kind.TITLE and part.items[0].item_id in item_ids


def _undated(part: SentencePart, language: str) -> SentencePart:
    """A title without its year, which stands beside it."""
    return replace(part, text=one_line(title_of(part.items[0], language)))


def _parts(sentence: str, resolver: "Resolver") -> Iterator[SentencePart]:
    pieces = HANDLE.split(sentence)  # words and what handles hold take turns
    for place, piece in enumerate(pieces):
        if place % 2:
            yield resolver.part(piece.strip())
        elif "[[" in piece or "]]" in piece:
            raise HandleError("a handle is not closed, or holds another one")
        elif piece:
            yield SentencePart(Kind.WORDS, piece)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds what a handle stands for."""

    ledger: Ledger
    catalog: Catalog

    def part(self, handle: str) -> SentencePart:
        """What one handle stands for.

        Raises:
            HandleError: Nothing, or what it states does not hold.
        """
        if handle[:1] in ('"', "“", "„", "«", "「"):
            return self._quote(handle.strip('"“”„«»「」 '))
        counts = {
            "count": self.ledger.count,
            "shown": len(self.ledger.on_screen),
            "size": self.ledger.size or self.catalog.size,
        }
        if handle in counts:
            return self._number(counts[handle])
        fact, bar, words = handle.partition("|")
        if bar:
            words = MARKUP.sub("", one_line(words)).strip()
            return (
                SentencePart(Kind.UNKNOWN, words) if fact.strip() == Kind.UNKNOWN else self._claim(fact.strip(), words)
            )
        reference, _, rest = handle.partition(".")
        item, language = self.item(reference), self.ledger.language
        if not rest:
            return SentencePart(Kind.TITLE, one_line(label(item, language)), (item,))
        name, _, most = rest.partition(".")
        spec = self.spec(name)
        values = values_of(item, spec, language, slight=False) or values_of(item, spec, language)
        values = values[: int(most) if most.isdecimal() else MOST_VALUES]
        if not values:
            raise HandleError(f"the {name.strip()} of {item.label} is not known: say so, or leave it out")
        return SentencePart(Kind.VALUE, one_line(join(values, language)), (item,), spec)

    def item(self, reference: str) -> Item:
        """The item of '1', '#1' or 'i12'; only one that the ledger knows.

        Raises:
            HandleError: There is none.
        """
        match = REFERENCE.fullmatch(reference.strip())
        item_id = ""
        if match is not None and match["row"]:
            row = int(match["row"])
            item_id = self.catalog.items[row].item_id if row < len(self.catalog) else ""
        elif match is not None:
            place = int(match["place"]) - 1
            item_id = self.ledger.listed[place] if 0 <= place < len(self.ledger.listed) else ""
        if item_id not in self.ledger.item_ids:
            raise HandleError(f"[[{reference.strip()}]] is no item that was found or shown")
        return self.catalog.item(item_id)

    def spec(self, name: str) -> FieldSpec:
        """The field of a name.

        Raises:
            HandleError: The catalog has no such field.
        """
        spec = spec_of(self.catalog.schema, name.strip())
        if spec is None:
            raise HandleError(f"there is no field {name.strip()!r}")
        return spec

    def _quote(self, words: str) -> SentencePart:
        is_said = words in self.ledger.said or f" {fold(words)} " in f" {fold(self.ledger.said)} "
        if not words or not is_said:
            raise HandleError(f"the user did not write {words!r}")
        return SentencePart(Kind.QUOTE, one_line(words))

    def _number(self, counted: int | None) -> SentencePart:
        if counted is None:
            raise HandleError("nothing was counted in this turn: look it up, or leave the number out")
        return SentencePart(Kind.NUMBER, number(counted, self.ledger.language))

    def _claim(self, fact: str, words: str) -> SentencePart:
        match = STATED.fullmatch(fact)
        if match is None or not words:
            raise HandleError(f"[[{fact} | ...]] is no fact: write [[1.field = value | words]]")
        is_of_all = match["of"].strip() == ALL
        places = range(1, len(self.ledger.listed) + 1) if is_of_all else match["of"].split(",")
        items = tuple(self.item(str(place)) for place in places)
        claim = Claim(items, self.spec(match["field"]), match["op"], match["value"].strip())
        other = self._other(claim)
        if reason := refuted(claim, self.ledger, self.catalog, other=other, words=words):
            raise HandleError(reason)
        return SentencePart(Kind.CLAIM, words, items, claim.spec, claim)

    def _other(self, claim: Claim) -> Item | None:
        """The item that a claim compares with: '2.year'."""
        reference, dot, name = claim.value.partition(".")
        is_compared = dot and name.strip() == claim.spec.name and REFERENCE.fullmatch(reference.strip())
        return self.item(reference) if is_compared else None
