"""Quotas of a caller, and refusals of a busy process."""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.settings import LimitSettings
from retrieval.errors import OverloadedError
from tests.ui.access.conftest import add_key
from tests.ui.conftest import serving
from tests.ui.fakes import FakeAgent, make_agent
from ui.api.app import create_app
from ui.limits.callers import caller_of
from ui.limits.page import PageQuota
from ui.limits.quotas import Quotas, RateLimitExceededError
from ui.limits.rates import Rates

FAR, OTHER = "203.0.113.7", "198.51.100.9"
WISH = {"messages": [{"role": "user", "content": "something calm"}]}
ITEM = "/api/items/game:1"


@dataclass(frozen=True)
class Caller:
    key_id: str = ""
    user: str | None = None
    tenant: str = ""
    account: str | None = None


@pytest.fixture
def limited(agent: FakeAgent) -> Callable[..., FastAPI]:
    def make(**limits: object) -> FastAPI:
        settings = agent.settings.model_copy(update={"limits": LimitSettings(**limits)})
        return create_app(agent, settings, warm=False)

    return make


def from_address(app: FastAPI, host: str) -> TestClient:
    return TestClient(app, client=(host, 50_000))


# Requests a minute -----------------------------------------------------------------------------------------------


def test_one_request_too_many_is_refused_and_says_when_to_come_back(limited):
    client = from_address(limited(requests_per_minute=2), FAR)

    first, second, third = (client.get(ITEM) for _ in range(3))

    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in (first, second, third)] == ["1", "0", "0"]
    assert first.headers["X-RateLimit-Limit"] == "2"
    wait_s = third.headers["Retry-After"]
    assert 1 <= int(wait_s) <= 60
    assert third.headers["X-RateLimit-Reset"] == wait_s
    assert third.json()["error"] == {
        "message": f"expected at most 2 requests a minute, found more. Wait {wait_s} s and try again.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }


def test_callers_do_not_pay_for_each_other_and_health_is_free(limited):
    app = limited(requests_per_minute=1)
    one, other = from_address(app, FAR), from_address(app, OTHER)

    assert [one.get(ITEM).status_code for _ in range(2)] == [200, 429]
    assert other.get(ITEM).status_code == 200
    assert [one.get(path).status_code for path in ("/healthz", "/readyz") * 3] == [200] * 6


def bearing(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}


def test_a_key_is_one_caller_wherever_it_is_used(limited, agent: FakeAgent):
    app, (a, b) = limited(requests_per_minute=1), (bearing(add_key(agent.state)) for _ in range(2))
    one, other = from_address(app, FAR), from_address(app, OTHER)

    answers = [
        one.get(ITEM, headers=a),
        other.get(ITEM, headers=a),
        other.get(ITEM, headers=b),
        from_address(app, "127.0.0.1").get(ITEM, headers=b),
    ]

    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]


def test_wrong_keys_are_counted_by_address_and_cost_a_right_one_nothing(limited, agent: FakeAgent):
    app, right = limited(requests_per_minute=2), bearing(add_key(agent.state))
    one, other = from_address(app, FAR), from_address(app, OTHER)

    guesses = [one.get(ITEM, headers=bearing(f"rk_{number:010}_wrong")) for number in range(3)]

    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert int(guesses[-1].headers["Retry-After"]) >= 1
    assert one.get(ITEM, headers=right).status_code == 200
    assert other.get(ITEM).status_code == 401


def test_asking_for_a_token_is_a_request(limited):
    client = from_address(limited(requests_per_minute=1), FAR)

    assert [client.post("/api/tokens", json={"user": "kim"}).status_code for _ in range(2)] == [201, 429]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_itself_has_no_quota_unless_that_is_set(limited, host: str):
    free = from_address(limited(requests_per_minute=1), host)
    bound = from_address(limited(requests_per_minute=1, loopback=True), host)

    assert [free.get(ITEM).status_code for _ in range(3)] == [200] * 3
    assert [bound.get(ITEM).status_code for _ in range(2)] == [200, 429]


def test_zero_is_any_number(limited):
    client = from_address(limited(requests_per_minute=0, turns_per_caller=0), FAR)

    assert [client.post("/api/recommend", json={"message": "calm"}).status_code for _ in range(5)] == [200] * 5


def test_addresses_of_one_network_are_one_caller():
    def name(host: str) -> str:
        return caller_of({"type": "http", "client": (host, 1)})

    assert name("2001:db8:1:2::1") == name("2001:db8:1:2:ffff::9") != name("2001:db8:1:3::1")
    assert name("::ffff:203.0.113.7") == name(FAR)
    assert name("fe80::1%eth0")


def test_users_of_a_key_and_accounts_have_quotas_of_their_own():
    callers = [*(Caller("a", user) for user in (None, "kim", "ann")), Caller(account="kim"), Caller(account="ann")]

    assert len({caller_of({"state": {"caller": caller}}) for caller in callers}) == 5


def test_only_so_many_callers_are_remembered():
    rates = Rates(per_minute=5, most_callers=100)

    for number in range(1000):
        rates.count(f"caller {number}")

    assert rates.callers == 100
    assert len(rates._limiter.storage.storage) <= 100


