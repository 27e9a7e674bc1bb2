"""Which driver leads: by what the endpoint does in a probe, never by what it is called."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.drivers.probe import FILE
from tests.agent.conftest import MakeAgent, visitor
from tests.fakes import Calls, Hang, ScriptedChatModel, Status

LIMITS = Calls.of(
    (
        "update_wish",
        {"limits": [{"field": "genres", "value": "Drama"}, {"field": "genres", "op": "not", "value": "Comedy"}]},
    )
)
SECOND = Calls.of(("update_wish", {"similar_to": ["#2"]}), ("search_catalog", {}))
TALK = Calls.of(("answer", {"kind": "talk", "text": "Good night!"}))
GREETS = Calls.of(("greet", {"name": "Ada"}))


async def settled(agent: Agent) -> Agent:
    """After the probe."""
    agent.chooser.start()
    for _ in range(200):
        if agent.chooser.finding is not None:
            return agent
        await asyncio.sleep(0.02)
    raise AssertionError("the probe did not end")


async def test_a_model_that_calls_tools_well_leads_by_tools(make_agent: MakeAgent, model: ScriptedChatModel):
    model.steps = [GREETS, LIMITS, SECOND, TALK]

    agent = await settled(await make_agent(model, driver="auto"))

    assert agent.chooser.status == "tools: right tool calls in 3 of 3 trials"
    model.steps = [Calls.of(("recommend", {}))]
    assert (await agent.reply(visitor(agent), "hm")).trace.driver == "tools"


async def test_an_endpoint_without_tool_calls_is_asked_one_short_question_only(
    make_agent: MakeAgent, model: ScriptedChatModel
):
    model.steps = ['{"name": "greet", "arguments": {"name": "Ada"}}']

    agent = await settled(await make_agent(model, driver="auto"))

    assert agent.chooser.status == "schema: the endpoint makes no native tool calls"
    assert [call.purpose for call in model.calls].count("step") == 1
    assert len(json.dumps(model.calls[0].body["messages"])) < 300


async def test_a_model_that_calls_the_wrong_tools_leads_by_schema(make_agent: MakeAgent, model: ScriptedChatModel):
    empty = Calls.of(("update_wish", {}))
    model.steps = [GREETS, empty, Calls.of(("recommend", {})), Calls.of(("nonsense", {}))]

    agent = await settled(await make_agent(model, driver="auto"))

    assert agent.chooser.status == "schema: right tool calls in 0 of 3 trials"


async def test_invalid_arguments_do_not_count_as_right(make_agent: MakeAgent, model: ScriptedChatModel):
    wrong = Calls.of(("update_wish", {"limits": [{"field": "no_such", "value": 1}, {"field": "genres", "value": 2}]}))
    model.steps = [GREETS, wrong, Calls.of(("update_wish", "{broken")), TALK]

    agent = await settled(await make_agent(model, driver="auto"))

    assert agent.chooser.status == "schema: right tool calls in 1 of 3 trials"


async def test_the_finding_is_kept_and_not_asked_for_again(
    make_agent: MakeAgent, model: ScriptedChatModel, tmp_path: Path
):
    model.steps = [GREETS, LIMITS, SECOND, TALK]
    await settled(await make_agent(model, driver="auto"))
    asked = [call.purpose for call in model.calls].count("step")

    agent = await settled(await make_agent(model, driver="auto"))

    assert [call.purpose for call in model.calls].count("step") == asked
    assert agent.chooser.status.startswith("tools")
    assert model.url not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize("name", ["gpt-9-ultra-700b", "tiny-0.1b"])
async def test_the_name_of_a_model_decides_nothing(make_agent: MakeAgent, model: ScriptedChatModel, name: str):
    model.steps = ["no calls here"]

    agent = await settled(await make_agent(model, driver="auto", llm={"model": name}))

    assert agent.chooser.status.startswith("schema")


async def test_a_damaged_file_of_findings_is_no_harm(make_agent: MakeAgent, model: ScriptedChatModel, tmp_path: Path):
    (tmp_path / FILE).write_text("{broken")
    model.steps = ["no calls here"]

    agent = await settled(await make_agent(model, driver="auto"))

    assert agent.chooser.status.startswith("schema")
    assert json.loads((tmp_path / FILE).read_text())


async def test_a_setting_overrides_the_probe(make_agent: MakeAgent, model: ScriptedChatModel):
    agent = await make_agent(model, driver="offline")
    agent.chooser.start()

    reply = await agent.reply(visitor(agent), "a comedy")

    assert model.calls == []
    assert reply.trace.driver == "offline"
    assert reply.trace.reason == "set by RECONTEUR_LLM__DRIVER"


async def test_warming_does_not_wait_for_a_model_that_hangs(make_agent: MakeAgent, model: ScriptedChatModel):
    model.steps = [Hang()]
    agent = await make_agent(model, driver="auto")

    await asyncio.wait_for(agent.warm(), 60)

    assert agent.chooser.status == "schema: the language model was not probed yet"


async def test_without_a_model_the_offline_driver_leads(agent: Agent):
    reply = await agent.reply(visitor(agent), "a comedy")

    assert reply.trace.driver == "offline"
    assert agent.chooser.status == "offline: no language model is set"


async def test_a_probe_that_fails_is_tried_again(make_agent: MakeAgent, model: ScriptedChatModel):
    model.steps = [Status(500), GREETS, LIMITS, SECOND, TALK]

    agent = await settled(await make_agent(model, driver="auto", llm={"retry_s": 0.05}))

    assert agent.chooser.status.startswith("tools")
