"""Whatever the endpoint does: cards or an honest sentence within the deadline, and what the user told is kept."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from agent.agent import Agent
from agent.events import Finished, Recommended
from agent.loop import turn
from retrieval.preference import Op
from tests.agent.conftest import MakeAgent, events, visitor
from tests.fakes import Calls, Drip, Hang, Raw, ScriptedChatModel, Status

WISH = "a comedy after 1990, zorb"
BAD_CHUNK = b'data: {"choices": [{"delta": {"content": "Wat\n\ndata: [DONE]\n\n'
FAULTS = {
    "html": Raw(b"<html><body>Welcome</body></html>", "text/html"),
    "an empty object": Raw(b"{}"),
    "no choices": Raw(b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'),
    "an error with status 200": Raw(b'{"error": {"message": "no", "type": "server_error"}}'),
    "an error that is a string": Raw(b'{"error": "no"}'),
    "half a document": Raw(b'{"id": "1", "choices": [{"mess'),
    "nothing": Raw(b""),
    "a bad chunk": Raw(BAD_CHUNK, "text/event-stream"),
    "ten megabytes": Raw(b"x" * (10 << 20)),
    "an endless drip": Drip(),
    "silence": Hang(),
    "an error status": Status(500),
    "too many requests": Status(429),
    "too many requests, come back in a minute": Status(429, retry_after="55"),
    "overloaded, come back in a minute": Status(503, retry_after="55"),
}
DEADLINE_S = 2.0


@pytest.mark.parametrize("driver", ["tools", "schema"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_endpoint_leaves_cards_within_the_deadline(
    make_agent: MakeAgent, model: ScriptedChatModel, fault: str, driver: str
):
    agent = await make_agent(model, driver=driver, llm={"turn_s": DEADLINE_S, "timeout_s": 60})
    model.steps, model.readings = [FAULTS[fault]] * 4, [FAULTS[fault]] * 4
    started = time.monotonic()

    reply = await agent.reply(visitor(agent), WISH)

    # the offline driver needs no more than the rest of the turn; the margin is for a busy machine
    assert time.monotonic() - started < DEADLINE_S + 8
    assert reply.recommendations
    assert all("Comedy" in card.item.values["genres"] for card in reply.recommendations)
    assert reply.trace.driver == "offline"
    assert any("model" in notice for notice in reply.notices)
    assert ("year", Op.MIN) in {(limit.field, limit.op) for limit in reply.conversation.preference.constraints}


@pytest.mark.parametrize("fault", ["html", "a bad chunk", "ten megabytes", "an endless drip", "silence", "nothing"])
async def test_a_model_that_breaks_while_writing_leaves_the_cards_and_a_template(
    make_agent: MakeAgent, model: ScriptedChatModel, fault: str
):
    agent = await make_agent(model, llm={"turn_s": DEADLINE_S, "timeout_s": 60})
    model.steps, model.prose = [Calls.of(("recommend", {}))], [FAULTS[fault]]

    emitted = await events(agent.stream(visitor(agent), WISH))

    reply = emitted[-1].reply
    assert isinstance(emitted[-1], Finished)
    assert any(isinstance(event, Recommended) for event in emitted)
    assert reply.recommendations
    assert reply.text


async def test_what_the_model_noted_before_it_failed_is_kept(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model)
    patch = {"limits": [{"field": "genres", "value": "Romance"}], "likes": ["Babe"]}
    model.steps = [Calls.of(("update_wish", patch)), Status(500), Status(500)]
    conversation = visitor(agent)

    reply = await agent.reply(conversation, "something")

    assert [limit.key for limit in reply.conversation.preference.constraints] == ["genres:is:Romance"]
    assert all("Romance" in card.item.values["genres"] for card in reply.recommendations)
    assert len(agent.state.feedback_of(conversation.user_id)) == 1


@pytest.mark.parametrize(
    "steps",
    [
        [Calls.of(("no_such_tool", {}))] * 4,
        [Calls.of(("update_wish", "{not json"))] * 4,
        [Calls.of(("update_wish", {"limits": [{"field": "no_such_field", "value": 1}]}))] * 4,
        [Calls.of(("recommend", {"count": "many"}))] * 4,
        ["I think you would enjoy Heat."] * 4,
    ],
    ids=["an unknown tool", "no json", "no such field", "a wrong type", "prose in place of calls"],
)
async def test_calls_that_cannot_be_carried_out_end_in_the_offline_driver(
    talking: Agent, model: ScriptedChatModel, steps: list
):
    model.steps = list(steps)

    reply = await talking.reply(visitor(talking), WISH)

    assert reply.trace.driver == "offline"
    assert reply.recommendations


async def test_the_same_call_again_and_again_ends_with_the_steps_of_the_turn(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    agent = await make_agent(model, llm={"most_steps": 3})
    model.steps = [Calls.of(("cf_scores", {"liked": ["Heat"]}))] * 9

    reply = await agent.reply(visitor(agent), WISH)

    assert len([call for call in model.calls if call.purpose == "step"]) <= 3
    assert [run.error for run in reply.trace.tools][:2] == ["", "refused"]
    assert reply.recommendations


async def test_after_two_failures_the_model_is_left_alone_and_comes_back(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    agent = await make_agent(model, llm={"retry_s": 0.2})
    model.steps, model.prose = [Status(500)] * 4, [Status(500)] * 10_000  # it stays away until it is told to come back
    conversation = visitor(agent)
    for _ in range(2):
        conversation = (await agent.reply(conversation, WISH)).conversation
    asked = len(model.calls)

    reply = await agent.reply(conversation, WISH)

    assert len([call for call in model.calls[asked:] if call.purpose == "step"]) == 0
    assert reply.trace.driver == "offline"
    assert "left alone" in agent.chooser.status
    model.prose = []
    while agent.chooser.is_left_alone:  # noqa: ASYNC110  nothing tells of it
        await asyncio.sleep(0.05)
    again = await agent.reply(reply.conversation, WISH)
    assert again.trace.driver == "tools"


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A server that takes connections and never says a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        server.close()


async def test_a_server_that_never_said_a_word_is_not_waited_for_half_a_turn(
    make_agent: MakeAgent, silent_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turn, "UNHEARD_S", 0.2)
    agent = await make_agent(url=silent_url, llm={"turn_s": 120, "timeout_s": 120})
    conversation = visitor(agent)

    async with asyncio.timeout(50):
        for _ in range(2):
            reply = await agent.reply(conversation, WISH)
            conversation = reply.conversation

    assert reply.recommendations
    assert reply.trace.driver == "offline"
    assert "left alone" in agent.chooser.status


@pytest.mark.parametrize("driver", ["tools", "schema"])
async def test_a_model_that_is_slow_from_the_start_is_waited_for_as_ever(
    make_agent: MakeAgent, model: ScriptedChatModel, monkeypatch: pytest.MonkeyPatch, driver: str
):
    monkeypatch.setattr(turn, "UNHEARD_S", 2.0)
    agent = await make_agent(model, driver=driver, llm={"turn_s": 120, "timeout_s": 120})
    model.may_decide.clear()

    replying = asyncio.create_task(agent.reply(visitor(agent), WISH))
    await asyncio.sleep(3.0)
    model.may_decide.set()

    assert (await replying).trace.driver == driver


async def test_readiness_says_that_a_model_that_answers_is_left_alone(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, llm={"retry_s": 60})
    model.steps = [Status(500)] * 4
    conversation, before = visitor(agent), await agent.ready()

    for _ in range(2):
        conversation = (await agent.reply(conversation, WISH)).conversation

    after = await agent.ready()
    assert (before["model"], after["model"]) == ("ok", "failed in two turns and is left alone for a while")


async def test_readiness_reads_no_answer_without_end(make_agent: MakeAgent):
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"[" * 65536)
                await writer.drain()

    async with await asyncio.start_server(pour, "127.0.0.1", 0) as server:
        agent = await make_agent(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", driver="offline")
        ready = await agent.ready()
        server.close()

    assert ready["model"] == "ok"


async def test_no_words_of_a_user_reach_the_log(
    make_agent: MakeAgent, model: ScriptedChatModel, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG", logger="agent")
    caplog.set_level("DEBUG", logger="tools")
    agent = await make_agent(model, llm={"turn_s": 2})
    model.steps = [Calls.of(("update_wish", {"about": "xylophones"}), ("boom", {})), Status(500), Status(500)]

    await agent.reply(visitor(agent), "a zeppelin story with xylophones")

    assert "zeppelin" not in caplog.text
    assert "xylophone" not in caplog.text


async def test_a_schema_step_that_is_no_json_is_tried_once_more(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, driver="schema")
    model.readings = ["not json", json.dumps(["not", "an", "object"])]

    reply = await agent.reply(visitor(agent), WISH)

    assert len(model.calls) == 2
    assert reply.trace.driver == "offline"


@pytest.fixture
def full_endpoint() -> Iterator[str]:
    """An endpoint whose queue of connections is full: the next one is neither taken nor refused."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize("driver", ["tools", "schema"])
async def test_an_endpoint_that_takes_no_connection_leaves_cards_and_is_then_left_alone(
    make_agent: MakeAgent, full_endpoint: str, driver: str
):
    agent = await make_agent(url=full_endpoint, driver=driver, llm={"turn_s": 1.0, "timeout_s": 60})
    conversation = visitor(agent)
    for _ in range(2):
        reply = await agent.reply(conversation, WISH)
        assert reply.recommendations
        assert reply.trace.driver == "offline"

    assert agent.chooser.is_left_alone
    reply = await agent.reply(conversation, WISH)
    assert [run for run in reply.trace.llm if run.purpose != "write"] == []
