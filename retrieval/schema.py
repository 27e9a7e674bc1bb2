"""What a catalog's items look like and what a person may ask for: the only place where a domain has a name.

A schema is read from a TOML file beside the catalog. Prompts, filters, reasons and cards are rendered from it, so that
nothing in `agent/` or `tools/` knows whether items are films, books or drills.
"""

import math
import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from babel import Locale, UnknownLocaleError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from retrieval.spans import Span, parse_span

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Standard = Literal["", "territory", "language"]
Role = Literal["", "suits_from", "violence", "sex", "fear", "profanity", "sorrow"]
SUITS_FROM: Final = "suits_from"
CONTENT: Final = ("violence", "sex", "fear", "profanity", "sorrow")
"""Roles of fields that say how much of something an item has, which not everybody wants to see."""
LEVELS: Final = ("none", "mild", "some", "strong")
"""The usual order of such a field."""

YEARS: Final = {
    "en": ("{} and before", "{} and after"),
    "zh": ("{}及以前", "{}及以后"),
    "es": ("{} y antes", "{} y después"),
    "fr": ("{} et avant", "{} et après"),
    "de": ("bis {}", "ab {}"),
    "pt": ("{} e antes", "{} e depois"),
    "ja": ("{}以前", "{}以降"),
    "ko": ("{} 이전", "{} 이후"),
    "pl": ("do {} roku", "od {} roku"),
    "tr": ("{} ve öncesi", "{} ve sonrası"),
    "it": ("{} o prima", "{} o dopo"),
    "nl": ("tot en met {}", "vanaf {}"),
    "ru": ("{} и раньше", "{} и позже"),
}
"""A span of calendar years that is open below, and one that is open above."""
AMOUNTS: Final = {
    "en": ("up to {}", "{} and more"),
    "zh": ("{}以下", "{}以上"),
    "es": ("hasta {}", "{} o más"),
    "fr": ("jusqu’à {}", "{} et plus"),
    "de": ("bis {}", "ab {}"),
    "pt": ("até {}", "{} ou mais"),
    "ja": ("{}以下", "{}以上"),
    "ko": ("{} 이하", "{} 이상"),
    "pl": ("do {}", "{} i więcej"),
    "tr": ("en fazla {}", "{} ve üzeri"),
    "it": ("fino a {}", "{} o più"),
    "nl": ("hooguit {}", "{} of meer"),
    "ru": ("до {}", "от {}"),
}
"""Likewise of other quantities."""
_VOWELS: Final = frozenset("aeiouyàâäéèêëîïôöùûü")
YEAR_SIGN: Final = {"zh": "年", "ja": "年", "ko": "년"}

