"""The Model Context Protocol through its own client, over both transports."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import httpx2
import mcp_types as types
import pytest
from jsonschema import Draft202012Validator
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from retrieval.state import StateStore
from tests.fakes import Calls
from tests.ui.access.conftest import add_key
from ui.access.caller import ALL_SCOPES, Scope
from ui.mcp.http import NO_MESSAGE

TOOLS = ["recommend", "search", "explain", "compare", "feedback", "taste"]


@pytest.fixture
def url(served_plain: str) -> str:
    return f"{served_plain}/mcp"


@asynccontextmanager
async def with_key(url: str, key: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def call(client: Client, tool: str, **arguments) -> dict:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    listed = {listed_tool.name: listed_tool for listed_tool in (await client.list_tools()).tools}
    Draft202012Validator(listed[tool].output_schema).validate(result.structured_content)
    return result.structured_content


async def test_the_tools_over_http(url: str):
    async with Client(url) as client:
        assert client.protocol_version == "2026-07-28"
        assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS

        shown = await call(client, "recommend", message="a crime story like Heat", user="kim")
        first = shown["recommendations"][0]
        assert shown["status"] == "complete"
        assert {"item_id", "score", "channels", "propensity", "reason", "evidence"} <= set(first)

        limits = [{"field": "year", "op": "max", "values": [1960]}]
        result = await call(client, "search", query="fear of heights", limits=limits)
        assert (result["items"][0]["title"], result["total"]) == ("Vertigo", 5)

        why = await call(client, "explain", item_id=first["item_id"], query="a crime story", user="kim")
        assert why["recommendation"]["evidence"]
        assert why["item"]["title"] == first["title"]

        both = await call(client, "compare", item_ids=["film:6", "film:7"])
        assert both["shared"]["directors"] == ["Alfred Hitchcock"]
        assert "James Stewart" in json.dumps(both["connections"])

        await call(client, "feedback", user="kim", item_id=first["item_id"], kind="like")
        taste = await call(client, "taste", user="kim")
        assert taste["liked"] == [first["item_id"]]


async def test_a_conversation_goes_on_by_its_id(url: str):
    async with Client(url) as client:
        first = await call(client, "recommend", message="recommend me something", user="kim")
        two = await call(
            client, "recommend", message="show me others", user="kim", conversation_id=first["conversation_id"]
        )
        stranger = await client.call_tool(
            "recommend", {"message": "others", "user": "ann", "conversation_id": first["conversation_id"]}
        )

    before, after = ({card["item_id"] for card in shown["recommendations"]} for shown in (first, two))
    assert after
    assert not before & after
    assert stranger.is_error


async def test_a_question_is_asked_over_the_client_and_its_answer_heard(served_capable: str, model):
    question = Calls.of(("ask_user", {"question": "Old or new?", "choices": ["Old", "New"]}))
    model.steps = [question, Calls.of(("recommend", {"items": ["Vertigo"], "count": 1}))]
    asked = []

    async def elicit(context, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"answer": "Old"})

    async with Client(f"{served_capable}/mcp", elicitation_callback=elicit) as client:
        shown = await call(client, "recommend", message="something")
        model.steps = [question]
    async with Client(f"{served_capable}/mcp") as client:
        alone = await call(client, "recommend", message="something")

    assert asked == ["Old or new?"]
    assert [card["title"] for card in shown["recommendations"]] == ["Vertigo"]
    assert (alone["status"], alone["choices"]) == ("input_required", ["Old", "New"])


async def test_items_are_resources(url: str):
    async with Client(url) as client:
        listed = (await client.list_resources()).resources
        read = await client.read_resource(listed[0].uri)
        templates = (await client.list_resource_templates()).resource_templates
        with pytest.raises(MCPError, match="Heat"):
            await client.read_resource("reconteur://items/film:Heat")

    assert [resource.title for resource in listed[:2]] == ["Heat (1995)", "Casino (1995)"]
    assert json.loads(read.contents[0].text)["values"]["directors"] == ["Michael Mann"]
    assert templates[0].uri_template == "reconteur://items/{item_id}"


async def test_mistakes_are_results_that_a_model_can_mend(url: str):
    async with Client(url) as client:
        wrong = await client.call_tool("search", {"limits": [{"field": "color", "op": "is", "values": ["red"]}]})
        more = await client.call_tool("compare", {"item_ids": ["film:1", "film:2"], "depth": 3})
        with pytest.raises(MCPError, match="recommend, search"):
            await client.call_tool("dance", {})

    assert wrong.is_error
    assert "limits.0.field: expected one of genres" in wrong.content[0].text
    assert more.is_error
    assert more.content[0].text == "depth: expected no field of this name, found one. Leave it out."


@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
@pytest.mark.parametrize("body", ["{", "[]", '"x"', '{"jsonrpc": "2.0", "id": 1, "method": 5}'])
async def test_what_is_no_message_of_the_protocol_is_told_so_in_our_words(url: str, version: str, body: str):
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
    }
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(url, content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"] == {"code": types.INVALID_REQUEST, "message": NO_MESSAGE}


async def test_keys_scopes_and_tenants_hold_here_too(url: str, state: StateStore):
    acme = add_key(state, "acme", tuple(ALL_SCOPES))
    bolt = add_key(state, "bolt", tuple(ALL_SCOPES))
    narrow = add_key(state, "acme", (Scope.ITEMS,))
    talker = add_key(state, "acme", (Scope.CHAT,))
    async with httpx.AsyncClient() as http:
        asked = url.replace("/mcp", "/api/tokens")
        made = await http.post(asked, json={"user": "kim"}, headers={"Authorization": f"Bearer {acme}"})
        nobody = await http.post(url, json={})
        chatty = await http.post(url, json={}, headers={"Authorization": f"Bearer {talker}"})
    token = made.json()["token"]

    assert (nobody.status_code, chatty.status_code) == (401, 403)
    async with with_key(url, acme) as client:
        await call(client, "feedback", user="kim", item_id="film:0", kind="like")
    async with with_key(url, bolt) as client:
        foreign = await client.call_tool("taste", {"user": "kim"})
    async with with_key(url, narrow) as client:
        refused = await client.call_tool("recommend", {"message": "a crime story"})
        await call(client, "compare", item_ids=["film:0", "film:1"])
    async with with_key(url, token) as client:
        own = await call(client, "taste", user="kim")
        other = await client.call_tool("taste", {"user": "ann"})

    assert foreign.is_error
    assert refused.is_error
    assert "scope recommend" in refused.content[0].text
    assert own["liked"] == ["film:0"]
    assert other.is_error


async def test_there_are_no_streams_to_open_and_no_sessions_to_end(url: str):
    async with httpx.AsyncClient(timeout=60) as http:
        answers = [await http.request(method, url) for method in ("GET", "DELETE")]

    assert [(answer.status_code, answer.headers["allow"]) for answer in answers] == [(405, "POST")] * 2


async def test_clients_of_the_version_before_are_answered(url: str):
    async with Client(url, mode="legacy") as client:
        assert client.protocol_version < "2026-07-28"
        result = await call(client, "search", query="heights", k=3)

    assert len(result["items"]) == 3


async def test_the_tools_over_standard_input_and_output(film_shelf, tmp_path):
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tests.ui.clients.stdio_server", str(film_shelf.data_dir), f"sqlite:///{tmp_path / 'state.db'}"],
    )

    async with Client(stdio_client(parameters)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        shown = await call(client, "recommend", message="a crime story like Heat")

    assert names == TOOLS
    assert shown["recommendations"]
