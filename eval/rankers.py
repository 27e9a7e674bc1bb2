"""Who is asked at each place of recorded dialogues: the agent as shipped, one of its components, or a bare model."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.conversation import Conversation, Role
from agent.events import Finished
from agent.learning.play import Player
from agent.learning.transcripts import Question, question_of
from agent.recommendation import Reply
from eval.places import Query
from eval.predictions import Prediction, RankedItem
from eval.readers.naming import linked
from eval.readers.suggestions import SuggestionReader
from eval.zero_shot import Proposer
from retrieval.errors import RecommenderError
from retrieval.history import UserHistory
from retrieval.items import Catalog
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


def of_agent(agent: "Agent", k: int) -> Answer:
    """The agent itself, with what was said before as its conversation; a turn without a list is an empty ranking."""
    catalog = agent.retriever.catalog
    reader = SuggestionReader.of(catalog)

    async def answer(ask: Query) -> Prediction:
        started = time.perf_counter()
        try:
            reply = await reply_to(
                agent, question_of(ask.dialogue_id, ask.turn_index, ask.before), k=min(k, MOST_CARDS)
            )
        except RecommenderError as error:
            made = prediction(ask, (), catalog, time.perf_counter() - started)
            return made.model_copy(update={"error": str(error)})
        cards, prose = listed(reply), reader.read(reply.text)
        made = prediction(ask, cards, catalog, time.perf_counter() - started)
        foreign = prose.foreign + sum(item_id not in catalog for item_id in cards)
        return made.model_copy(update={"named": len(cards) + len(prose.items) + prose.foreign, "foreign": foreign})

    return answer


async def reply_to(agent: "Agent", question: Question, *, k: int) -> Reply:
    """The agent's answer to one question, with `k` places; its list where nothing was said yet. Nothing is stored.

    Raises:
        RecommenderError: It has none.
    """
    before: Conversation = agent.from_messages([(turn.role, turn.text) for turn in question.before], user_id=None)
    if len(before.turns) == len(question.before):  # what was recommended then counts as shown on cards
        turns = (
            replace(turn, shown=old.recommended) if old.role is Role.ASSISTANT and old.recommended else turn
            for turn, old in zip(before.turns, question.before, strict=True)
        )
        before = replace(before, turns=tuple(turns))
    before, said = replace(before, preference=replace(before.preference, count=k)), question.message.strip()
    events = agent.stream(before, said, store=False) if said else agent.rerank(before, keep=False)
    async for event in events:
        if isinstance(event, Finished):
            return event.reply
    raise RecommenderError("the agent ended without an answer")


def listed(reply: Reply) -> tuple[str, ...]:
    """The items of the cards in their order; near misses, which stand apart, come last."""
    return tuple(card.item.item_id for card in (*reply.recommendations, *reply.near_misses))


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
    """The bare model: its titles in their order, without those that came up before; unknown ones are counted."""

    async def answer(ask: Query) -> Prediction:
        started, titles, error = time.perf_counter(), list[str](), ""
        try:
            titles = await proposer.titles(ask)
        except RecommenderError as failed:
            error = str(failed)
        ids = [linked(title, proposer.catalog) for title in titles]
        known = {item_id for turn in ask.before for item_id in (*turn.recommended, *(m.item_id for m in turn.mentions))}
        fresh = [item_id for item_id in dict.fromkeys(ids) if item_id and item_id not in known]
        made = prediction(ask, fresh[:k], proposer.catalog, time.perf_counter() - started)
        return made.model_copy(update={"named": len(titles), "foreign": ids.count(None), "error": error})

    return answer


def prediction(ask: Query, ids: Sequence[str], catalog: Catalog, seconds: float) -> Prediction:
    """A ranking with titles; the score of a place is one over its rank."""
    items = tuple(
        RankedItem(item_id=item_id, title=catalog.item(item_id).label, score=round(1 / rank, 5))
        for rank, item_id in enumerate(ids, start=1)
        if item_id in catalog
    )
    return Prediction(dialogue_id=ask.dialogue_id, turn_index=ask.turn_index, items=items, seconds=round(seconds, 5))
