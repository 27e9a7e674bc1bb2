"""A turn that is stopped: what it waits for ends, what it brought stays, and the conversation goes on."""

import asyncio
from contextlib import aclosing, suppress

import pytest

from agent.agent import Agent
from agent.conversation import Conversation, Role, Turn
from agent.events import Event, Recommended, TextDelta, Understood
from agent.partial_turn import PartialTurn
from agent.turn_record import recommendations_of
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.fakes import Calls, Cut, Hang, ScriptedChatModel

PROSE = "These fit what you asked for. They have a lot"
CRIME_SINCE = Calls.of(
    ("update_wish", {"limits": [{"field": "genres", "value": "Crime"}, {"field": "year", "op": "min", "value": 1991}]}),
    ("recommend", {}),
)
LIKE_HEAT = Calls.of(("update_wish", {"similar_to": ["Heat"]}), ("search_catalog", {}), ("recommend", {}))


async def stopped_while_writing(agent: Agent, conversation: Conversation, message: str) -> PartialTurn:
    """Stop at the first word of the prose."""
    half = PartialTurn(message)
    async with aclosing(agent.stream(conversation, message)) as events:
        async for event in events:
            match event:
                case Understood():
                    half = PartialTurn(message, event.intent, event.wanted)
                case Recommended():
                    half = PartialTurn(message, half.intent, half.wanted, event.recommendations, event.near_misses)
                case TextDelta():
                    return PartialTurn(
                        message, half.intent, half.wanted, half.recommendations, half.near_misses, text=event.text
                    )
    raise AssertionError("nothing was written")


async def test_closing_the_events_ends_the_call_that_writes(talking: Agent, model: ScriptedChatModel):
    model.prose = [Cut(PROSE, stalling=True)]

    half = await stopped_while_writing(talking, visitor(talking), "a crime story")

    assert half.text == "These fit what you asked for. "
    assert await asyncio.to_thread(model.left.wait, 60)


@pytest.mark.parametrize("driver", ["tools", "schema"])
async def test_canceling_ends_the_call_that_decides(make_agent: MakeAgent, model: ScriptedChatModel, driver: str):
    agent = await make_agent(model, driver=driver)
    model.steps, model.readings = [Hang()], [Hang()]
    conversation = visitor(agent)

    async def read() -> list[Event]:
        return [event async for event in agent.stream(conversation, "what would a zorb enjoy tonight")]

    turn = asyncio.create_task(read())
    await asyncio.to_thread(model.asked.wait, 10)
    turn.cancel()
    with suppress(asyncio.CancelledError):
        await turn
    stopped = await agent.stop(conversation, PartialTurn("what would a zorb enjoy tonight"))

    assert await asyncio.to_thread(model.left.wait, 60)
    assert stopped.turns == (
        Turn(Role.USER, "what would a zorb enjoy tonight"),
        Turn(Role.ASSISTANT, "", stopped=True),
    )
    assert (await agent.reply(stopped, "a crime story")).recommendations


async def test_a_turn_that_the_user_stops_is_no_failure_of_the_model(talking: Agent, model: ScriptedChatModel):
    for _ in range(3):
        model.steps = [Hang()]
        model.asked.clear()
        turn = asyncio.create_task(talking.reply(visitor(talking), "hm"))
        await asyncio.to_thread(model.asked.wait, 10)
        turn.cancel()
        with suppress(asyncio.CancelledError):
            await turn

    assert not talking.chooser.is_left_alone
    assert talking.chooser.failures == 0


async def test_what_a_stopped_turn_had_noted_of_the_user_stays(talking: Agent, model: ScriptedChatModel):
    conversation = visitor(talking)
    model.steps = [Calls.of(("update_wish", {"likes": ["Heat"]}), ("recommend", {}))]
    model.prose = [Cut(PROSE, stalling=True)]

    half = await stopped_while_writing(talking, conversation, "I loved Heat")
    stopped = await talking.stop(conversation, half)

    assert [given.item_id for given in talking.state.feedback_of(conversation.user_id)] == [film_id("Heat")]
    assert stopped.preference.liked == (film_id("Heat"),)
    assert stopped.last_shown() == tuple(card.item.item_id for card in half.recommendations)


async def test_the_half_reply_is_kept_and_the_next_message_builds_on_it(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    agent = await make_agent(model)
    model.steps, model.prose = [CRIME_SINCE], [Cut(PROSE, stalling=True)]
    conversation = visitor(agent)
    half = await stopped_while_writing(agent, conversation, "crime, after 1990")

    stopped = await agent.stop(conversation, half)
    again = await (await make_agent()).conversations.load(conversation.conversation_id)
    refused = stopped.last_shown()[0]
    model.steps = [Calls.of(("update_wish", {"dislikes": ["#1"]}), ("recommend", {}))]
    second = await agent.reply(stopped, "not the first one")

    assert again == stopped
    assert stopped.turns[-1].stopped
    assert stopped.turns[-1].text == half.text
    assert [limit.key for limit in second.intent.preference.constraints] == ["genres:is:Crime", "year:min:1991"]
    assert second.intent.disliked == (refused,)
    assert [row.title for row in agent.state.conversations_of(conversation.user_id)] == ["crime, after 1990"]


async def test_the_reasons_of_every_turn_are_kept_stopped_or_not(talking: Agent, model: ScriptedChatModel):
    model.steps = [LIKE_HEAT]
    first = await talking.reply(visitor(talking), "something like Heat")
    model.prose = [Cut(PROSE, stalling=True)]
    half = await stopped_while_writing(talking, first.conversation, "older")
    stopped = await talking.stop(first.conversation, half)

    shown = await talking.shown(stopped)

    assert sorted(shown) == [1, 3]
    cards = recommendations_of(shown[1].cards, talking.catalog)
    assert [card.explanation for card in cards] == [card.explanation for card in first.recommendations]
    assert [dict(card.channels) for card in cards] == [dict(card.channels) for card in first.recommendations]
    assert shown[1].trace is not None
    assert [run.name for run in shown[1].trace.tools] == [run.name for run in first.trace.tools]
    assert shown[1].chips == first.intent.chips
    assert shown[3].trace is None
    assert [card.item_id for card in shown[3].cards] == [card.item.item_id for card in half.recommendations]


async def test_the_reasons_are_exported_and_erased_with_the_user(agent: Agent):
    reply = await agent.reply(visitor(agent), "something like Heat")
    user_id = reply.conversation.user_id

    exported = await agent.export(user_id)
    await agent.erase(user_id)

    assert film_id("Heat") in str(exported["shown"])
    assert await agent.shown(reply.conversation) == {}


async def test_nothing_is_kept_of_a_turn_that_is_not_to_be_kept(agent: Agent):
    reply = await agent.reply(visitor(agent), "something like Heat", keep=False)

    assert await agent.shown(reply.conversation) == {}
