"""What an answer has to fill a field with: the facts of a recommended item, and what the turn as a whole says.

The words of a domain come from the catalog's schema; the others are what programs call such fields.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from pydantic import JsonValue

from agent.recommendation import Recommendation, Reply
from agent.wording.messages import LANGUAGES
from retrieval.items import Catalog
from retrieval.schema import FieldKind, FieldSpec

Of = TypeVar("Of")
Kind = Literal["text", "number", "list", "flag"]
_PARTS = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+")


@dataclass(frozen=True, slots=True)
class Source(Generic[Of]):
    """Something that is known, under the names that a field for it may have."""

    meaning: str
    """In words, for a model that chooses among sources."""
    read: Callable[[Of], JsonValue]
    """Its value; None where it is not known."""
    names: frozenset[str]
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Sources:
    """All that fields can be filled with."""

    item: Mapping[str, Source[Recommendation]]
    answer: Mapping[str, Source[Reply]]
    nouns: frozenset[str]
    """What a list of items is called."""


def sources_of(catalog: Catalog) -> Sources:
    """The sources of answers about one catalog."""
    schema = catalog.schema
    nouns = _names((*schema.noun.values(), *schema.nouns.values(), *schema.also_called))
    fields = {spec.name: _field(spec) for spec in schema.fields}
    return Sources({**_item_sources(nouns), **fields}, _ANSWER, nouns | _names(_LISTS))


def find(name: str, sources: Mapping[str, Source[Of]], fits: Callable[[Kind], bool] = bool) -> Source[Of] | None:
    """The source that a field is named after: the whole name, else its last part, else its first."""
    parts = words_of(name)
    for said in (" ".join(parts), *parts[-1:], *parts[:1]):
        named = (source for source in sources.values() if said in source.names and fits(source.kind))
        source = next(named, None)
        if source is not None:
            return source
    return None


def words_of(name: str) -> list[str]:
    """The parts of a field's name, in the singular: 'releaseYears' -> 'release', 'year'."""
    return [_singular(part.casefold()) for part in _PARTS.findall(name)]


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(words_of(name)) for name in names)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_LISTS = (
    "recommendations",
    "suggestions",
    "items",
    "results",
    "picks",
    "choices",
    "titles",
    "names",
    "list",
    "response",
)


def _item_sources(nouns: frozenset[str]) -> dict[str, Source[Recommendation]]:
    """What every recommended item has, whatever the catalog holds."""
    return {
        "title": Source("its title", lambda card: card.item.title, _names(("title", "name")) | nouns),
        "item_id": Source("its id", lambda card: card.item.item_id, _names(("id", "identifier", "sku", "key"))),
        "label": Source("its title with the year", lambda card: card.item.label, _names(("label", "display name"))),
        "reason": Source(
            "why it is recommended",
            lambda card: card.explanation.text or None,
            _names(("reason", "why", "explanation", "rationale", "justification", "reasoning", "because")),
        ),
        "text": Source(
            "what it is about",
            lambda card: card.item.text or None,
            _names(("description", "summary", "synopsis", "overview", "about", "plot", "blurb")),
        ),
        "rank": Source(
            "its place in the list, from 1", lambda card: card.rank, _names(("rank", "position", "place")), "number"
        ),
        "score": Source(
            "the score that it was ranked by", lambda card: card.score, _names(("score", "relevance")), "number"
        ),
        "propensity": Source(
            "the probability that it was shown with", lambda card: card.propensity, _names(("propensity",)), "number"
        ),
        "exploratory": Source(
            "whether it is a guess, made to learn",
            lambda card: card.exploratory,
            _names(("exploratory", "guess", "is guess")),
            "flag",
        ),
        "evidence": Source(
            "the facts that speak for it",
            lambda card: [statement.text for statement in card.explanation.statements],
            _names(("evidence", "facts", "reasons", "highlights")),
            "list",
        ),
        "disclosure": Source(
            "what the house says of it ('Sponsored')",
            lambda card: card.disclosure or None,
            _names(("disclosure", "ad label", "sponsored label")),
        ),
        "slot": Source(
            "what its place in the list is for", lambda card: card.slot or None, _names(("slot", "for whom"))
        ),
    }


_ANSWER: dict[str, Source[Reply]] = {
    "words": Source(
        "what is said in words",
        lambda reply: reply.text,
        _names(("text", "answer", "message", "reply", "summary", "content", "introduction", "comment", "explanation")),
    ),
    "notices": Source(
        "what the user should know",
        lambda reply: list(reply.notices),
        _names(("notices", "notes", "warnings", "caveats")),
        "list",
    ),
    "count": Source(
        "how many items are recommended",
        lambda reply: len(reply.recommendations),
        _names(("count", "total", "number")),
        "number",
    ),
    "language": Source(
        "the code of the language",
        lambda reply: reply.intent.preference.language,
        _names(("language", "lang", "locale")),
    ),
}


def _field(spec: FieldSpec) -> Source[Recommendation]:
    """A field of the catalog, under its labels in every language."""
    name = spec.name

    def number(card: Recommendation) -> JsonValue:
        return card.item.numbers.get(name)

    def values(card: Recommendation) -> JsonValue:
        return [spec.value_in(value, "en") for value in card.item.values.get(name, ())]

    labels = (spec.label_in(language) for language in LANGUAGES)
    names, meaning = _names((name, *labels, *spec.words)), f"its {spec.label_in('en')}"
    if spec.kind is FieldKind.NUMBER:
        return Source(meaning, number, names, "number")
    return Source(meaning, values, names, "list")
