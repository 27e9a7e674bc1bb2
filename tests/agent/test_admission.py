"""More turns than the model has room for: cards first, for everybody and in time; prose where there is room."""

import asyncio
from dataclasses import replace

import pytest

from agent.admission import LATER, Admission, NoRoomError
from agent.conversation import Conversation
from agent.events import Recommended
from agent.histories import HistoryCache
from agent.settings import LimitSettings
from retrieval.errors import OverloadedError
from tests.agent.conftest import MakeAgent, events, visitor
from tests.fakes import ScriptedChatModel

WISH = "a comedy after 1990, zorb"
PATIENT = {"turn_s": 600, "timeout_s": 600, "wait_share": 0.001}
"""Nothing ends by the clock but the wait in line."""


async def hold(line: Admission, until: asyncio.Event, *, patience_s: float = 60.0, rank: int = 0) -> None:
    async with line.place(patience_s, rank=rank):
        await until.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_are_let_in_than_there_are_places():
    line, over = Admission(2), asyncio.Event()
    tasks = [asyncio.create_task(hold(line, over)) for _ in range(5)]
    await settle()

    assert (line.running, line.waiting) == (2, 3)
    over.set()
    await asyncio.gather(*tasks)
    assert (line.running, line.waiting) == (0, 0)


async def test_whoever_comes_later_in_rank_waits_for_all_others():
    line, over, order = Admission(1), asyncio.Event(), []

    async def enter(name: str, rank: int) -> None:
        async with line.place(60.0, rank=rank):
            order.append(name)

    tasks = [asyncio.create_task(hold(line, over))]
    await settle()
    tasks += [asyncio.create_task(enter("prose", LATER)), asyncio.create_task(enter("decision", 0))]
    await settle()
    over.set()
    await asyncio.gather(*tasks)

    assert order == ["decision", "prose"]


async def test_a_wait_that_would_be_too_long_is_not_begun():
    line, over = Admission(1), asyncio.Event()
    over.set()
    line._mean_s = 10.0
    async with line.place(1.0):
        with pytest.raises(NoRoomError) as error:
            await hold(line, over, patience_s=4.0)
        waiting = asyncio.create_task(hold(line, over, patience_s=6.0))
        await settle()
        assert line.waiting == 1

    assert error.value.wait_s == 5.0
    await waiting


async def test_what_turns_out_to_be_too_long_a_wait_ends_at_once():
    line, first, over = Admission(1), asyncio.Event(), asyncio.Event()
    over.set()
    tasks = [asyncio.create_task(hold(line, first))]
    await settle()
    tasks += [asyncio.create_task(hold(line, over, patience_s=patience_s)) for patience_s in (60.0, 60.0, 600.0)]
    await settle()
    line._mean_s = 100.0  # nothing was known of it when they came
    first.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(event) for event in done] == [type(None), type(None), NoRoomError, type(None)]
    assert (line.running, line.waiting) == (0, 0)


async def test_patience_ends():
    line, over = Admission(1), asyncio.Event()
    over.set()
    async with line.place(1.0):
        with pytest.raises(NoRoomError):
            await hold(line, over, patience_s=0.01)
        assert line.waiting == 0

    assert line.running == 0


async def test_a_full_line_takes_nobody_more():
    line, over = Admission(1, most_waiting=1), asyncio.Event()
    tasks = [asyncio.create_task(hold(line, over)) for _ in range(2)]
    await settle()

    with pytest.raises(NoRoomError):
        await hold(line, over)
    over.set()
    await asyncio.gather(*tasks)


async def test_who_leaves_gives_the_place_on_even_in_the_moment_of_getting_it():
    line, over = Admission(1), asyncio.Event()
    first, second, third = (asyncio.create_task(hold(line, over)) for _ in range(3))
    await settle()
    first.cancel()  # hands the place to the second one ...
    await asyncio.sleep(0)
    second.cancel()  # ... which leaves before it has run
    await settle()

    assert (line.running, line.waiting) == (1, 0)
    over.set()
    await third
    assert line.running == 0
    assert first.cancelled()
    assert second.cancelled()


