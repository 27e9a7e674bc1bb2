"""The agent with the real small model: what it understands, what it says, what it costs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation, Role
from agent.intent import Act, Intent
from agent.recommendation import Reply
from agent.settings import LlmSettings, Settings
from retrieval.preference import Op
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state
from tests.agent.conftest import visitor

pytestmark = pytest.mark.live

Over = Callable[..., Awaitable[Agent]]
MOST_CALLS = 2
"""Of a turn in the driver 'schema': one, and another where the first was no answer."""


@pytest.fixture
async def over(model_url: str, tmp_path: Path) -> AsyncIterator[Over]:
    """An agent with the real model over a retriever; what users tell it stays in the test's own folder."""
    opened: list[Agent] = []

    async def make(retriever: Retriever, driver: str = "schema") -> Agent:
        retrieval = RetrievalSettings(data_dir=tmp_path, tool_timeout_s=30)
        llm = LlmSettings(url=model_url, timeout_s=300, turn_s=600, driver=driver)
        settings = Settings(llm=llm, retrieval=retrieval)
        opened.append(await assemble(retriever, open_state(retrieval), settings, seed=0))
        return opened[-1]

    yield make
    for agent in opened:
        await agent.aclose()


async def talk(agent: Agent, *messages: str) -> list[Reply]:
    """One conversation of a new user; every turn keeps what holds for all turns."""
    conversation, replies = visitor(agent), []
    for message in messages:
        reply = await agent.reply(conversation, message)
        conversation = reply.conversation
        check_turn(agent, reply)
        replies.append(reply)
    return replies


def check_turn(agent: Agent, reply: Reply) -> None:
    calls = reply.trace.llm
    assert reply.trace.driver == "schema", reply.trace.reason
    assert [run.error for run in calls] == [""] * len(calls)
    assert len(calls) <= MOST_CALLS
    assert all(0 < run.completion_tokens <= agent.settings.llm.schema_tokens for run in calls)
    assert all(card.item.item_id in agent.catalog for card in (*reply.recommendations, *reply.near_misses))
    assert all(
        agent.catalog.satisfies(card.item, limit)
        for card in reply.recommendations
        for limit in reply.intent.preference.constraints
    )
    assert reply.text


def labels(agent: Agent, item_ids: tuple[str, ...]) -> set[str]:
    return {agent.catalog.item(item_id).label for item_id in item_ids}


def limits(intent: Intent) -> set[str]:
    return {limit.key for limit in intent.preference.constraints}


PLAIN: list[tuple[str, Callable[[Agent, Intent], bool]]] = [
    ("Something like Fargo, please", lambda agent, intent: labels(agent, intent.preference.liked) == {"Fargo (1996)"}),
    ("science fiction after 1990", lambda agent, intent: limits(intent) == {"genres:is:Sci-Fi", "year:min:1991"}),
    (
        "I was bored by The English Patient",
        lambda agent, intent: labels(agent, intent.disliked) == {"The English Patient (1996)"},
    ),
    (
        "我喜欢《Titanic》，想看爱情片",
        lambda agent, intent: (
            labels(agent, intent.preference.liked) == {"Titanic (1997)"} and limits(intent) == {"genres:is:Romance"}
        ),
    ),
    (
        "九十年代的喜剧",
        lambda agent, intent: limits(intent) == {"genres:is:Comedy", "year:max:1999", "year:min:1990"},
    ),
    ("who directed Vertigo?", lambda agent, intent: intent.act is Act.ANSWER and intent.kind == "facts"),
    ("how many films by Hitchcock do you have?", lambda agent, intent: intent.kind == "count"),
    ("My boss was awful today and the train was late", lambda agent, intent: limits(intent) == set()),
]


async def test_the_small_model_understands_most_of_what_is_plain(over: Over, demo_retriever: Retriever):
    agent = await over(demo_retriever)

    missed = []
    for message, is_right in PLAIN:
        [reply] = await talk(agent, message)
        if not is_right(agent, reply.intent):
            missed.append((message, reply.intent))

    assert len(missed) <= 1, missed


STAFF = '[handover]\nwords = { en = "Our staff is glad to help.", de = "Wir helfen gern." }\n'
FOR_STAFF = (
    "Can I speak to somebody who works here, please?",
    "this is useless, get me a human",
    "I'd like to talk to customer support",
    "Kann ich bitte mit einem Menschen sprechen?",
    "我要找人工客服",
)
NOT_FOR_STAFF = (
    "a comedy about people who work in a shop",
    "Are you a real person?",
    "Could you help me find something like Fargo?",
    "hello there",
    "who directed Vertigo?",
)


async def test_it_hands_over_to_a_person_who_is_asked_for(over: Over, demo_retriever: Retriever, tmp_path: Path):
    (tmp_path / "rules.toml").write_text(STAFF, encoding="utf-8")
    agent = await over(demo_retriever)

    replies = {message: (await talk(agent, message))[0] for message in (*FOR_STAFF, *NOT_FOR_STAFF)}

    handed = {message for message, reply in replies.items() if reply.intent.act is Act.HAND_OVER}
    assert len(handed & {*FOR_STAFF}) >= len(FOR_STAFF) - 1, {*FOR_STAFF} - handed
    assert not handed & {*NOT_FOR_STAFF}


async def test_the_same_agent_talks_about_books(over: Over, books_retriever: Retriever):
    agent = await over(books_retriever)

    first, second, third = await talk(
        agent, "I loved Frankenstein, what else is there?", "under 300 pages please", "who wrote the first one?"
    )

    frankenstein = agent.catalog.find_title("Frankenstein")[0].item_id
    assert frankenstein in first.intent.preference.liked
    assert frankenstein not in [card.item.item_id for card in first.recommendations]
    pages = [limit for limit in second.intent.preference.constraints if limit.field == "pages"]
    assert [limit.op for limit in pages] == [Op.MAX]
    assert second.recommendations
    assert all(card.item.numbers["pages"] <= 300 for card in second.recommendations)
    assert third.intent.act is Act.ANSWER
    assert any(author in third.text for author in second.recommendations[0].item.values["authors"])


async def test_a_history_of_twenty_messages_costs_one_call_more(over: Over, demo_retriever: Retriever):
    agent = await over(demo_retriever)
    messages = [(Role.USER, "comedies, please"), (Role.ASSISTANT, "Noted."), (Role.USER, "only after 1990, please")]
    messages += [(Role.ASSISTANT, "Noted."), (Role.USER, "thank you")] * 8
    conversation = agent.from_messages(messages, user_id=None)

    reply = await agent.reply(conversation, "show me more", store=False, keep=False)

    assert conversation.unread
    assert len(reply.trace.llm) <= MOST_CALLS
    assert reply.recommendations
    assert not reply.conversation.unread


async def test_the_probe_finds_a_driver_while_the_agent_answers(over: Over, demo_retriever: Retriever):
    agent = await over(demo_retriever, driver="auto")

    agent.chooser.start()
    reply = await agent.reply(Conversation(), "a comedy", store=False, keep=False)
    while agent.chooser.finding is None:  # noqa: ASYNC110 - the probe tells nobody when it ends
        await asyncio.sleep(0.5)

    assert reply.recommendations
    assert agent.chooser.finding.driver in ("tools", "schema")
    assert agent.chooser.status.startswith(agent.chooser.finding.driver)
