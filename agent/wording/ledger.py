"""What a turn may state: items it shows or looked up, what it counted, values that were asked for, the user's words.

Made anew each turn from what the conversation showed and what the tools brought, so a reload loses nothing of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.recommendation import Recommendation
from retrieval.ranking import broken_by
from tools import ToolContext

ROWS = 30
"""Rows of a look-up that a model got to see."""

Fact = tuple[str, str]
"""Field and value."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What prose is held against."""

    item_ids: frozenset[str] = frozenset()
    """Items that may be named."""
    listed: tuple[str, ...] = ()
    """The list on screen, in order: '#2' is the second."""
    on_screen: tuple[str, ...] = ()
    """The same with its near misses."""
    pools: tuple[tuple[str, ...], ...] = ()
    """Lists among which an item may be the oldest, or the only one; the first that has it counts."""
    count: int | None = None
    """What the last look-up counted."""
    values: frozenset[Fact] = frozenset()
    """Values that were asked for or looked up, whichever item has them."""
    names: tuple[str, ...] = ()
    """Other words that may stand in prose: what places of the list are for, what the catalog lacks."""
    said: str = ""
    """The user's own words, of the whole conversation."""
    language: str = "en"
    size: int = 0
    """How many items there are to choose from; 0 where nobody said."""

    @classmethod
    def of(
        cls,
        context: ToolContext,
        cards: Sequence[Recommendation] = (),
        near: Sequence[Recommendation] = (),
        *,
        said: str = "",
        told: Iterable[str] = (),
    ) -> "Ledger":
        """The ledger of a turn.

        Args:
            context: What its tools brought.
            cards: The list.
            near: Its near misses.
            said: The user's own words.
            told: Ids of items that earlier answers named.
        """
        shown = tuple(card.item.item_id for card in cards)
        missed = tuple(card.item.item_id for card in near)
        listed = shown or missed or context.shown
        asked = context.ending.item_ids if context.ending is not None else ()
        wholes = [lookup.item_ids for lookup in context.lookups if lookup.total == len(lookup.item_ids)]
        named = {*shown, *missed, *told, *asked, *_found(context)}
        wish = context.preference
        return cls(
            item_ids=frozenset(item_id for item_id in named if item_id in context.catalog),
            listed=listed,
            on_screen=(*shown, *missed) or listed,
            pools=(*((asked,) if not shown else ()), listed, *wholes),
            count=_count(context),
            values=_values(context),
            names=(*context.problems.unknown, *(card.slot for card in (*cards, *near) if card.slot)),
            said=said,
            language=wish.language,
            size=context.catalog.size,
        )


def _found(context: ToolContext) -> Iterable[str]:
    """Every item that the conversation showed, the wish names or the tools brought."""
    wish = context.preference
    yield from (*context.shown, *context.shown_before, *wish.liked, *wish.disliked, *wish.seen, *context.facts)
    yield from (step[0] for path in context.paths for step in path.path)
    yield from (item_id for lookup in context.lookups for item_id in lookup.item_ids[:ROWS])
    for candidates in context.by_channel.values():
        for candidate in candidates[:ROWS]:
            if candidate.item_id in context.catalog and not broken_by(
                context.catalog, candidate.item_id, wish.constraints
            ):
                yield candidate.item_id


def _count(context: ToolContext) -> int | None:
    counted = [lookup for lookup in context.lookups if lookup.is_asked] or list(context.lookups)
    return counted[-1].total if counted else None


def _values(context: ToolContext) -> frozenset[Fact]:
    wish = context.preference
    limits = [*wish.constraints, *(limit for lookup in context.lookups for limit in lookup.limits)]
    values = {(limit.field, str(value)) for limit in limits for value in limit.values}
    values |= {(wanted.field, wanted.value) for wanted in wish.wishes}
    values |= {(name, value) for path in context.paths for _, name, value in path.path}
    return frozenset(values)
