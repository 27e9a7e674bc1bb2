"""The tools as Open WebUI reads them from an OpenAPI description, and calls them: its rules are written down here."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from agent.settings import HttpSettings
from retrieval.settings import RetrievalSettings
from retrieval.state import StateStore
from tests.agent.films import film_id
from tests.ui.access.conftest import add_key
from tests.ui.clients.conftest import application
from tests.ui.conftest import routes_of
from ui.access.caller import Scope
from ui.mcp.tools import TOOLS

SERVER = "/tools"
"""What is written into Open WebUI as the address; it asks for `openapi.json` below."""


def resolved(schema: Any, components: dict[str, Any], seen: frozenset[str] = frozenset()) -> Any:
    """As Open WebUI resolves references: in properties, items, oneOf, anyOf and allOf alone."""
    if not schema:
        return {}
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        schema_part: Any = components
        for part in schema["$ref"].strip("#/").split("/")[1:]:
            schema_part = schema_part.get(part, {})
        return {} if name in seen else resolved(schema_part, components, seen | {name})
    schema = copy.deepcopy(schema)
    for name, property_schema in schema.get("properties", {}).items():
        schema["properties"][name] = resolved(property_schema, components, seen)
    if "items" in schema:
        schema["items"] = resolved(schema["items"], components, seen)
    for word in ("oneOf", "anyOf", "allOf"):
        if isinstance(schema.get(word), list):
            schema[word] = [resolved(option, components, seen) for option in schema[word]]
    return schema


def offered(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What Open WebUI makes of a description: a function for each operation that has an id."""
    functions = {}
    for methods in spec["paths"].values():
        for operation in methods.values():
            if not operation.get("operationId"):
                continue
            parameters: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
            assert not operation.get("parameters")  # all stands in the body
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            body = resolved(body, spec.get("components", {}))
            parameters["properties"].update(body["properties"])
            parameters["required"] += body.get("required", [])
            functions[operation["operationId"]] = {
                "name": operation["operationId"],
                "description": operation.get("description", operation.get("summary", "")),
                "parameters": parameters,
            }
    return functions


def called(client: TestClient, spec: dict[str, Any], name: str, **params: Any):
    """The request that Open WebUI makes: the path of the operation behind the address that it was given."""
    (path,) = (path for path, methods in spec["paths"].items() if methods["post"].get("operationId") == name)
    return client.post(f"{SERVER.rstrip('/')}{path}", json=params)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.fixture
def spec(plain: TestClient) -> dict[str, Any]:
    return plain.get(f"{SERVER}/openapi.json").json()


def test_every_tool_of_the_protocol_becomes_a_function(spec: dict[str, Any]):
    functions = offered(spec)

    assert [*functions] == [*TOOLS]
    for name, function in functions.items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
        assert len(function["description"]) > 40
        assert set(function["parameters"]["required"]) <= set(function["parameters"]["properties"])
        Draft202012Validator.check_schema(function["parameters"])
    assert "films" in functions["recommend"]["description"]


def test_the_description_is_whole(spec: dict[str, Any]):
    assert spec["openapi"].startswith("3.1")
    assert {"title", "version"} <= set(spec["info"])
    assert spec["servers"] == [{"url": "/tools"}]
    functions = offered(spec)
    for part in parts(functions):
        assert "$ref" not in part
        assert part.get("type") != "array" or part.get("items"), part
    taken = functions["search"]["parameters"]["properties"]
    assert taken["limits"]["items"]["properties"]["op"]["enum"] == ["is", "not", "min", "max"]
    assert taken["user"]["type"] == "string"  # and not one of several, which models read badly


