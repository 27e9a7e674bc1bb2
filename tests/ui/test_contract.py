"""The API keeps what it describes; a longer run is `python -m benchmarks.contract --cases N`."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from agent.settings import LimitSettings, Settings
from benchmarks.contract import check
from retrieval.errors import OverloadedError
from retrieval.settings import RetrievalSettings
from tests.ui.access.conftest import add_key
from tests.ui.conftest import open_agent
from tests.ui.fakes import FakeAgent
from tests.ui.test_server import handlers, served
from ui.access.caller import Scope
from ui.api.app import create_app

__all__ = ["handlers"]
CASES = 225
"""Fifteen an operation."""
RECOMMEND = "/api/recommend"


async def test_the_api_keeps_what_it_describes(film_shelf: RetrievalSettings, tmp_path: Path):
    retrieval = film_shelf.model_copy(update={"state_url": f"sqlite:///{tmp_path / 'state.db'}"})

    async with served(open_agent, Settings(retrieval=retrieval, _env_file=None)) as server:
        await server.client.get("/v1/models")
        status, report = await check(str(server.client.base_url), cases=CASES, seed=1)

    assert status == 0, report


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a comedy"}]}),
        ("/v1/responses", {"input": "a comedy"}),
    ],
)
def test_each_event_of_a_stream_has_the_members_that_are_described(agent: FakeAgent, path: str, asked: dict[str, Any]):
    client = TestClient(create_app(agent, agent.settings, warm=False))
    described = client.get("/api/openapi.json").json()["paths"][path]["post"]["responses"]["200"]["content"]
    event = described["text/event-stream"]["schema"]

    answer = client.post(path, json={**asked, "stream": True})

    sent = [dict(line.split(": ", 1) for line in part.splitlines()) for part in answer.text.strip().split("\n\n")]
    assert len(sent) > 2
    for event_sent in sent:
        jsonschema.validate(event_sent, event)
        assert set(event_sent) == set(event["properties"])


def test_refusals_of_callers_have_the_headers_that_are_described(agent: FakeAgent):
    """What no case above can meet, since a server without keys and quotas refuses nobody."""
    settings = agent.settings.model_copy(update={"limits": LimitSettings(requests_per_minute=2, loopback=True)})
    app = create_app(agent, settings, warm=False)
    client = TestClient(app)

    async def refuse(*_: object, **__: object):
        raise OverloadedError(running=16, waiting=32, retry_after_s=7)
        yield

    agent.rerank = refuse
    right, narrow = (
        {"Authorization": f"Bearer {add_key(agent.state, scopes=(scope,))}"} for scope in (Scope.RECOMMEND, Scope.ITEMS)
    )
    described = client.get("/api/openapi.json").json()["paths"][RECOMMEND]["post"]["responses"]
    asked = (None, narrow, right, right, right)

    answers = [client.post(RECOMMEND, json={}, headers=headers) for headers in asked]

    assert [answer.status_code for answer in answers] == [401, 403, 503, 503, 429]
    for answer in answers:
        headers = described[str(answer.status_code)]["headers"]
        needed = {name for name, header in headers.items() if header["required"]}
        special = {name for name in ("Retry-After", "WWW-Authenticate") if name in answer.headers}
        assert needed <= special <= set(headers), answer.status_code
        assert set(answer.json()) == {"error"}
    assert all(name in answers[-1].headers for name in described["429"]["headers"])
