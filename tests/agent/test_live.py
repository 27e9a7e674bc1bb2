"""The agent with the real small model: what it understands, what it says, what it costs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation
from agent.intent import Act
from agent.recommendation import Reply
from agent.settings import LlmSettings, Settings
from retrieval.preference import Op
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state
from tests.agent.conftest import visitor

pytestmark = pytest.mark.live

Over = Callable[[Retriever], Awaitable[Agent]]


@pytest.fixture
async def over(model_url: str, tmp_path: Path) -> AsyncIterator[Over]:
    """An agent with the real model over a retriever; what users tell it stays in the test's own folder."""
    opened: list[Agent] = []

    async def make(retriever: Retriever) -> Agent:
        retrieval = RetrievalSettings(data_dir=tmp_path, tool_timeout_s=30)
        settings = Settings(llm=LlmSettings(url=model_url, timeout_s=300), retrieval=retrieval)
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
    assert [run.error for run in calls] == [""] * len(calls)
    assert len(calls) <= 2
    assert all(0 < run.completion_tokens <= agent.settings.llm.understand_tokens for run in calls)
    assert all(one.item.item_id in agent.catalog for one in (*reply.recommendations, *reply.near_misses))
    assert all(
        agent.catalog.satisfies(one.item, limit)
        for one in reply.recommendations
        for limit in reply.intent.preference.constraints
    )
    assert reply.text


def labels(agent: Agent, item_ids: tuple[str, ...]) -> list[str]:
    return [agent.catalog.item(one).label for one in item_ids]


@pytest.mark.parametrize(
    ("message", "act", "liked", "disliked", "limits"),
    [
        ("Something like Fargo, but with more heart", Act.RECOMMEND, ["Fargo (1996)"], [], []),
        ("science fiction after 1990", Act.RECOMMEND, [], [], ["genres:is:Sci-Fi", "year:min:1991"]),
        ("I was bored by The English Patient", Act.FEEDBACK, [], ["The English Patient (1996)"], []),
        ("I loved Alien and Aliens", Act.FEEDBACK, ["Alien (1979)", "Aliens (1986)"], [], []),
        ("我喜欢《Titanic》，想看爱情片", Act.RECOMMEND, ["Titanic (1997)"], [], ["genres:is:Romance"]),
        ("九十年代的喜剧", Act.RECOMMEND, [], [], ["genres:is:Comedy", "year:max:1999", "year:min:1990"]),
        ("who directed Vertigo?", Act.ASK, [], [], []),
        ("My boss was awful today and the train was late", Act.CHAT, [], [], []),
    ],
)  # fmt: skip
async def test_the_small_model_understands(
    over: Over,
    demo_retriever: Retriever,
    message: str,
    act: Act,
    liked: list[str],
    disliked: list[str],
    limits: list[str],
):
    agent = await over(demo_retriever)

    understood = await agent.understanding.understand(Conversation(), message)

    intent = understood.intent
    assert understood.notice == ""
    assert intent.act is act
    assert labels(agent, intent.liked) == liked
    assert labels(agent, intent.disliked) == disliked
    assert sorted(one.key for one in intent.preference.constraints) == limits


async def test_a_conversation_keeps_its_limits(over: Over, demo_retriever: Retriever):
    agent = await over(demo_retriever)

    first, second, third = await talk(
        agent,
        "A clever heist after 1980, no horror please",
        "something older than that, but not the first one",
        "why the first one?",
    )

    assert len(first.recommendations) == 5
    assert all(one.item.year > 1980 and "Horror" not in one.item.values["genres"] for one in first.recommendations)
    shown = {one.item.item_id for one in (*second.recommendations, *second.near_misses)}
    assert shown
    assert first.recommendations[0].item.item_id not in shown
    assert all("Horror" not in one.item.values["genres"] for one in second.recommendations)
    assert third.intent.topic == "why"
    assert third.text.startswith("I picked ")


async def test_a_chinese_conversation_is_answered_in_chinese(over: Over, demo_retriever: Retriever):
    agent = await over(demo_retriever)

    first, second, third = await talk(agent, "想看九十年代的喜剧", "第一部看过了，换一个", "谢谢")

    assert all(1990 <= one.item.year <= 1999 and "Comedy" in one.item.values["genres"] for one in first.recommendations)
    assert first.recommendations[0].item.item_id in second.intent.seen
    assert first.recommendations[0].item.item_id not in [one.item.item_id for one in second.recommendations]
    assert third.intent.act is Act.CHAT
    assert all(any("\u4e00" <= char <= "\u9fff" for char in reply.text) for reply in (first, second, third))


async def test_the_same_agent_talks_about_books(over: Over, books_retriever: Retriever):
    agent = await over(books_retriever)

    first, second, third = await talk(
        agent, "I loved Frankenstein, what else is there?", "under 300 pages please", "who wrote the first one?"
    )

    frankenstein = agent.catalog.find_title("Frankenstein")[0].item_id
    assert first.intent.liked == (frankenstein,)
    assert frankenstein not in [one.item.item_id for one in first.recommendations]
    pages = [one for one in second.intent.preference.constraints if one.field == "pages"]
    assert [(one.op, one.values) for one in pages] == [(Op.MAX, (300.0,))]
    assert second.recommendations
    assert all(one.item.numbers["pages"] <= 300 for one in second.recommendations)
    assert third.intent.act is Act.ASK
    assert any(author in third.text for author in second.recommendations[0].item.values["authors"])
