"""For 'why' and 'why not': where the items stand in the ranking of the last list, and what would have changed that."""

import asyncio
import logging

from agent.loop.recall import LEAST_S
from agent.loop.state import TurnState
from agent.wording.messages import say
from agent.wording.why import fitting
from retrieval.items import Item
from retrieval.standing import decisive, run_all, stand

logger = logging.getLogger(__name__)

WHY, WHY_NOT = "why", "why_not"
MOST_ITEMS = 2
"""Items of one question that are weighed."""
TRYING = 0.6
"""The part of the time that goes to taking things away."""


async def weigh(state: TurnState, *, timeout_s: float) -> None:
    """Rank again for what is asked about; where that fails or is late, the answer does without.

    Args:
        state: A turn that ends with an answer.
        timeout_s: For all of it.
    """
    if state.ending.kind not in (WHY, WHY_NOT):
        return
    limit_s = min(timeout_s, max(LEAST_S, state.deadline.remaining_s() / 2))
    try:
        await asyncio.wait_for(asyncio.to_thread(_weigh, state, limit_s), limit_s)
    except Exception as error:  # whatever breaks in a recommender, there is an answer
        logger.warning("a ranking could not be run again: %s", type(error).__name__)
        state.add_notices(say("tool_down", state.language))


def _weigh(state: TurnState, seconds: float) -> None:
    context, preference, history = state.context, state.preference, state.context.history
    items = _items(state)
    lists = run_all(context.retriever, preference, history) if items else {}
    for item in items:
        context.standings |= {
            item.item_id: stand(
                context.retriever,
                lists,
                item.item_id,
                preference,
                history,
                shown=context.cards,
                before=context.shown_earlier,
            )
        }
        # without its order the list was made a place at a time, or elsewhere: one ranking does not explain it
        if state.ending.kind == WHY and item.item_id in context.cards and context.ranked:
            context.decisions |= {
                item.item_id: decisive(
                    context.retriever,
                    lists,
                    item.item_id,
                    preference,
                    history,
                    places=len(context.cards),
                    before=context.shown_earlier,
                    seconds=TRYING * seconds / MOST_ITEMS,
                )
            }


def _items(state: TurnState) -> list[Item]:
    """What the question is about: where nothing is named, the first of the last list."""
    context, is_why_not = state.context, state.ending.kind == WHY_NOT
    ids = state.ending.item_ids or (() if is_why_not else context.cards[:1])
    items = [context.catalog.item(item_id) for item_id in ids if item_id in context.catalog]
    return fitting(items, context, why_not=is_why_not)[:MOST_ITEMS]
