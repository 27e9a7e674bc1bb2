"""A client that goes away ends its turn, also where it did not ask for a stream."""

import asyncio
import json
import threading

import pytest
from fastapi.testclient import TestClient

from tests.ui.conftest import serving
from tests.ui.fakes import FakeAgent
from ui.api.app import create_app

CHAT = "/v1/chat/completions"
WORDS = [{"role": "user", "content": "something calm"}]
REQUESTS = {
    "in one piece": (CHAT, {"messages": WORDS}),
    "as a stream": (CHAT, {"messages": WORDS, "stream": True}),
    "in fields": ("/api/recommend", {"messages": WORDS}),
}


@pytest.mark.parametrize("way", REQUESTS)
async def test_a_client_that_leaves_ends_its_turn(agent: FakeAgent, way: str):
    path, body = REQUESTS[way]
    begun, ended = threading.Event(), threading.Event()

    async def hang(*_arguments, **_options):
        begun.set()
        try:
            await asyncio.Event().wait()
            yield
        finally:
            ended.set()

    agent._turn = hang
    app = create_app(agent, agent.settings)
    payload = json.dumps(body).encode()
    with serving(app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}"
        )
        writer.write(head.encode() + b"\r\n\r\n" + payload)
        assert await asyncio.to_thread(begun.wait, 30)

        writer.close()

        assert await asyncio.to_thread(ended.wait, 30)
    assert not app.state.quotas.turns


def test_a_client_that_stays_gets_its_answer(client: TestClient):
    for path, body in REQUESTS.values():
        assert client.post(path, json=body).status_code == 200
