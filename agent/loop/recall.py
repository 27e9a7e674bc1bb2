"""Runs every recommender on a wish, side by side and each within its time; what breaks or is late is left out."""

import asyncio
import logging
from collections.abc import Sequence

from agent.loop.state import TurnState
from retrieval.candidates import Candidate
from retrieval.preference import Preference
from retrieval.retriever import Retriever

logger = logging.getLogger(__name__)

LEAST_S = 1.0
"""What a recommender gets when the turn's time is spent: there is a list all the same."""

Found = dict[str, Sequence[Candidate]]
"""Candidates by channel."""


async def recall(
    state: TurnState, retriever: Retriever, preference: Preference, *, timeout_s: float, only: Sequence[str] = ()
) -> Found:
    """What every channel says of a wish, joined with what the tools of the turn found.

    Args:
        state: The turn; notes in it which channels were left out, and asks none of them twice.
        retriever: Runs the channels.
        preference: The wish.
        timeout_s: For one channel.
        only: Score just these items; empty for the best of all.
    """
    names = [name for name in retriever.channel_names if name not in state.lost]
    limit_s = min(timeout_s, max(LEAST_S, state.deadline.remaining_s()))
    brought = await asyncio.gather(*(_run(name, state, retriever, preference, limit_s, only) for name in names))
    by_channel: Found = {
        name: candidates for name, candidates in zip(names, brought, strict=True) if candidates is not None
    }
    state.lost |= set(names) - set(by_channel)
    for name, candidates in state.context.by_channel.items() if not only else ():
        if name not in state.lost:
            known = {candidate.item_id for candidate in by_channel.get(name, ())}
            by_channel[name] = (
                *by_channel.get(name, ()),
                *(candidate for candidate in candidates if candidate.item_id not in known),
            )
    return by_channel


async def _run(
    name: str, state: TurnState, retriever: Retriever, preference: Preference, limit_s: float, only: Sequence[str]
) -> list[Candidate] | None:
    """The candidates of one channel; None where it did not answer."""
    work = asyncio.to_thread(retriever.run, name, preference, state.context.history, only=only or None)
    try:
        return await asyncio.wait_for(work, limit_s)
    except Exception as error:  # whatever breaks in one recommender, the others answer
        logger.warning("recommender %s is left out: %s", name, type(error).__name__)
        return None
