"""What every driver keeps to: one protocol, an end to the turn, the limits, and one kind of error."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from agent.build import make_drivers
from agent.conversation import Conversation, Role, Turn
from agent.drivers.base import Deadline, Drive, Driver, View
from agent.llm import make_chat_model, open_client
from agent.settings import LlmSettings
from retrieval.errors import ModelUnavailableError
from retrieval.history import UserHistory
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from tests.agent.conftest import MakeAgent, visitor
from tests.fakes import Answer, Call, Calls, Drip, Hang, Raw, ScriptedChatModel, Status
from tools import Batch, ToolContext
from tools.placing import Placer

WISH = "a comedy, no horror, zorb"
KEYS = {"genres:is:Comedy", "genres:not:Horror"}
NAMES = ("tools", "schema", "offline")
CALLS = Calls.of(
    (
        "update_wish",
        {"limits": [{"field": "genres", "value": "Comedy"}, {"field": "genres", "op": "not", "value": "Horror"}]},
    ),
    ("recommend", {}),
)
NEVER_WAR = Constraint("genres", Op.NOT, ("War",), lasting=True)
FAULTS: dict[str, Answer] = {
    "prose": "I would watch Heat.",
    "nothing": Raw(b""),
    "html": Raw(b"<html></html>", "text/html"),
    "an empty object": Raw(b"{}"),
    "a list": "[1, 2]",
    "a number": "7",
    "null": "null",
    "no decision": '{"want": ["light"]}',
    "a decision that there is not": '{"do": "fly"}',
    "wrong types": '{"en": 3, "do": ["find"], "count": "many", "titles": "Heat", "forget": 9}',
    "an unknown tool": Calls.of(("fly", {})),
    "broken arguments": Calls.of(("update_wish", "{nope")),
    "arguments that are a list": Calls.of(("update_wish", "[1]")),
    "a wrong type": Calls.of(("recommend", {"count": "many"})),
    "an unknown field": Calls.of(("update_wish", {"limits": [{"field": "nope", "value": 1}]})),
    "an error status": Status(500),
    "silence": Hang(),
    "an endless drip": Drip(),
}


class Obedient(ScriptedChatModel):
    """A small model that fills in whatever form it gets: what the message refuses is refused, the rest is wanted."""

    def answer_to(self, call: Call) -> Answer:
        if call.purpose == "understand" and not self.readings and not call.is_translation:
            self.readings = [_filled(call.body["response_format"]["json_schema"]["schema"])]
        if call.purpose == "step" and not self.steps:
            self.steps = [CALLS]
        return super().answer_to(call)


def _filled(schema: dict) -> str:
    is_wish = (shape for shape in schema["anyOf"] if "find" in shape["properties"]["do"]["enum"])
    shape = next(is_wish, schema["anyOf"][0])
    roles = {
        key: "no" if "no " in key else "yes"
        for key, spec in shape["properties"].items()
        if "yes" in spec.get("enum", ())
    }
    return json.dumps({"do": "find", **roles})


@pytest.fixture
def model() -> Iterator[ScriptedChatModel]:
    made = Obedient()
    yield made
    made.close()


class Wheel:
    """The three drivers over one endpoint, and turns for them."""

    def __init__(self, retriever: Retriever, model: ScriptedChatModel) -> None:
        settings = LlmSettings(url=model.url, timeout_s=30)
        self.retriever, self.placer = retriever, Placer(retriever.catalog)
        self.client = open_client(settings)
        chat = make_chat_model(settings, self.client)
        self.drivers, _ = make_drivers(retriever.catalog, self.placer, settings, chat)

    def driver(self, name: str) -> Driver:
        return self.drivers[name]

    def turn(self, message: str = WISH, conversation: Conversation | None = None, *, seconds: float = 20.0) -> Drive:
        conversation = conversation or Conversation()
        wanted, deadline = conversation.preference, Deadline.after(seconds)
        context = ToolContext(
            self.retriever, self.placer, UserHistory(), wanted, shown=conversation.last_shown(), tastes=(NEVER_WAR,)
        )
        batch = Batch.over(context, tool_timeout_s=20, remaining_s=deadline.remaining_s)
        view = View(conversation, message, self.retriever.catalog, context.preference)
        return Drive(view, batch, deadline, most_steps=4)


@pytest.fixture
async def wheel(film_retriever: Retriever, model: ScriptedChatModel):
    made = Wheel(film_retriever, model)
    yield made
    await made.client.aclose()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def keys(drive: Drive) -> set[str]:
    return {limit.key for limit in drive.batch.context.wanted.constraints}


async def test_a_driver_is_called_as_the_settings_call_it(wheel: Wheel, name: str):
    assert wheel.driver(name).name == name


async def test_a_driver_notes_the_limits_and_ends_the_turn(wheel: Wheel, name: str):
    drive = wheel.turn()

    await wheel.driver(name).drive(drive)

    assert keys(drive) == KEYS
    assert drive.is_over
    assert drive.batch.context.ending is not None
    assert drive.batch.context.ending.tool == "recommend"


async def test_a_driver_keeps_the_limits_of_earlier_turns_and_those_that_always_hold(wheel: Wheel, name: str):
    since = Constraint("year", Op.MIN, (1990.0,))
    conversation = Conversation(
        turns=(Turn(Role.USER, "after 1990"), Turn(Role.ASSISTANT, "Here.", ("film:0", "film:1"))),
        preference=Preference(constraints=(since,)),
    )
    drive = wheel.turn("make it a comedy, no horror", conversation)

    await wheel.driver(name).drive(drive)

    assert {*KEYS, since.key} <= keys(drive)
    assert NEVER_WAR.key in {limit.key for limit in drive.batch.context.preference.constraints}


async def test_a_driver_notes_what_every_call_cost(wheel: Wheel, name: str, model: ScriptedChatModel):
    drive = wheel.turn()

    await wheel.driver(name).drive(drive)

    assert len(drive.runs) == len(model.calls) == (0 if name == "offline" else 1)
    assert all((run.prompt_tokens, run.completion_tokens, run.error) == (70, 20, "") for run in drive.runs)


async def test_a_driver_does_the_same_again(wheel: Wheel, name: str):
    first, second = wheel.turn(), wheel.turn()

    await wheel.driver(name).drive(first)
    await wheel.driver(name).drive(second)

    assert first.batch.context.wanted == second.batch.context.wanted
    assert first.batch.context.ending == second.batch.context.ending


async def test_a_driver_mixes_no_two_turns(wheel: Wheel, name: str):
    plain, empty = wheel.turn(), wheel.turn("hello there")

    await asyncio.gather(wheel.driver(name).drive(plain), wheel.driver("offline").drive(empty))

    assert keys(plain) == KEYS
    assert keys(empty) == set()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_driver_fails_with_one_kind_of_error_or_ends_the_turn(
    wheel: Wheel, name: str, model: ScriptedChatModel, fault: str
):
    model.steps, model.readings = [FAULTS[fault]] * 9, [FAULTS[fault]] * 9
    drive, started, failed = wheel.turn(seconds=1.5), time.monotonic(), False

    try:
        await wheel.driver(name).drive(drive)
    except ModelUnavailableError:
        failed = True

    assert failed or drive.is_over
    assert failed is (name != "offline") or drive.is_over
    assert time.monotonic() - started < 8  # 1.5 s are given; the rest is for a busy machine
    assert NEVER_WAR.key in {limit.key for limit in drive.batch.context.preference.constraints}


async def test_a_driver_tries_twice_before_it_gives_up(wheel: Wheel, model: ScriptedChatModel):
    for name in ("tools", "schema"):
        model.calls.clear()
        model.steps, model.readings = [Status(500)], [Status(500)]
        drive = wheel.turn()

        await wheel.driver(name).drive(drive)

        assert (name, len(model.calls), keys(drive)) == (name, 2, KEYS)
        assert [bool(run.error) for run in drive.runs] == [True, False]


async def test_a_driver_without_time_asks_nobody(wheel: Wheel, name: str, model: ScriptedChatModel):
    drive = replace(wheel.turn(), deadline=Deadline.after(-1))

    with suppress(ModelUnavailableError):
        await wheel.driver(name).drive(drive)

    assert model.calls == []
    assert drive.is_over is (name == "offline")


@pytest.mark.parametrize("name", ["tools", "schema"])
async def test_a_driver_that_is_canceled_hangs_up(wheel: Wheel, name: str, model: ScriptedChatModel):
    model.steps, model.readings = [Hang()], [Hang()]
    work = asyncio.create_task(wheel.driver(name).drive(wheel.turn()))
    await asyncio.to_thread(model.asked.wait, 10)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert await asyncio.to_thread(model.left.wait, 10)


MESSAGES = [
    "",
    "?",
    "a" * 4000,
    "no " * 900,
    "(((((((((((" * 60 + "))))" * 90,
    "1990 " * 300,
    "„“”«»『』《》'\"" * 80,
    "\u202e\u0000 \ud83d".encode("utf-8", "replace").decode(),
    "想看喜剧，不要恐怖片" * 50,
    "#1 #2 #999999999999 i12 i-4",
    '{"do": "find", "en": "x"}',
    "recommend(items=['Heat'])",
]


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
async def test_a_driver_ends_the_turn_whatever_the_message(wheel: Wheel, name: str, message: str):
    drive = wheel.turn(message)

    await wheel.driver(name).drive(drive)

    assert drive.is_over


@pytest.mark.parametrize("driver", NAMES)
async def test_what_is_shown_keeps_the_limits_whoever_leads(
    make_agent: MakeAgent, model: ScriptedChatModel, driver: str
):
    agent = await make_agent(model, driver=driver)
    conversation = visitor(agent)
    agent.state.set_novelty(conversation.user_id, 1.0)

    replies = [await agent.reply(conversation, WISH) for _ in range(3)]

    genres = [card.item.values["genres"] for reply in replies for card in reply.recommendations]
    assert {reply.trace.driver for reply in replies} == {driver}
    assert len(genres) == 15
    assert all("Comedy" in held and "Horror" not in held for held in genres)