def test_every_function_answers_in_the_shape_that_is_described(plain: TestClient, spec: dict[str, Any]):
    heat, alien = film_id("Heat"), film_id("Alien")
    limits = [{"field": "year", "op": "max", "values": [1960]}]
    calls = {
        "recommend": {"message": "a crime story like Heat", "user": "kim"},
        "search": {"query": "fear of heights", "limits": limits},
        "explain": {"item_id": heat, "query": "crime", "user": "kim"},
        "compare": {"item_ids": [heat, alien]},
        "feedback": {"user": "kim", "item_id": heat, "kind": "like"},
        "taste": {"user": "kim"},
    }
    assert [*calls] == [*TOOLS]
    answers = {}
    for name, params in calls.items():
        answer = called(plain, spec, name, **params)
        assert answer.status_code == 200, answer.text
        described = spec["paths"][f"/{name}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator(described).validate(answer.json())
        answers[name] = answer.json()

    assert answers["recommend"]["recommendations"]
    assert (answers["search"]["total"], answers["search"]["items"][0]["title"]) == (5, "Vertigo")
    assert answers["taste"]["liked"] == [heat]


def test_what_a_model_leaves_empty_is_left_out(plain: TestClient, spec: dict[str, Any]):
    answer = called(plain, spec, "recommend", message="something", user="", conversation_id="", history=None)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("name", "params", "status", "told"),
    [
        ("recommend", {"wish": "x"}, 422, "message"),
        ("search", {"limits": [{"field": "stock", "op": "is", "values": [1]}]}, 422, "limits.0.field"),
        ("explain", {"item_id": "film:none"}, 404, "film:none"),
        ("taste", {"user": "nobody"}, 404, "user"),
        ("compare", {"item_ids": ["film:0"]}, 422, "item_ids"),
    ],
)
def test_mistakes_come_back_in_words_that_a_model_can_act_on(
    plain: TestClient, spec: dict[str, Any], name: str, params: dict[str, Any], status: int, told: str
):
    answer = called(plain, spec, name, **params)

    assert answer.status_code == status, answer.text
    assert told in answer.json()["error"]["message"]


def test_other_paths_are_answered_as_everywhere(plain: TestClient):
    answers = [plain.post("/tools/erase", json={}), plain.get("/tools/recommend"), plain.get("/tools/x/y")]

    assert [answer.status_code for answer in answers] == [404, 405, 404]
    assert all("expected" in answer.json()["error"]["message"] for answer in answers)
    assert ("POST", "/tools/{name}") in routes_of(plain.app)
    assert not [path for path in plain.get("/api/openapi.json").json()["paths"] if path.startswith("/tools")]


def test_keys_and_tenants_are_as_everywhere(plain: TestClient, state: StateStore):
    narrow, mine, other = (
        {"Authorization": f"Bearer {add_key(state, tenant, scopes)}"}
        for tenant, scopes in (("acme", (Scope.RECOMMEND,)), ("acme", ("all",)), ("shop", ("all",)))
    )
    like = {"user": "kim", "item_id": film_id("Heat"), "kind": "like"}

    assert plain.get("/tools/openapi.json").status_code == 200
    assert plain.post("/tools/search", json={}).status_code == 401
    assert plain.post("/tools/search", json={}, headers=narrow).status_code == 200
    refused = plain.post("/tools/feedback", json=like, headers=narrow)
    assert (refused.status_code, "scope feedback" in refused.text) == (403, True)
    assert plain.post("/tools/feedback", json=like, headers=mine).status_code == 200
    assert plain.post("/tools/taste", json={"user": "kim"}, headers=mine).json()["liked"] == [film_id("Heat")]
    assert plain.post("/tools/taste", json={"user": "kim"}, headers=other).status_code == 404


def test_who_is_logged_in_there_counts_more_than_what_a_model_writes(plain: TestClient):
    like = {"user": "kim", "item_id": film_id("Heat"), "kind": "like"}
    lee = {"X-OpenWebUI-User-Id": "lee"}

    plain.post("/tools/feedback", json=like, headers=lee)

    assert plain.post("/tools/taste", json={"user": "lee"}).json()["liked"] == [film_id("Heat")]
    assert plain.post("/tools/taste", json={"user": "kim"}).status_code == 404
    assert plain.post("/tools/taste", json={"user": "kim"}, headers=lee).json()["liked"] == [film_id("Heat")]


def test_pages_of_allowed_origins_alone_may_read_it(film_shelf: RetrievalSettings, tmp_path: Path):
    shop, other = ({"Origin": f"https://{name}.example.org"} for name in ("shop", "other"))
    settings = HttpSettings(origins=(shop["Origin"],))
    with TestClient(application(film_shelf, tmp_path, http=settings)) as client:
        allowed, refused = (client.get("/tools/openapi.json", headers=origin) for origin in (shop, other))

    assert allowed.headers["access-control-allow-origin"] == shop["Origin"]
    assert "access-control-allow-origin" not in refused.headers
