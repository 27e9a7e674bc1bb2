"""Plays conversations through the shipped agent and writes down what a person would have seen, and what it cost."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from agent.agent import Agent
from agent.conversation import Conversation
from agent.recommendation import Recommendation, Reply
from agent.wording.values import constraint_label
from benchmarks.session import Cost, new_visitor, play
from benchmarks.unforeseen.records import Card, Case, Played, PlayedTurn, append
from eval.simulation.drawing import seeded
from eval.simulation.systems import with_rng
from retrieval.items import Catalog

logger = logging.getLogger(__name__)


async def play_all(
    agent: Agent,
    cases: Sequence[Case],
    out: Path,
    *,
    seed: int,
    parallel: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Play conversations, some side by side, and write each down as soon as it ended."""
    waiting = iter(cases)
    done = 0
    with out.open("a", encoding="utf-8") as file:

        async def work() -> None:
            nonlocal done
            for case in waiting:
                append(file, await play_case(agent, case, seed=seed))
                done += 1
                progress(done, len(cases))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(cases))):
                group.create_task(work())


async def play_case(agent: Agent, case: Case, *, seed: int) -> Played:
    """One conversation of a new user; its guesses are drawn the same, whatever was played before."""
    agent = with_rng(agent, seeded(seed, "unforeseen", case.id))
    conversation, turns = new_visitor(agent), []
    for message in case.messages:
        conversation, turn = await _turn(agent, conversation, message)
        turns.append(turn)
    return Played(id=case.id, language=case.language, kind=case.kind, messages=case.messages, turns=tuple(turns))


async def _turn(agent: Agent, conversation: Conversation, message: str) -> tuple[Conversation, PlayedTurn]:
    try:
        reply, cost = await play(agent, conversation, message)
    except Exception as error:  # one bad turn must not end a long run
        logger.exception("a turn failed")
        return conversation, PlayedTurn(message=message, error=type(error).__name__)
    return reply.conversation, played_turn(message, reply, cost, agent.catalog)


def played_turn(message: str, reply: Reply, cost: Cost, catalog: Catalog) -> PlayedTurn:
    """A turn as it is written down."""
    return PlayedTurn(
        message=message,
        text=reply.text,
        cards=_cards(reply.recommendations, reply, catalog),
        near=_cards(reply.near_misses, reply, catalog),
        notices=reply.notices,
        choices=_choices(reply, catalog),
        driver=cost.driver,
        act=str(reply.intent.act),
        calls=len(cost.llm),
        steps=len(cost.steps),
        tools=tuple(run.name for run in reply.trace.tools),
        seconds=round(cost.total_s, 3),
        cards_s=None if cost.cards_s is None else round(cost.cards_s, 3),
        prompt_tokens=sum(run.prompt_tokens for run in cost.llm),
        cached_tokens=sum(run.cached_tokens for run in cost.llm),
        answer_tokens=sum(run.completion_tokens for run in cost.llm),
    )


def _cards(recommendations: Iterable[Recommendation], reply: Reply, catalog: Catalog) -> tuple[Card, ...]:
    language = reply.intent.preference.language
    return tuple(
        Card(
            label=card.item.label,
            reason=card.explanation.text
            or ", ".join(constraint_label(constraint, catalog, language) for constraint in card.breaks),
            exploratory=card.exploratory,
            slot=card.slot,
        )
        for card in recommendations
    )


def _choices(reply: Reply, catalog: Catalog) -> tuple[str, ...]:
    """What could be clicked in answer to a question."""
    question = reply.conversation.question
    labels = [catalog.item(item_id).label for item_id in question.options if item_id in catalog] if question else []
    return tuple(dict.fromkeys((*reply.intent.choices, *labels)))