ITEM: Final = {
    "en": "item",
    "zh": "物品",
    "es": "artículo",
    "fr": "article",
    "de": "Artikel",
    "pt": "item",
    "ja": "アイテム",
    "ko": "항목",
    "pl": "pozycja",
    "tr": "öğe",
    "it": "articolo",
    "nl": "item",
    "ru": "вещь",
}
ITEMS: Final = {
    **ITEM,
    "en": "items",
    "es": "artículos",
    "fr": "articles",
    "pt": "itens",
    "it": "articoli",
    "nl": "items",
    "ru": "вещи",
    "pl": "pozycje",
    "tr": "öğe",
}
KNOWN: Final = {
    "en": "know it",
    "zh": "已了解",
    "es": "lo conozco",
    "fr": "déjà connu",
    "de": "kenne ich",
    "pt": "já conheço",
    "ja": "知っている",
    "ko": "알아요",
    "pl": "znam",
    "tr": "biliyorum",
    "it": "lo conosco",
    "nl": "ken ik al",
    "ru": "уже знаю",
}
COUNTER: Final = {"zh": "个", "ja": "件", "ko": "개"}


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
    having: dict[str, str] = Field(
        default_factory=dict,
        description="how several items that have a value are told from others, beside their noun: {en = 'by {value}'}",
    )
    shared: dict[str, str] = Field(
        default_factory=dict,
        description="how it is said that an item has a value of another one: {en = 'from the director of {titles}'}; "
        "`{value}` may stand in it, too",
    )
    shared_many: dict[str, str] = Field(
        default_factory=dict,
        description="the same of several values, where that differs: {en = 'from the directors of {titles}'}",
    )
    said: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="value -> the whole fact, where it is not `fact` with the value in it; such a value is said alone: "
        "{paris = {en = 'set in Paris'}}",
    )
    refused: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="value -> how it is said that it is not wanted: {Musical = {en = 'no musicals'}}",
    )
    in_fact: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="value -> its form within `fact` and `having`: {US = {en = 'the United States'}}",
    )
    standard: Standard = Field(
        default="",
        description="'territory' for ISO 3166 codes, 'language' for English names of languages: what `names` lacks is "
        "then taken from the Unicode CLDR",
    )
    people: bool = Field(default=False, description="values are names of people: linked by surname too")
    soft: bool = Field(
        default=False,
        description="a value asked for is a wish that moves the ranking, not a limit (themes); avoiding it is a limit",
    )
    qualities: tuple[str, ...] = Field(
        default=(),
        description="values that say what an item is like ('bleak'), not what it has ('a heist'); said without `fact`",
    )
    warnings: tuple[str, ...] = Field(
        default=(), description="values that warn of something or give it away: never a reason; said without `fact`"
    )
    untold: tuple[str, ...] = Field(
        default=(),
        description="values that are true but tell too little by themselves, or hold of a part only: never a reason",
    )
    unit: str = Field(default="", description="'year' for calendar years, else a unit such as 'pages' or 'EUR'")
    words: tuple[str, ...] = Field(default=(), description="words that name the field or unit in a message")
    synonyms: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="value -> everyday words for it in any language ('Comedy': ['funny', '喜剧'])",
    )
    synonyms_in: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="language -> value -> words for it in messages of that language only; 'lustig*' is every word that "
        "begins so: {de = {Comedy = ['lustig*', 'was zu lachen']}}",
    )
    names: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="value -> display name by language ('Comedy': {zh = '喜剧'})"
    )
    on_card: bool = Field(default=True, description="shown on the item card")
    order: tuple[str, ...] = Field(
        default=(),
        description="the values of a category from least to most, where they have an order (sizes, age ratings): "
        "limits 'min' and 'max' then work",
    )
    scale: tuple[float, float] | None = Field(
        default=None, description="of a score: the lowest and the highest there can be, [0, 10]"
    )
    one_suffices: bool = Field(
        default=False,
        description="of several values that are asked for one is enough (services, sizes, languages), not all",
    )
    ask: bool = Field(
        default=False, description="asked for beside a list, once in a conversation, where it splits the items well"
    )
    role: Role = Field(
        default="",
        description="for whom an item is: 'suits_from' (a number: the age from which it suits) or how much it has of "
        "'violence', 'sex', 'fear', 'profanity' or 'sorrow' (an ordered category): limits only, never a reason",
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        """Check that order and role go with the kind."""
        if self.order and (self.kind is not FieldKind.CATEGORY or len({*self.order}) < max(2, len(self.order))):
            raise ValueError("order: expected a category with two different values or more, each once")
        if self.role == SUITS_FROM and self.kind is not FieldKind.NUMBER:
            raise ValueError("role suits_from: expected kind = 'number' (an age in years)")
        if self.role in CONTENT and not self.order:
            raise ValueError(f"role {self.role}: expected kind = 'category' with an order, as {list(LEVELS)}")
        return self

    def label_in(self, language: str) -> str:
        """The field's label in a language, English where there is none."""
        return self.label.get(language) or self.label.get("en") or self.name

    def value_in(self, value: str, language: str) -> str:
        """A value's display name in a language, the value itself where there is none; a span of numbers in words."""
        span = parse_span(value) if self.kind is FieldKind.NUMBER else None
        if span is not None:
            return self._span_in(span, language)
        named = self.names.get(value, {})
        return named.get(language) or _standard_name(self.standard, value, language) or named.get("en") or value

    def fact_in(self, value: str, language: str) -> str:
        """The fact that an item has a value, as a phrase: 'directed by Michael Mann'."""
        return self.fact_of(self.within(value, language), language)

    def said_of(self, value: str, language: str) -> str:
        """The whole fact of a value that has one of its own: 'set in Paris'; '' for others."""
        return self.said.get(value, {}).get(self._written(language), "")

    @property
    def alone(self) -> tuple[str, ...]:
        """The values with a whole fact of their own, which is said alone."""
        return tuple(value for value, phrases in self.said.items() if "en" in phrases)

    def has_phrase(self, value: str, language: str) -> bool:
        """Whether a value is said in a phrase of that language, not as a bare name, or behind a label."""
        before, _, after = self.fact.get(self._written(language), "with {value}").partition("{value}")
        is_phrase = bool(before or after) and not before.rstrip().endswith((":", "："))
        return value in self.qualities or bool(self.said_of(value, language)) or is_phrase

    def _written(self, language: str) -> str:
        """The language that its words are in where they are to be read in another one."""
        return language if language in self.label else "en"

    def fact_of(self, words: str, language: str) -> str:
        """The same for one or several values in words (see `within`)."""
        colon = "：" if language in ("zh", "ja") else ": "
        return _put(
            self.fact.get(self._written(language)) or f"{self.label_in(language)}{colon}{{value}}", words, language
        )

    def having_of(self, words: str, language: str) -> str:
        """What stands beside the noun of items that have a value: 'by Michael Mann'; '' for no words."""
        return _put(self.having.get(language, ""), words, language)

    def shared_of(self, words: str, titles: str, language: str, *, is_many: bool = False) -> str:
        """What an item shares with others, one value or many: 'from the director of Heat'; '' for no words."""
        code = self._written(language)
        shared = (self.shared_many.get(code, "") if is_many else "") or self.shared.get(code, "")
        return _put(_put(shared, words, language), titles, language, place="{titles}")

    def refused_of(self, value: str, language: str) -> str:
        """That a value is not wanted: 'no musicals'; '' for no words."""
        return self.refused.get(value, {}).get(language, "")

    def within(self, value: str, language: str) -> str:
        """A value's display name as it stands in a sentence: 'the United States'."""
        return self.in_fact.get(value, {}).get(self._written(language)) or self.value_in(value, language)

    def _span_in(self, span: Span, language: str) -> str:
        """'1993–1995', '1992 and before'; '20 minutes and more'."""
        unit = YEAR_SIGN.get(language, "")
        below, above = YEARS.get(language, YEARS["en"])
        if self.unit != "year":
            unit = f"{'' if language == 'zh' else ' '}{self.unit}" if self.unit else ""
            below, above = AMOUNTS.get(language, AMOUNTS["en"])
        low, high = f"{span.low:.15g}", f"{span.high:.15g}{unit}"
        if not math.isfinite(span.low):
            return below.format(high)
        if not math.isfinite(span.high):
            return above.format(f"{low}{unit}")
        return high if span.low == span.high else f"{low}–{high}"


class RemarkSpec(BaseModel):
    """Something about an item that is told of it but not asked for: a prize, what it continues."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    fact: dict[str, str] = Field(description="how it is said, by language: {en = 'a sequel to {value}'}")
    names: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="value -> its form in `fact`, by language: {oscar = {en = 'an Oscar'}}"
    )
    of_item: bool = Field(default=False, description="values are ids of other items, told by their titles")

    def fact_of(self, words: str, language: str) -> str:
        """The remark with its value in words: 'a sequel to Alien'."""
        return _put(self.fact.get(language) or self.fact.get("en", "{value}"), words, language)

    def value_in(self, value: str, language: str) -> str:
        """A value as it stands in the remark."""
        named = self.names.get(value, {})
        return named.get(language) or named.get("en") or value


class CatalogSchema(BaseModel):
    """The domain of one catalog."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    noun: dict[str, str] = Field(default_factory=lambda: dict(ITEM))
    nouns: dict[str, str] = Field(default_factory=lambda: dict(ITEMS))
    counter: dict[str, str] = Field(
        default_factory=lambda: dict(COUNTER),
        description="the word that counts items, in languages that have one: {zh = '部', ja = '本', ko = '편'}",
    )
    also_called: tuple[str, ...] = Field(default=(), description="everyday words for an item: ('movie', 'flick')")
    also_called_in: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the same in messages of one language only: {es = ['peli', 'pelis']}"
    )
    consumed: dict[str, str] = Field(
        default_factory=lambda: dict(KNOWN),
        description="the button for 'I know this one': 'seen it', 'read it', 'own it'",
    )
    fields: tuple[FieldSpec, ...] = ()
    remarks: tuple[RemarkSpec, ...] = ()
    wishes: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="starter wishes by language")
    moods: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="what everyday English words ask for: {silly = ['genres:Comedy', '-themes:bleak']}",
    )
    company: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="what company likes that is named alone, by the names of tools/audiences.toml, the first of "
        "those named counts: {elders = ['themes:heartwarming']}",
    )
    unfit: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="what company is not shown beside the levels of its contents, by the same names, unless it is "
        "asked for: {'the grieving' = ['themes:funeral']}",
    )

    def field(self, name: str) -> FieldSpec:
        """The field of that name.

        Raises:
            KeyError: The schema has no such field.
        """
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(f"no field {name!r} in the schema; it has {', '.join(f.name for f in self.fields)}")

    def of_role(self, *roles: str) -> tuple[FieldSpec, ...]:
        """The fields of some roles, in the schema's order."""
        return tuple(spec for spec in self.fields if spec.role in roles)

    @property
    def descriptive(self) -> tuple[FieldSpec, ...]:
        """The fields that say what an item is: all but those that say for whom."""
        return self.of_role("")

    @property
    def quantities(self) -> tuple[FieldSpec, ...]:
        """The number fields that say what an item is."""
        return tuple(spec for spec in self.descriptive if spec.kind is FieldKind.NUMBER)

    def of_kind(self, kind: FieldKind) -> tuple[FieldSpec, ...]:
        """The fields of one kind, in the schema's order."""
        return tuple(spec for spec in self.fields if spec.kind is kind)

    def noun_in(self, language: str) -> str:
        """'film'."""
        return self.noun.get(language) or self.noun.get("en", "item")

    def nouns_in(self, language: str) -> str:
        """'films'."""
        return self.nouns.get(language) or self.nouns.get("en", "items")

    def counter_in(self, language: str) -> str:
        """The word that counts items; '' in languages without one."""
        return self.counter.get(language, "")


def _put(template: str, words: str, language: str, place: str = "{value}") -> str:
    """A template with its place filled; French drops the vowel of 'de' before another one."""
    if language == "fr" and words[:1].casefold() in _VOWELS:
        template = template.replace(f"de {place}", f"d’{place}")
    return template.replace(place, words)


@cache
def _standard_name(standard: Standard, value: str, language: str) -> str:
    """A country's or language's name by the Unicode CLDR; '' where it has none."""
    if not standard:
        return ""
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return ""
    if standard == "territory":
        return str(locale.territories.get(value, ""))
    return str(locale.languages.get(_language_codes().get(value, ""), ""))


@cache
def _language_codes() -> dict[str, str]:
    """English name of a language -> its code."""
    return {str(name): str(code) for code, name in Locale("en").languages.items()}


def read_schema(path: Path) -> CatalogSchema:
    """Read a schema from TOML.

    Raises:
        OSError: The file cannot be read.
        pydantic.ValidationError: It does not have the form of `CatalogSchema`.
    """
    return CatalogSchema.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
