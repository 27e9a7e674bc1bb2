"""The log: which request a line belongs to, and nothing of what anybody said or is called."""

import io
import itertools
import json
import logging
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from agent.settings import LogSettings, Settings
from retrieval.settings import RetrievalSettings
from tests.ui.access.conftest import add_key
from tests.ui.conftest import open_agent, routes_of
from tests.ui.fakes import FakeAgent
from ui.access.login import add_door
from ui.api.app import create_app
from ui.edge.page import API
from ui.logs import PACKAGES, JsonFormatter, PlainFormatter, configure, mark

MARK = "zeppelin"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a server would write as JSON, at the level DEBUG."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(mark)
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(name) for name in PACKAGES]
    before = [logger.level for logger in loggers]
    logging.root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield written
    logging.root.removeHandler(handler)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def lines(log: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("offered", ["trace-4711_a", "0123456789abcdef0123456789abcdef"])
def test_the_id_that_a_client_gives_a_request_is_kept(client, log: io.StringIO, offered: str):
    answer = client.get("/api/items/game:1", headers={"X-Request-ID": offered})

    assert answer.headers["X-Request-ID"] == offered
    assert [line["request_id"] for line in lines(log)] == [offered]


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, "two words", "a;b=c;d=e", "id\tid\tid", "käse-käse"])
def test_what_cannot_be_an_id_is_replaced(client, log: io.StringIO, offered: str):
    answer = client.get("/api/items/game:1", headers={"X-Request-ID": offered.encode()})

    made = answer.headers["X-Request-ID"]
    assert len(made) == 32
    assert made != offered
    assert [line["request_id"] for line in lines(log)] == [made]


def test_every_request_has_an_id_of_its_own(client):
    paths = ["/api/items/game:1", "/healthz", "/nowhere", "/api/nowhere", "/v1/chat/completions"]

    assert len({client.get(path).headers["X-Request-ID"] for path in paths}) == len(paths)


def test_all_lines_of_a_request_have_its_id(client, log: io.StringIO):
    body = {"messages": [{"role": "user", "content": "bug"}]}

    answer = client.post("/v1/chat/completions", json=body)

    written = lines(log)
    assert [line["level"] for line in written] == ["ERROR", "INFO"]
    assert {line["request_id"] for line in written} == {answer.headers["X-Request-ID"]}


def test_the_line_of_a_request_has_fields(agent: FakeAgent, log: io.StringIO):
    key = add_key(agent.state, "acme")
    app = create_app(agent, agent.settings, warm=False)
    TestClient(app).get("/api/items/game:1", headers={"Authorization": f"Bearer {key}"})

    line = lines(log)[-1]

    assert line.pop("ms") >= 0
    assert {name: line[name] for name in ("method", "route", "status", "tenant", "logger", "level")} == {
        "method": "GET",
        "route": "/api/items/{item_id}",
        "status": 200,
        "tenant": "acme",
        "logger": "ui.api.middleware",
        "level": "INFO",
    }
    assert line["message"].startswith("GET /api/items/{item_id} 200 ")
    assert line["message"].endswith(" ms of acme")


def test_a_method_that_nobody_knows_is_not_repeated(client, log: io.StringIO):
    client.request(MARK.upper(), "/api/items/game:1")

    assert lines(log)[-1]["method"] == "(other)"


# Nothing of what people say --------------------------------------------------------------------------------------


MCP = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}


