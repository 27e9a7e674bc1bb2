"""What the server lets in: hosts, origins, bodies, paths; and what it lets out."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from agent.settings import HttpSettings, Settings
from retrieval.errors import IndexMissingError, StateError, UnknownItemError, without_places
from tests.ui.fakes import FakeAgent
from ui.api.app import create_app
from ui.edge.addresses import is_known, known_by
from ui.page.mount import mount_chat

WISH = {"messages": [{"role": "user", "content": "something calm"}]}
MakeClient = Callable[..., TestClient]


# where the page is mounted the test is async: without a running loop, Gradio makes loops and leaves them open


@pytest.fixture
def open_client(agent: FakeAgent) -> Iterator[MakeClient]:
    opened: list[TestClient] = []

    def make(*, page: bool = False, **http: object) -> TestClient:
        app = create_app(agent, Settings(http=HttpSettings(**http), _env_file=None))
        client = TestClient(mount_chat(app, agent) if page else app)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def error_of(answer) -> dict:
    assert set(answer.json()) == {"error"}, answer.text
    return answer.json()["error"]


# Hosts


@pytest.mark.parametrize(
    "host",
    ["localhost:7860", "127.0.0.1:7860", "[::1]:7860", "app.localhost", "127.8.9.1", "0.0.0.0:7860", "LOCALHOST"],
)
def test_every_form_of_localhost_is_known(host: str):
    assert is_known(host.lower(), (), here="10.0.0.5")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "notlocalhost", "evil@localhost", "", "[::1", "10.0.0.6", "localhost."],
)
def test_every_other_host_is_unknown(host: str):
    assert not is_known(host, (), here="10.0.0.5")


def test_the_address_that_was_reached_and_the_names_of_the_settings_are_known():
    assert is_known("10.0.0.5:80", (), here="10.0.0.5")
    assert is_known("10.0.0.5", (), here="::ffff:10.0.0.5")
    assert is_known("films.example.org", ("films.example.org",), here="")
    assert is_known("a.b.example.org", ("*.example.org",), here="")
    assert not is_known("example.org.evil.example", ("*.example.org",), here="")
    assert is_known("anything", ("*",), here="")


def test_the_name_that_a_server_is_told_to_listen_at_is_one_of_its_names():
    assert known_by(Settings(_env_file=None), "films.local").http.hosts == ("films.local",)


async def test_an_unknown_host_is_refused_everywhere(open_client: MakeClient):
    client = open_client(page=True)

    for path in ("/", "/healthz", "/v1/models", "/api/users/kim/export"):
        answer = client.get(path, headers={"host": "rebound.example"})
        assert answer.status_code == 400, path
        assert "RECONTEUR_HTTP__HOSTS" in error_of(answer)["message"]
        assert "rebound" not in answer.text


async def test_a_request_with_two_hosts_is_refused(open_client: MakeClient):
    client = open_client(page=True)

    for hosts in (("localhost", "rebound.example"), ("localhost", "localhost")):
        assert client.get("/readyz", headers=[("host", host) for host in hosts]).status_code == 400


def test_names_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECONTEUR_HTTP__HOSTS", "films.example.org, *.example.net")
    monkeypatch.setenv("RECONTEUR_HTTP__ORIGINS", "https://shop.example.org")

    http = Settings(_env_file=None).http

    assert http.hosts == ("films.example.org", "*.example.net")
    assert http.origins == ("https://shop.example.org",)


# Origins

SHOP = "https://shop.example.org"


def preflight(client: TestClient, origin: str, path: str = "/api/recommend"):
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-any"}
    return client.options(path, headers=asked)


async def test_a_page_of_another_origin_may_not_ask_whether_it_may(open_client: MakeClient):
    client = open_client(page=True)

    for path in ("/api/recommend", "/v1/chat/completions", "/gradio_api/queue/join", "/"):
        answer = preflight(client, "https://evil.example", path)
        assert answer.status_code == 403, path
        assert "RECONTEUR_HTTP__ORIGINS" in error_of(answer)["message"]
        assert not any(name.startswith("access-control-allow") for name in answer.headers)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_a_page_of_another_origin_changes_nothing(open_client: MakeClient, agent: FakeAgent, origin: str):
    client = open_client()

    answer = client.post("/api/users", json={"name": "Kim"}, headers={"origin": origin})

    assert answer.status_code == 403
    assert agent.state.list_users() == []


async def test_a_page_of_another_origin_cannot_read(open_client: MakeClient):
    answer = open_client(page=True).get("/v1/models", headers={"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_may(open_client: MakeClient):
    answer = open_client().post("/v1/chat/completions", json=WISH, headers={"origin": "http://testserver"})

    assert answer.status_code == 200


def test_an_origin_of_the_settings_may_and_sends_no_cookies(open_client: MakeClient):
    client = open_client(origins=(SHOP,))

    asked = preflight(client, SHOP)
    answer = client.post("/v1/chat/completions", json=WISH, headers={"origin": SHOP})

    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, SHOP)
    assert "access-control-allow-credentials" not in asked.headers
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    assert preflight(client, "https://evil.example").status_code == 403


def test_an_origin_of_the_settings_can_read_why_it_was_refused(open_client: MakeClient):
    client = open_client(origins=(SHOP,), body_bytes=2000)

    answer = client.post("/api/users", content=b" " * 2001, headers={"origin": SHOP})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (413, SHOP)


# Bodies


async def test_a_form_with_files_is_refused(open_client: MakeClient):
    client = open_client(page=True)

    for path in ("/gradio_api/upload", "/gradio_api/upload/", "/api/users", "/"):
        answer = client.post(path, files={"files": ("a.txt", b"x" * 100)})
        assert answer.status_code == 415, path
        assert "takes no files" in error_of(answer)["message"]


async def test_what_the_page_does_not_need_cannot_be_reached(open_client: MakeClient):
    client = open_client(page=True)

    for method, path in (
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/upload_progress"),
        ("GET", "/gradio_api/file=/etc/hostname"),
        ("GET", "/gradio_api/proxy=https://evil.example/"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/run/predict"),
        ("GET", "/gradio_api/monitoring"),
        ("GET", "/gradio_api/vibe-code"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/monitoring"),
    ):
        answer = client.request(method, path)
        assert answer.status_code == 404, path
        assert "openapi.json" in error_of(answer)["message"]


async def test_what_the_page_needs_is_there(open_client: MakeClient):
    client = open_client(page=True)

    for path in ("/", "/config", "/theme.css", "/gradio_api/info"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/v1/chat/completions"])
async def test_a_body_is_bounded_for_the_page_and_the_api_alike(open_client: MakeClient, path: str):
    client = open_client(page=True, body_bytes=4000)
    asked: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(10_000):
            asked.append(number)
            yield b" " * 1000

    told = client.post(path, content=b" " * 4001)
    untold = client.post(path, content=endless())

    assert (told.status_code, untold.status_code) == (413, 413)
    assert "at most 4000 bytes" in error_of(untold)["message"]


def nested(depth: int) -> bytes:
    return b'{"k": 5, "other": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("depth", [64, 500, 20_000])
def test_json_that_is_nested_too_deep_is_refused(client, depth: int):
    answer = client.post("/api/recommend", content=nested(depth), headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert error_of(answer)["message"].startswith("body: expected")


def test_json_that_is_nested_as_deep_as_may_be_is_read(client):
    answer = client.post("/api/recommend", content=nested(63), headers={"content-type": "application/json"})

    assert answer.status_code == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "true"])
def test_a_limit_that_is_no_finite_number_is_refused(client, number: str):
    body = f'{{"constraints": [{{"field": "year", "op": "min", "values": [{number}]}}]}}'

    answer = client.post("/api/recommend", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert error_of(answer)["param"].startswith("constraints.0.values.0")


@pytest.mark.parametrize(("field", "value"), [("k", "5"), ("k", True), ("novelty", "0.5"), ("novelty", False)])
def test_what_only_looks_like_a_number_is_refused(client, field: str, value: object):
    answer = client.post("/api/recommend", json={field: value})

    assert (answer.status_code, error_of(answer)["param"]) == (422, field)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/chat/completions", {**WISH, "user": "ki\x00m"}, "user"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a\x00"}]}, "messages.0.content"),
        ("/api/recommend", {"query": "a\x00"}, "query"),
        ("/api/recommend", {"liked": ["a\x00"]}, "liked.0"),
        ("/api/feedback", {"user": "k\x00", "item_id": "game:1", "kind": "like"}, "user"),
        ("/api/feedback", {"user": "kim", "item_id": "\x00", "kind": "like"}, "item_id"),
        ("/api/feedback", {"user": "k", "item_id": "a", "kind": "like", "conversation_id": "\x00"}, "conversation_id"),
        ("/api/users", {"name": "K\x00"}, "name"),
        ("/api/users", {"dataset_user": "K\x00"}, "dataset_user"),
    ],
)  # fmt: skip
def test_nul_is_refused_in_whatever_is_stored(client, path: str, body: dict, param: str):
    answer = client.post(path, json=body)

    assert (answer.status_code, error_of(answer)["param"]) == (422, param)


@pytest.mark.parametrize("path", ["/api/users/k%00", "/api/items/%00", "/api/users/%00/export", "/a%00"])
def test_nul_is_refused_in_paths(client, path: str):
    assert error_of(client.get(path))["code"] == "400"


def test_a_history_is_bounded_in_number_and_in_length(client):
    many = [{"role": "user", "content": "a"}] * 1001
    long = [{"role": "user", "content": "a" * 200_001}]

    for messages, param in ((many, "messages"), (long, "messages.0.content")):
        answer = client.post("/v1/chat/completions", json={"messages": messages})
        assert (answer.status_code, error_of(answer)["param"]) == (422, param)


# Ids and paths


def test_an_id_may_have_128_characters_and_no_more(client):
    fitting = client.post("/v1/chat/completions", json={**WISH, "user": "k" * 128})
    longer = client.post("/v1/chat/completions", json={**WISH, "user": "k" * 129})

    assert fitting.status_code == 200
    assert (longer.status_code, error_of(longer)["param"]) == (422, "user")
    assert "128" in longer.text


@pytest.mark.parametrize("user", ['"kim\\ud800"', '"kim\\udc00"', '"\\udfff\\ud800"'])
def test_half_a_character_in_an_id_is_refused_and_in_words_is_replaced(client, agent: FakeAgent, user: str):
    body = f'{{"messages": [{{"role": "user", "content": "calm \\ud800"}}], "user": {user}}}'
    headers = {"content-type": "application/json"}

    refused = client.post("/v1/chat/completions", content=body, headers=headers)
    answered = client.post("/v1/chat/completions", content=body.replace(user, '"kim"'), headers=headers)

    assert (refused.status_code, error_of(refused)["param"]) == (422, "user")
    assert answered.status_code == 200
    assert [account.user_id for account in agent.state.list_users()] == ["kim"]


@pytest.mark.parametrize("path", ["/api/users/kim%ff", "/api/users/kim%ED%A0%80", "/api/feedback/1?user=kim%80"])
def test_bytes_that_are_no_text_name_nobody(client, path: str):
    answer = client.request("DELETE", path)

    assert (answer.status_code, "UTF-8" in error_of(answer)["message"]) == (400, True)


def test_an_id_that_ends_like_a_part_of_a_user_is_another_user(client):
    for user in ("kim", "kim/export"):
        client.post("/v1/chat/completions", json={**WISH, "user": user})

    assert client.get("/api/users/kim%2Fexport").json()["user_id"] == "kim/export"
    assert client.get("/api/users/kim%2fexport/profile").json()["user"]["user_id"] == "kim/export"
    assert client.get("/api/users/kim/export").json()["user"]["user_id"] == "kim"
    assert client.delete("/api/users/kim/export").status_code == 405
    assert client.delete("/api/users/kim%2Fexport").status_code == 204
    assert client.get("/api/users/kim").status_code == 200


WRONG = (
    ("GET", "/v1/chat/completions", "POST"),
    ("OPTIONS", "/api/recommend", "POST"),
    ("TRACE", "/healthz", "GET"),
    ("POST", "/readyz", "GET"),
    ("PUT", "/api/users/kim", "GET, DELETE"),
    ("DELETE", "/api/users/kim/profile", "GET"),
    ("QUERY", "/v1/models", "GET"),
)


@pytest.mark.parametrize("page", [False, True])
async def test_a_wrong_method_says_which_are_right(open_client: MakeClient, page: bool):
    client = open_client(page=page)

    for method, path, allowed in WRONG:
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), path
        assert error_of(answer)["code"] == "405"


# What is let out


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (
            "no vector index in /srv/my films/chroma. Build it with: reconteur build --data /srv/my films",
            "no vector index in …/chroma. Build it with: reconteur build --data …/my films",
        ),
        ("the state in /home/kim/state.db is full. (SQLITE_FULL)", "the state in …/state.db is full. (SQLITE_FULL)"),
        ("the state in postgresql+psycopg://kim:***@db/x cannot be used", "the state in the database cannot be used"),
        (r"a file in C:\Users\Kim Lee\films.db, damaged", "a file in …/films.db, damaged"),
        ("no answer from http://127.0.0.1:8080/v1 and/or so", "no answer from http://127.0.0.1:8080/v1 and/or so"),
        ("Create one with POST /api/users, see /readyz.", "Create one with POST /api/users, see /readyz."),
    ],
)  # fmt: skip
def test_places_of_this_machine_are_cut_to_their_last_name(text: str, public: str):
    assert without_places(text) == public


def test_an_id_that_looks_like_a_path_is_quoted_as_it_came():
    assert "'/a/b'" in UnknownItemError("/a/b").public


def test_an_error_keeps_the_place_for_the_log(client, agent: FakeAgent, caplog):
    def fail(*_: object) -> None:
        raise StateError("the state in /srv/films/state.db cannot be used: the disk is full.")

    agent.state.profile = fail

    with caplog.at_level(logging.WARNING):
        answer = client.get("/api/users/kim/profile")

    assert answer.status_code == 503
    assert error_of(answer)["message"] == "the state in …/state.db cannot be used: the disk is full."
    assert "/srv/films/state.db" in caplog.text


def test_readiness_names_no_place(client, agent: FakeAgent):
    agent.parts["indexes"] = str(IndexMissingError("no graph", path="/srv/films/graph"))

    parts = client.get("/readyz").json()["parts"]

    assert parts["indexes"] == "no graph in …/graph. Build it with: reconteur build"


def test_the_description_tells_our_form_of_errors(client):
    described = client.get("/api/openapi.json").json()

    text = json.dumps(described)
    assert "HTTPValidationError" not in text
    for path, operations in described["paths"].items():
        for operation in operations.values():
            schema = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, path
