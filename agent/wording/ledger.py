"""What a turn may state: items it shows or looked up, values it found, numbers it counted, the user's words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.recommendation import Recommendation
from retrieval.ranking import broken_by
from retrieval.spans import parse_span
from tools import ToolContext

ROWS = 30
"""Rows of a look-up that a model got to see."""
NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f']\d{3}(?!\d))*(?:[.,]\d+)?")
GROUPING = re.compile(r"[.,\u00a0\u202f'](?=\d{3}(?!\d))")

Fact = tuple[str, str]
"""Field and value."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What prose is held against."""

    item_ids: frozenset[str] = frozenset()
    """Items that may be named."""
    on_screen: tuple[str, ...] = ()
    """The ids of the cards, in order."""
    values: frozenset[Fact] = frozenset()
    """Values that were asked for or looked up, whichever item has them."""
    numbers: frozenset[str] = frozenset()
    """Counts and limits."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the cards say, by item id."""
    names: tuple[str, ...] = ()
    """Other names that may stand in prose: what places of the list are for, what the catalog lacks."""
    said: str = ""
    """The user's own words, of the whole conversation."""
    language: str = "en"

    @classmethod
    def of(cls, context: ToolContext, cards: Sequence[Recommendation], *, said: str = "") -> "Ledger":
        """The ledger of a turn.

        Args:
            context: What its tools brought.
            cards: The list and its near misses.
            said: The user's own words.
        """
        wish = context.preference
        ending = context.ending
        shown = tuple(card.item.item_id for card in cards)
        named = {
            *shown,
            *context.shown,
            *context.shown_before,
            *wish.liked,
            *wish.disliked,
            *wish.seen,
            *context.facts,
            *(ending.item_ids if ending is not None else ()),
            *(step[0] for path in context.paths for step in path.path),
            *(item_id for lookup in context.lookups for item_id in lookup.item_ids[:ROWS]),
            *_candidates(context),
        }
        limits = [*wish.constraints, *(limit for lookup in context.lookups for limit in lookup.limits)]
        values = {(limit.field, str(value)) for limit in limits for value in limit.values}
        values |= {(wanted.field, wanted.value) for wanted in wish.wishes}
        values |= {(name, value) for path in context.paths for _, name, value in path.path}
        counted = [str(lookup.total) for lookup in context.lookups]
        bounds = [f"{value:.15g}" for limit in limits for value in limit.values if isinstance(value, float | int)]
        bounds += [f"{bound:.15g}" for leaning in wish.leanings for bound in _bounds(leaning.more)]
        sizes = [str(wish.count), str(len(cards)), str(len(context.catalog))]
        return cls(
            item_ids=frozenset(item_id for item_id in named if item_id in context.catalog),
            on_screen=shown,
            values=frozenset(values),
            numbers=frozenset((*counted, *bounds, *sizes, *_ranks(context))),
            texts={
                card.item.item_id: (card.explanation.text, *(one.text for one in card.explanation.statements))
                for card in cards
            },
            names=(*context.problems.unknown, *(card.slot for card in cards if card.slot)),
            said=said,
            language=wish.language,
        )


def numbers_in(text: str) -> list[str]:
    """The numbers in a text, without the signs that group digits: '1,682' -> '1682'."""
    return [GROUPING.sub("", found) for found in NUMBER.findall(text)]


def _bounds(span: str) -> Iterable[float]:
    found = parse_span(span)
    return () if found is None else (found.low, found.high)


def _ranks(context: ToolContext) -> Iterable[str]:
    """Where items that were asked about stand."""
    for item_id, standing in context.standings.items():
        yield from (str(standing.rank), str(standing.total))
        if item_id in context.ranked:
            yield str(context.ranked.index(item_id) + 1)


def _candidates(context: ToolContext) -> Iterable[str]:
    """What searches brought and the wish allows."""
    limits = context.preference.constraints
    for candidates in context.by_channel.values():
        for candidate in candidates[:ROWS]:
            if candidate.item_id in context.catalog and not broken_by(context.catalog, candidate.item_id, limits):
                yield candidate.item_id
