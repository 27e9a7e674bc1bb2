"""What a catalog's items look like and what a person may ask for: the only place where a domain has a name.

A schema is read from a TOML file beside the catalog. Prompts, filters, reasons and cards are rendered from it, so that
nothing in `agent/` or `tools/` knows whether items are films, books or drills.
"""

import math
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from retrieval.spans import Span, parse_span

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class FieldKind(StrEnum):
    """How the values of a field are asked for."""

    CATEGORY = "category"
    """A closed list of at most some 60 words that every prompt can carry (genres)."""
    ENTITY = "entity"
    """Many names, found by fuzzy search (people, themes, brands)."""
    NUMBER = "number"
    """A quantity asked for by limits (year, price, pages)."""


class FieldSpec(BaseModel):
    """One attribute of the catalog's items."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    kind: FieldKind
    label: dict[str, str] = Field(description="singular label by language, e.g. {en = 'genre', zh = '类型'}")
    fact: dict[str, str] = Field(
        default_factory=dict,
        description="how a fact is said, by language: {en = 'directed by {value}', zh = '由{value}执导'}",
    )
    people: bool = Field(default=False, description="values are names of people: linked by surname too")
    soft: bool = Field(
        default=False,
        description="a value asked for is a wish that moves the ranking, not a limit (themes); avoiding it is a limit",
    )
    unit: str = Field(default="", description="'year' for calendar years, else a unit such as 'pages' or 'EUR'")
    words: tuple[str, ...] = Field(default=(), description="words that name the field or unit in a message")
    synonyms: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="value -> everyday words for it in any language ('Comedy': ['funny', '喜剧'])",
    )
    names: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="value -> display name by language ('Comedy': {zh = '喜剧'})"
    )
    on_card: bool = Field(default=True, description="shown on the item card")

    def label_in(self, language: str) -> str:
        """The field's label in a language, English where there is none."""
        return self.label.get(language) or self.label.get("en") or self.name

    def value_in(self, value: str, language: str) -> str:
        """A value's display name in a language, the value itself where there is none; a span of numbers in words."""
        span = parse_span(value) if self.kind is FieldKind.NUMBER else None
        if span is not None:
            return self._span_in(span, language)
        return self.names.get(value, {}).get(language) or value

    def _span_in(self, span: Span, language: str) -> str:
        """'1993–1995', '1992 and before'; '20 minutes and more'."""
        low, high = span.low, span.high
        is_year = self.unit == "year"
        if language == "zh":
            unit = "年" if is_year else self.unit
            below, above = ("{}及以前", "{}及以后") if is_year else ("{}以下", "{}以上")
        else:
            unit = "" if is_year else f" {self.unit}" if self.unit else ""
            below, above = ("{} and before", "{} and after") if is_year else ("up to {}", "{} and more")
        if not math.isfinite(low):
            return below.format(f"{high:.15g}{unit}")
        if not math.isfinite(high):
            return above.format(f"{low:.15g}{unit}")
        return f"{low:.15g}{unit}" if low == high else f"{low:.15g}–{high:.15g}{unit}"

    def fact_in(self, value: str, language: str) -> str:
        """The fact that an item has a value, as a phrase: 'directed by Michael Mann'."""
        template = self.fact.get(language) or self.fact.get("en") or f"{self.label_in(language)}: {{value}}"
        return template.replace("{value}", self.value_in(value, language))


class CatalogSchema(BaseModel):
    """The domain of one catalog."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    noun: dict[str, str] = Field(default_factory=lambda: {"en": "item", "zh": "物品"})
    nouns: dict[str, str] = Field(default_factory=lambda: {"en": "items", "zh": "物品"})
    also_called: tuple[str, ...] = Field(default=(), description="everyday words for an item: ('movie', 'flick')")
    consumed: dict[str, str] = Field(
        default_factory=lambda: {"en": "know it", "zh": "已了解"},
        description="the button for 'I know this one': 'seen it', 'read it', 'own it'",
    )
    fields: tuple[FieldSpec, ...] = ()
    wishes: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="starter wishes by language")

    def field(self, name: str) -> FieldSpec:
        """The field of that name.

        Raises:
            KeyError: The schema has no such field.
        """
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(f"no field {name!r} in the schema; it has {', '.join(f.name for f in self.fields)}")

    def of_kind(self, kind: FieldKind) -> tuple[FieldSpec, ...]:
        """The fields of one kind, in the schema's order."""
        return tuple(spec for spec in self.fields if spec.kind is kind)

    def noun_in(self, language: str) -> str:
        """'film'."""
        return self.noun.get(language) or self.noun.get("en", "item")

    def nouns_in(self, language: str) -> str:
        """'films'."""
        return self.nouns.get(language) or self.nouns.get("en", "items")


def read_schema(path: Path) -> CatalogSchema:
    """Read a schema from TOML.

    Raises:
        OSError: The file cannot be read.
        pydantic.ValidationError: It does not have the form of `CatalogSchema`.
    """
    return CatalogSchema.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