# Turns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["tools", "schema"])
async def test_while_the_model_works_for_one_of_eight_the_others_have_their_cards(
    make_agent: MakeAgent, model: ScriptedChatModel, driver: str
):
    agent = await make_agent(model, driver=driver, llm={**PATIENT, "calls_at_once": 1})
    model.may_decide.clear()
    tasks = {asyncio.create_task(events(agent.stream(visitor(agent), WISH))) for _ in range(8)}

    running, others = tasks, []
    while len(running) > 1:  # none of these waits for the model, which does not answer yet
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        others += [task.result() for task in done]
    asked = len(model.calls)
    model.may_decide.set()
    first = (await running.pop())[-1].reply

    replies = [turn[-1].reply for turn in others]
    assert asked == 1
    assert all(any(isinstance(event, Recommended) for event in turn) for turn in others)
    assert all(reply.recommendations and reply.text for reply in (*replies, first))
    assert {reply.trace.driver for reply in replies} == {"offline"}
    assert {reply.trace.reason for reply in replies} == {"the language model is busy with other conversations"}
    assert all(any("busy with others" in notice for notice in reply.notices) for reply in replies)
    assert (first.trace.driver, first.notices) == (driver, ())
    assert (agent.chooser.failures, agent.chooser.is_left_alone) == (0, False)


async def test_a_busy_model_is_told_once_and_again_after_it_had_time(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, llm={**PATIENT, "calls_at_once": 1})
    conversation = visitor(agent)

    async def ask(*, busy: bool) -> bool:
        nonlocal conversation
        if busy:
            async with agent._loop.calls.place(1.0):
                reply = await agent.reply(conversation, WISH)
        else:
            reply = await agent.reply(conversation, WISH)
        conversation = reply.conversation
        return any("busy" in notice for notice in reply.notices)

    assert [await ask(busy=is_busy) for is_busy in (True, True, False, True)] == [True, False, False, True]


async def test_cards_come_without_prose_where_others_wait_for_the_model(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    agent = await make_agent(model, llm={**PATIENT, "calls_at_once": 1})
    over = asyncio.Event()
    model.may_decide.clear()
    turn = asyncio.create_task(events(agent.stream(visitor(agent), WISH)))
    await asyncio.to_thread(model.asked.wait, 600)
    other = asyncio.create_task(hold(agent._loop.calls, over, patience_s=600))  # the next one in line
    await settle()
    model.may_decide.set()

    emitted = await turn
    over.set()
    await other

    reply = emitted[-1].reply
    assert model.purposes() == ["step"]
    assert any(isinstance(event, Recommended) for event in emitted)
    assert reply.trace.driver == "tools"
    assert reply.text
    assert not reply.notices


# The process -----------------------------------------------------------------------------------------------------


async def test_a_process_takes_a_few_turns_more_than_it_runs_and_refuses_the_rest(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    agent = await make_agent(model, llm=PATIENT, limits=LimitSettings(turns_at_once=1, turns_waiting=1, wait_s=600))
    model.may_decide.clear()
    tasks = [asyncio.create_task(agent.reply(visitor(agent), WISH)) for _ in range(3)]

    (refused,), others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    model.may_decide.set()

    with pytest.raises(OverloadedError) as error:
        await refused
    assert str(error.value) == (
        "expected room for one more turn, found 1 turns running and 1 waiting. Try again in 1 s."
    )
    assert all(reply.recommendations for reply in await asyncio.gather(*others))


async def test_a_turn_that_is_given_up_in_line_leaves_it(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, llm=PATIENT, limits=LimitSettings(turns_at_once=1, turns_waiting=1, wait_s=600))
    model.may_decide.clear()
    first, second = (asyncio.create_task(agent.reply(visitor(agent), WISH)) for _ in range(2))
    await asyncio.to_thread(model.asked.wait, 600)

    second.cancel()
    await asyncio.wait({second})

    assert (agent._loop.turns.running, agent._loop.turns.waiting) == (1, 0)
    model.may_decide.set()
    assert (await first).recommendations
    assert agent._loop.turns.running == 0


async def test_an_agent_for_other_users_stands_in_the_same_lines(make_agent: MakeAgent):
    agent = await make_agent()

    other = replace(agent, histories=HistoryCache())

    assert other._loop.turns is agent._loop.turns
    assert other._loop.calls is agent._loop.calls


async def test_who_reads_slowly_holds_no_place(make_agent: MakeAgent):
    agent = await make_agent(limits=LimitSettings(turns_at_once=1, turns_waiting=1))
    slow = agent.stream(Conversation(), WISH, store=False, keep=False)
    await anext(slow)

    while agent._loop.turns.running:  # noqa: ASYNC110  nothing tells of it
        await asyncio.sleep(0.01)

    assert (await agent.reply(visitor(agent), WISH)).recommendations
    await slow.aclose()
