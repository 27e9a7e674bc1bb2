"""Who is asked at each place of recorded dialogues: the agent as shipped, one of its components, or a bare model."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.learning.play import Player
from agent.learning.transcripts import question_of
from eval.places import Query
from eval.predictions import Prediction, RankedItem, append
from eval.replay import ask as ask_agent
from eval.replay import known_titles
from eval.zero_shot import Proposer
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.resources import Progress, silent
from retrieval.retriever import Retriever

if TYPE_CHECKING:
    from agent.agent import Agent

AGENT, ZERO_SHOT = "agent", "zero-shot"
COMPONENTS: Mapping[str, str] = {"popularity": "trend", "content": "content", "cf": "factors"}
"""Channels that can be measured alone, by what reports call them; they hear what the agent hears without a model."""
SYSTEMS = (AGENT, *COMPONENTS, ZERO_SHOT)
MOST_CARDS = 10
"""The agent shows at most this many."""
Answer = Callable[[Query], Awaitable[Prediction]]


async def answer_all(
    answer: Answer, asks: Sequence[Query], out: Path, *, parallel: int = 1, progress: Progress = silent
) -> None:
    """Ask for every place, several at once, and write each answer as soon as it is there.

    A stop loses only what is on its way: what is written is whole.
    """
    waiting = iter(asks)
    done = 0
    with out.open("a", encoding="utf-8") as file:

        async def work() -> None:
            nonlocal done
            for ask in waiting:
                append(file, [await answer(ask)])
                done += 1
                progress("turns", done, len(asks))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(asks))):
                group.create_task(work())


def of_agent(agent: "Agent", k: int) -> Answer:
    """The agent itself, with what was said before as its conversation; a turn without a list is an empty ranking."""
    catalog = agent.retriever.catalog
    titles = known_titles(catalog)

    async def answer(ask: Query) -> Prediction:
        question = question_of(ask.dialogue_id, ask.turn_index, ask.before)
        reply = await ask_agent(agent, question, k=min(k, MOST_CARDS), titles=titles)
        made = prediction(ask, reply.ranked, catalog, reply.total_s)
        return made.model_copy(update={"named": reply.named, "foreign": len(reply.foreign), "error": reply.error})

    return answer


def of_component(retriever: Retriever, name: str, k: int) -> Answer:
    """One channel alone, without what came up before; where it knows nothing, its ranking is empty."""
    player = Player.of(retriever.catalog)

    async def answer(ask: Query) -> Prediction:
        started = time.perf_counter()
        wish, shown = await player.heard(ask.before)
        known = {item_id for shown_list in shown for item_id in shown_list}
        candidates = retriever.run(COMPONENTS[name], wish, UserHistory(), k + len(known))
        ids = [candidate.item_id for candidate in candidates if candidate.item_id not in known][:k]
        return prediction(ask, ids, retriever.catalog, time.perf_counter() - started)

    return answer


def zero_shot(proposer: Proposer, k: int) -> Answer:
    """The bare model: its titles in their order, without those that came up before."""

    async def answer(ask: Query) -> Prediction:
        proposal = await proposer.propose(ask)
        known = {item_id for turn in ask.before for item_id in (*turn.recommended, *(m.item_id for m in turn.mentions))}
        ids = [proposer.catalog.items[row].item_id for row in proposal.rows]
        made = prediction(
            ask, [item_id for item_id in ids if item_id not in known][:k], proposer.catalog, proposal.seconds
        )
        return made.model_copy(update={"named": proposal.named, "foreign": proposal.foreign, "error": proposal.error})

    return answer


def prediction(ask: Query, ids: Sequence[str], catalog: Catalog, seconds: float) -> Prediction:
    """A ranking with titles; the score of a place is one over its rank."""
    items = tuple(
        RankedItem(item_id=item_id, title=catalog.item(item_id).label, score=round(1 / rank, 5))
        for rank, item_id in enumerate(ids, start=1)
        if item_id in catalog
    )
    return Prediction(dialogue_id=ask.dialogue_id, turn_index=ask.turn_index, items=items, seconds=round(seconds, 5))
