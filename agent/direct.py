"""What programs ask for without a turn: items by description, why an item, items side by side. Nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.recommendation import Explanation, Recommendation, Statement
from agent.wording.cards import disclosed
from agent.wording.explain import explain, statement
from agent.wording.telling import Telling
from retrieval.candidates import Candidate
from retrieval.items import Item
from retrieval.preference import Constraint
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind
from tools import ToolContext


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Items that keep some limits, the nearest first."""

    items: tuple[Recommendation, ...]
    total: int
    """How many keep the limits in all."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Items side by side; a field of which nothing is known for an item has no values there."""

    items: tuple[Item, ...]
    fields: Mapping[str, tuple[tuple[str, ...], ...]]
    """Field -> the values of each item, in the items' order."""
    shared: Mapping[str, tuple[str, ...]]
    """Field -> the values that all of them have."""
    connections: tuple[Statement, ...]
    """How the first two hang together."""


def search(context: ToolContext, description: str, limits: Sequence[Constraint], *, k: int) -> SearchResult:
    """Items by what they are about, within limits and lasting tastes; what the user knows is left out.

    Args:
        context: Whose wish and history count.
        description: In words; '' for the popular ones first.
        limits: Beside those of the wish.
        k: The most items.
    """
    constraints = (*context.preference.constraints, *limits)
    total, order = context.retriever.matching(constraints)
    nearest = context.retriever.search(description, constraints, context.preference, context.history)
    candidates = nearest if description else context.retriever.candidates_of(order, "catalog", constraints)
    return SearchResult(
        tuple(_as_card(candidate, rank, context) for rank, candidate in enumerate(candidates[:k], 1)), total
    )


def explain_item(context: ToolContext, item_id: str) -> Recommendation:
    """An item with all that the recommenders say of it for this user and wish, whether it would be on the list or not.

    Raises:
        UnknownItemError: There is no such item.
    """
    context.catalog.item(item_id)
    brought = context.run(context.retriever.channel_names, (item_id,)).by_channel
    candidates = [candidate for many in brought.values() for candidate in many if candidate.item_id == item_id]
    scores = {name: score for candidate in candidates for name, score in candidate.scores.items()}
    evidence = tuple(dict.fromkeys(piece for candidate in candidates for piece in candidate.evidence))
    merged = context.retriever.explain(Candidate(item_id, scores, evidence), context.preference)
    return _as_card(merged, 1, context)


def compare(retriever: Retriever, item_ids: Sequence[str]) -> Comparison:
    """Items side by side.

    Raises:
        UnknownItemError: One of them is not in the catalog.
    """
    items = tuple(retriever.catalog.item(item_id) for item_id in item_ids)
    fields = {
        spec.name: tuple(_values(item, spec.name, spec.kind) for item in items) for spec in retriever.schema.fields
    }
    known = {name: values for name, values in fields.items() if any(values)}
    shared = {
        name: tuple(value for value in values[0] if all(value in more for more in values))
        for name, values in known.items()
    }
    links = tuple(
        Statement(statement(connection, retriever.catalog), connection)
        for connection in retriever.connections(items[0].item_id, items[1].item_id)
    )
    return Comparison(items, known, {name: values for name, values in shared.items() if values}, links)


def _values(item: Item, name: str, kind: FieldKind) -> tuple[str, ...]:
    if kind is FieldKind.NUMBER:
        return (f"{item.numbers[name]:.15g}",) if name in item.numbers else ()
    return item.values.get(name, ())


def _as_card(candidate: Candidate, rank: int, context: ToolContext) -> Recommendation:
    wish = context.preference
    words: Explanation = explain(candidate, context.catalog, wish.language, telling=Telling.of(wish, context.catalog))
    score = candidate.score or max(candidate.scores.values(), default=0.0)
    card = Recommendation(context.catalog.item(candidate.item_id), rank, words, score, dict(candidate.scores))
    return disclosed(card, context.catalog, wish.language)
