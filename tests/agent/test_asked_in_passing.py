"""What the page's views ask of the agent without a turn: nothing is stored, and no model is asked."""

import pytest

from agent.agent import Agent
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.fakes import ScriptedChatModel


@pytest.fixture
async def talking(make_agent: MakeAgent, model: ScriptedChatModel) -> Agent:
    return await make_agent(model)


async def test_why_not_is_answered_from_the_ranking_in_any_language(talking: Agent, model: ScriptedChatModel):
    talk = (await talking.reply(visitor(talking), "a crime story")).conversation
    shown, before = talk.last_shown(), talking.state.export_user(str(talk.user_id))
    missing = next(item.item_id for item in talking.catalog if item.item_id not in shown)
    asked = len(model.calls)

    listed = await talking.why_not(talk, shown[0], language="en")
    other = await talking.why_not(talk, missing, language="de")

    title = talking.catalog.item(missing).title
    assert "1" in listed
    assert title in other
    assert other != await talking.why_not(talk, missing, language="en")
    assert talking.state.export_user(str(talk.user_id)) == before
    assert len(model.calls) == asked


async def test_an_item_is_explained_for_whoever_asks(talking: Agent):
    talk = visitor(talking)
    await talking.feedback(talk, film_id("Casino"), FeedbackKind.LIKE)

    told = await talking.explain(talk, film_id("Fargo"), language="es")

    assert told.item.item_id == film_id("Fargo")
    assert told.explanation.statements


async def test_a_like_turns_what_is_believed_of_its_kind(talking: Agent):
    talk = visitor(talking)
    before = {tendency.value: tendency for tendency in await talking.tendencies(talk)}
    for title in ("Casino", "Fargo"):
        talk, _ = await talking.feedback(talk, film_id(title), FeedbackKind.LIKE)

    after = {tendency.value: tendency for tendency in await talking.tendencies(talk)}

    assert set(after) == set(before)
    assert all(abs(tendency.mean) < 1e-6 for tendency in before.values())
    assert after["Crime"].mean > 0
    assert after["Crime"].deviation <= before["Crime"].deviation