def call(tool: str, **arguments) -> dict:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def requests_to(client: TestClient) -> dict[str, list]:
    """By route, what is asked of it: as it should be, and not."""
    user = client.post("/api/users", json={"name": MARK}).json()["user_id"]
    own, said = f"{MARK}/one", [{"role": "user", "content": f"a {MARK} story"}]
    talk = {"messages": said, "user": own}
    opinion = {"user": user, "item_id": "films:1", "kind": "like"}
    given = client.get("/v1/models").json()["object"]
    assert given == "list"
    return {
        "POST /v1/chat/completions": [
            client.post("/v1/chat/completions", json=talk),
            client.post("/v1/chat/completions", json={**talk, "stream": True}),
            client.post("/v1/chat/completions", json={"messages": [{"role": MARK, "content": 1}]}),
            client.post("/v1/chat/completions", content=f'{{"{MARK}'.encode()),
            client.post(f"/v1/chat/completions?{MARK}={MARK}", json=talk, headers={"X-Request-ID": f"{MARK} {MARK}"}),
        ],
        "POST /v1/responses": [
            client.post("/v1/responses", json={"input": f"a {MARK} story", "user": own}),
            client.post("/v1/responses", json={"input": f"a {MARK} story", "stream": True}),
            client.post("/v1/responses", json={"input": [{"type": MARK}]}),
        ],
        "POST /mcp": [
            client.post("/mcp", json=call("recommend", message=MARK, user=own), headers=MCP),
            client.post("/mcp", json=call("search", query=MARK, **{MARK: MARK}), headers=MCP),
            client.post("/mcp", json=call(MARK), headers=MCP),
            client.post("/mcp", content=MARK.encode(), headers=MCP),
        ],
        "GET /metrics": [client.get("/metrics")],
        "GET /operations": [client.get(f"/operations?{MARK}={MARK}")],
        "GET /api/operations": [client.get("/api/operations"), client.get(f"/api/operations?hours={MARK}")],
        "GET /tools/openapi.json": [client.get("/tools/openapi.json")],
        "POST /tools/{name}": [
            client.post("/tools/recommend", json={"message": MARK, "user": own}),
            client.post("/tools/search", json={"query": MARK, MARK: MARK}),
            client.post(f"/tools/{MARK}", json={}),
        ],
        "GET /api/watchlist": [client.get("/api/watchlist", params={"user": account}) for account in (own, MARK)],
        "POST /api/watchlist": [
            client.post("/api/watchlist", json={"user": user, "item_id": "films:1"}),
            client.post("/api/watchlist", json={"user": user, "item_id": MARK}),
        ],
        "DELETE /api/watchlist/{item_id}": [client.delete(f"/api/watchlist/{MARK}", params={"user": user})],
        "GET /v1/models": [client.get("/v1/models")],
        "GET /v1/models/{model}": [client.get(f"/v1/models/{MARK}")],
        "POST /api/recommend": [
            client.post("/api/recommend", json={"message": MARK, "user": own}),
            client.post("/api/recommend", json={"query": MARK, "liked": []}),
            client.post("/api/recommend", json={"query": MARK, "liked": [MARK]}),
            client.post("/api/recommend", json={"constraints": [{"field": MARK, "op": "is", "values": [MARK]}]}),
        ],
        "POST /api/feedback": [
            client.post("/api/feedback", json=opinion),
            client.post("/api/feedback", json={**opinion, "item_id": MARK}),
            client.post("/api/feedback", json={**opinion, "conversation_id": MARK}),
        ],
        "DELETE /api/feedback/{feedback_id}": [
            client.delete("/api/feedback/1", params={"user": own}),
            client.delete(f"/api/feedback/{MARK}", params={"user": MARK}),
        ],
        "POST /api/users": [
            client.post("/api/users", json={"name": MARK}),
            client.post("/api/users", json={"dataset_user": MARK}),
        ],
        "GET /api/users/{user_id}/profile": [
            client.get(f"/api/users/{own}/profile"),
            client.get(f"/api/users/no{MARK}/profile"),
        ],
        "GET /api/users/{user_id}/export": [client.get(f"/api/users/{own}/export")],
        "GET /api/users/{user_id}": [client.get(f"/api/users/{own}")],
        "DELETE /api/users/{user_id}": [client.delete(f"/api/users/{own}"), client.delete(f"/api/users/{own}")],
        "GET /api/items/{item_id}": [client.get(f"/api/items/{MARK}")],
        "POST /api/tokens": [
            client.post("/api/tokens", json={"user": own}),
            client.post("/api/tokens", json={"user": f" {MARK}"}),
            client.post("/api/tokens", json={"user": own, "seconds": MARK}),
        ],
        "GET /login": [client.get(f"/login?{MARK}")],
        "POST /login": [client.post("/login", data={"name": MARK, "password": MARK})],
        "POST /logout": [client.post("/logout", data={MARK: MARK})],
        "GET /healthz": [client.get(f"/healthz?{MARK}")],
        "GET /readyz": [client.get("/readyz")],
        "": [
            client.get(f"/api/{MARK}"),
            client.get(f"/{MARK}"),
            client.put("/v1/models", json={MARK: MARK}),
            client.get("/mcp"),
        ],
    }


def test_nothing_that_people_say_or_are_called_is_logged(film_shelf: RetrievalSettings, log: io.StringIO):
    app = create_app(open_agent, Settings(retrieval=film_shelf, _env_file=None))
    add_door(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        asked = requests_to(client)
        agent = app.state.agent

        def break_down(*_: object, **__: object) -> None:
            raise ZeroDivisionError(f"what {MARK} said")

        agent.retriever.run = break_down
        broken = [client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": f"a {MARK}"}]})]
        agent.rerank = break_down
        broken.append(client.post("/api/recommend", json={"query": MARK}))

    assert {" ".join(route) for route in routes_of(app)} <= set(asked), "a new route: ask something of it here"
    assert [answer.status_code for answer in broken] == [200, 500]
    written = lines(log)
    requests = [*itertools.chain(*asked.values()), *broken]
    of_the_api = [response for response in requests if response.request.url.path.startswith(API)]
    assert len([line for line in written if "route" in line]) >= len(of_the_api)
    assert {line["status"] for line in written if "route" in line} >= {200, 201, 204, 404, 422, 500}
    assert MARK not in log.getvalue().casefold()


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_errors_are_shown_by_class_and_place(formatter: logging.Formatter):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(mark)
    handler.setFormatter(formatter)
    other = logging.getLogger("asyncio.test")
    other.addHandler(handler)
    try:
        raise ValueError(MARK)
    except ValueError as error:
        other.exception("a task failed\nfuture: %r", error)  # as asyncio tells of it
    finally:
        other.removeHandler(handler)

    assert MARK not in written.getvalue()
    assert "a task failed" in written.getvalue()
    assert "ValueError at test_logs.py:" in written.getvalue()


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_log_has_the_form_and_the_level_that_are_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, form: str
):
    monkeypatch.setattr(logging.root, "handlers", [])
    before = {name: logging.getLogger(name).level for name in (None, *PACKAGES)}
    try:
        configure(LogSettings(format=form, level="warning"))
        logging.getLogger("ui.test").warning("seen")
        logging.getLogger("ui.test").info("not seen")
        logging.getLogger("httpx").info("not seen")
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)

    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert (json.loads(line)["message"] if form == "json" else line.split("]: ")[1].strip()) == "seen"
