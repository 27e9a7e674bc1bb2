"""Puts what a simulated user means into words by template, in English or Chinese; knows a schema, no domain."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from numpy.random import Generator

from agent.learning.transcripts import Mention
from eval.simulation.taste import Piece, Temper
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from retrieval.titles import HAN

DEFAULT = "data/simulation.toml"
"""The wordings that are shipped."""
UNSAYABLE = re.compile(r"(?:its?|the|an?|has|is)\b|.*[:：]")
"""Facts that cannot follow a noun: 'its size is ...'; 'directed by ...' can."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the user says."""

    text: str
    mentions: tuple[Mention, ...] = ()
    """The items named."""

    def __add__(self, other: "Line") -> "Line":
        between = " " if re.search(r"[.!?,]$", self.text) else "" if re.search(r"[。！？，]$", self.text) else ", "
        text = between.join(filter(None, (self.text, other.text)))
        return Line(text, (*self.mentions, *other.mentions))


@dataclass(frozen=True, slots=True)
class Speaker:
    """One user's way of talking."""

    catalog: Catalog
    temper: Temper
    language: str
    source: str = DEFAULT
    """The file of the wordings."""

    @property
    def schema(self) -> CatalogSchema:
        """The fields."""
        return self.catalog.schema

    def say(self, key: str, rng: Generator, *, mentions: Sequence[Mention] = (), **values: str) -> Line:
        """One of the wordings of a remark."""
        remarks = wordings(self.language, self.source).remarks
        of_temper = remarks.get(f"{self.temper}.{key}") or remarks[key]
        template = of_temper[int(rng.integers(len(of_temper)))]
        consumed = self.schema.consumed.get(self.language, "")
        fixed = {"nouns": self.schema.nouns_in(self.language), "noun": self.schema.noun_in(self.language)}
        text = template.format(**fixed, consumed=_capital(consumed, template), **values)
        return Line(text if self.temper is Temper.TERSE else _capital(text), tuple(mentions))

    def wish(self, *pieces: Piece) -> str:
        """'action films', 'films with Brad Pitt', 'films from the 1990s'; several with 'and'."""
        return self._phrase("and").join(self._piece(piece) for piece in pieces)

    def limit(self, limit: Constraint) -> str:
        """'nothing older than 1990', 'no horror films', 'nothing in French'."""
        spec = self.schema.field(limit.field)
        if limit.op is Op.NOT:
            value = str(limit.values[0])
            if fact := self._fact(spec, value):
                return self._phrase("not_fact", fact=fact)
            return self._phrase("not", value=self._value(spec, value))
        name = f"{limit.op}_year" if spec.unit == "year" else str(limit.op)
        return self._phrase(name, value=f"{float(limit.values[0]):g}", unit=spec.unit)

    def value(self, piece: Piece) -> str:
        """The bare value, as one answers a question."""
        if isinstance(piece.value, int):
            return self._piece(piece)
        return self._value(self.schema.field(piece.field), piece.value)

    def titles(self, item_ids: Sequence[str]) -> str:
        """'Heat and Casino' / '《盗火线》和《赌城风云》'."""
        return self._phrase("and").join(self.title(item_id) for item_id in item_ids)

    def title(self, item_id: str) -> str:
        """A title as this user writes it."""
        item = self.catalog.item(item_id)
        if self.language != "zh":
            return item.title
        return f"《{next((name for name in item.aka if re.search(f'[{HAN}]', name)), item.title)}》"

    def _piece(self, piece: Piece) -> str:
        spec = self.schema.field(piece.field)
        if isinstance(piece.value, int):
            return self._phrase("decade", value=str(piece.value))
        if fact := self._fact(spec, piece.value):
            return self._phrase("fact", fact=fact)
        soft = spec.kind is FieldKind.ENTITY and "soft" in wordings(self.language, self.source).phrases
        label = spec.label_in(self.language)
        return self._phrase("soft" if soft else "piece", value=self._value(spec, piece.value), label=label)

    def _fact(self, spec: FieldSpec, value: str) -> str:
        fact = spec.fact_in(value, self.language)
        is_bare = fact == spec.within(value, self.language) or bool(spec.said)  # such facts stand alone
        return "" if UNSAYABLE.match(fact) or is_bare else fact

    def _value(self, spec: FieldSpec, value: str) -> str:
        shown = spec.value_in(value, self.language)
        return shown if spec.people or self.language == "zh" else shown.lower()

    def _phrase(self, key: str, **values: str) -> str:
        return (
            wordings(self.language, self.source)
            .phrases[key]
            .format(nouns=self.schema.nouns_in(self.language), **values)
        )


@dataclass(frozen=True, slots=True)
class Wordings:
    """How things are said in one language."""

    remarks: Mapping[str, Sequence[str]]
    """Key, perhaps with a temper in front -> templates of sentences."""
    phrases: Mapping[str, str]
    """Key -> template of a part of a sentence."""


@cache
def wordings(language: str, source: str = DEFAULT) -> Wordings:
    """All wordings of a language.

    Raises:
        BadDataError: The file cannot be read, or lacks a remark that the shipped one has.
    """
    path = files("eval").joinpath(source) if source == DEFAULT else Path(source)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    except (OSError, ValueError, KeyError) as error:
        raise BadDataError(f"expected wordings as in eval/data/simulation.toml, found: {error!r} ({source})") from error
    shipped = wordings(language) if source != DEFAULT else None
    if shipped and (missing := {*_plain(shipped.remarks), *shipped.phrases} - {*table, *table.get("phrases", {})}):
        raise BadDataError(f"{source}: no wording in {language!r} for {', '.join(sorted(missing))}")
    return Wordings({key: texts for key, texts in table.items() if key != "phrases"}, table["phrases"])


def _plain(remarks: Mapping[str, object]) -> set[str]:
    """The keys that every user needs, whatever the temper."""
    return {key for key in remarks if "." not in key}


def _capital(text: str, template: str = "") -> str:
    """With a capital where it begins a sentence."""
    inside = template and not re.search(r"(?:^|[.?!]\s)\{consumed\}", template)
    return text if inside else text[:1].upper() + text[1:]