def test_what_is_done_on_the_page_counts_and_its_files_do_not(limited):
    client = from_address(limited(requests_per_minute=1), FAR)

    assert [client.get("/assets/page.js").status_code for _ in range(3)] == [404] * 3
    asked = {"Accept-Language": "zh-CN,zh;q=0.9"}
    first, second = (client.post("/gradio_api/queue/join", json={}, headers=asked) for _ in range(2))
    assert (first.status_code, second.status_code) == (404, 429)
    assert f"{second.headers['Retry-After']} 秒" in second.json()["error"]["message"]


# Streams of the page ---------------------------------------------------------------------------------------------

HEARTBEAT, UPDATES = "/gradio_api/heartbeat/tab", "/gradio_api/queue/data"


@asynccontextmanager
async def streams(gate: PageQuota, *, path: str = HEARTBEAT, host: str = FAR, count: int = 1):
    """Streams that stay open; the statuses of those that did not."""
    refused: list[int] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            refused.append(message["status"])

    scope = {"type": "http", "method": "GET", "path": path, "client": (host, 1), "headers": []}
    tasks = [asyncio.create_task(gate(scope, asyncio.Event().wait, send)) for _ in range(count)]
    await asyncio.sleep(0)
    yield refused
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def page_quota(*, connections: int = 1000, **limits: int) -> PageQuota:
    async def listen(*_: object) -> None:
        await asyncio.Event().wait()

    return PageQuota(listen, quotas=Quotas.of(LimitSettings(**limits)), connections=connections)


async def test_one_address_holds_only_so_many_streams_of_the_page_and_gets_them_back():
    gate = page_quota(streams_per_caller=3)

    async with (
        streams(gate, count=5) as refused,
        streams(gate, host=OTHER, count=3) as others,
        streams(gate, path=UPDATES, count=3) as updates,
    ):
        assert (refused, others, updates) == ([429, 429], [], [])
    async with streams(gate, count=3) as again:
        assert again == []
    assert not gate.quotas.streams


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
async def test_streams_of_all_leave_room_for_other_connections(host: str):
    gate = page_quota(connections=40, streams_per_caller=0)

    async with streams(gate, host=host, count=14) as refused:
        assert refused == [429] * 4
        async with streams(gate, path=UPDATES) as updates:
            assert updates == []


def test_a_refused_stream_says_when_to_come_back(limited):
    app = limited(streams_per_caller=1)

    with app.state.quotas.stream({"client": (FAR, 1)}, "/heartbeat/", most=9):
        refused = from_address(app, FAR).get(HEARTBEAT, headers={"Accept-Language": "zh"})
    granted = from_address(app, FAR).get(HEARTBEAT)

    assert (refused.status_code, refused.headers["Retry-After"], granted.status_code) == (429, "10", 404)
    assert "10 秒" in refused.json()["error"]["message"]


# Turns at once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", WISH),
        ("/v1/chat/completions", {**WISH, "stream": True}),
        ("/api/recommend", {"message": "calm"}),
    ],
)
def test_a_caller_has_only_so_many_turns_at_once(limited, path: str, body: dict):
    app = limited(turns_per_caller=1)
    client, quotas = from_address(app, FAR), app.state.quotas

    with quotas.turn({"client": (FAR, 1)}):
        refused = client.post(path, json=body)
        assert client.get(ITEM).status_code == 200
        assert from_address(app, OTHER).post(path, json=body).status_code == 200
    granted = client.post(path, json=body)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert refused.json()["error"]["message"] == (
        "expected at most 1 messages at the same time, found 1 that are still being answered. "
        "Wait until one of them is."
    )
    assert granted.status_code == 200
    assert not quotas.turns


def test_turns_that_fail_are_given_back(limited):
    app = limited(turns_per_caller=1)
    client = from_address(app, FAR)
    broken = {"messages": [{"role": "user", "content": "break early"}]}

    assert [client.post("/v1/chat/completions", json=broken).status_code for _ in range(2)] == [503, 503]
    assert not app.state.quotas.turns


def test_a_turn_is_held_while_its_answer_is_streamed(tmp_path: Path):
    made = make_agent(tmp_path)
    made.delay_s = 0.3
    settings = made.settings.model_copy(update={"limits": LimitSettings(turns_per_caller=1, loopback=True)})
    with serving(create_app(made, settings)) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        with client.stream("POST", "/v1/chat/completions", json={**WISH, "stream": True}) as answer:
            lines = answer.iter_lines()
            next(lines)
            during = client.post("/v1/chat/completions", json=WISH).status_code
            assert list(lines)[-2:] == ["data: [DONE]", ""]
        after = client.post("/v1/chat/completions", json=WISH).status_code

    assert (during, after) == (429, 200)
    made.state.close()


def test_nothing_is_left_of_a_turn_that_is_over():
    quotas = Quotas.of(LimitSettings(turns_per_caller=1))
    scope = {"client": (FAR, 1)}

    with quotas.turn(scope), pytest.raises(RateLimitExceededError), quotas.turn(scope):
        pass

    assert not quotas.turns


# The process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [True, False])
def test_a_busy_process_says_when_to_come_back(client, agent: FakeAgent, streamed: bool):
    async def refuse(*_: object, **__: object):
        raise OverloadedError(running=16, waiting=32, retry_after_s=7)
        yield

    agent.stream = refuse

    answer = client.post("/v1/chat/completions", json={**WISH, "stream": streamed})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["error"]["code"] == "overloaded"
    assert "found 16 turns running and 32 waiting. Try again in 7 s." in answer.json()["error"]["message"]
