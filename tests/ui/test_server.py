"""Starting up: the port answers at once, and nothing waits for a part that is slow or silent."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from agent.settings import Settings
from retrieval.errors import StateError
from retrieval.settings import RetrievalSettings
from tests.ui.conftest import open_agent
from tests.ui.fakes import FakeAgent
from ui.server import listen, run

WISH = {"messages": [{"role": "user", "content": "something calm"}]}


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Serving takes the signals of the process; give them back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


class Served:
    """A server that runs beside the test."""

    def __init__(self, build: Callable[[Settings], Awaitable[FakeAgent]], settings: Settings) -> None:
        self.listener = listen("127.0.0.1", 0)
        self.told: list[str] = []
        self.task = asyncio.create_task(run(settings, self.listener, build, page=False, tell=self.told.append))
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.client = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)


@contextlib.asynccontextmanager
async def served(build: Callable[[Settings], Awaitable[FakeAgent]], settings: Settings) -> AsyncIterator[Served]:
    made = Served(build, settings)
    async with made.client:
        yield made
    made.task.cancel()
    await asyncio.wait({made.task})


async def test_health_is_answered_while_the_agent_is_still_being_built(agent: FakeAgent):
    is_built = asyncio.Event()

    async def build(settings: Settings) -> FakeAgent:
        await is_built.wait()
        return agent

    async with served(build, agent.settings) as server:
        health, ready = await server.client.get("/healthz"), await server.client.get("/readyz")
        waiting = asyncio.create_task(server.client.post("/v1/chat/completions", json=WISH))
        await server.client.get("/healthz")
        told_before, done_before = list(server.told), waiting.done()
        is_built.set()
        answer = await waiting

        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        assert (ready.status_code, ready.json()["parts"]) == (503, {"catalog": "still loading"})
        assert (told_before, done_before) == (["Loading the catalog and the models ..."], False)
        assert answer.json()["reconteur"]["recommendations"]
        assert (await server.client.get("/readyz")).json()["status"] == "ready"
        assert server.told[1].startswith("Ready: http://127.0.0.1:")

    assert agent.warmed
    assert agent.closed


async def test_health_waits_for_no_thread(agent: FakeAgent):
    async def build(settings: Settings) -> FakeAgent:
        return agent

    is_over = threading.Event()
    async with served(build, agent.settings) as server:
        assert (await server.client.get("/readyz")).status_code in (200, 503)
        while len(server.told) < 2:  # noqa: ASYNC110  nothing is set when it is ready
            await asyncio.sleep(0.01)
        with ThreadPoolExecutor(1) as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            busy = asyncio.get_running_loop().run_in_executor(None, is_over.wait)
            try:
                health = await asyncio.wait_for(server.client.get("/healthz"), 20)
            finally:
                is_over.set()
            await busy

    assert health.json() == {"status": "ok"}


async def test_a_build_that_fails_ends_the_server_with_its_error(agent: FakeAgent):
    async def build(settings: Settings) -> FakeAgent:
        raise StateError("no state in nowhere. Look at the disk.")

    async with served(build, agent.settings) as server:
        with pytest.raises(StateError, match="no state in nowhere"):
            await server.task
        with pytest.raises(httpx.ConnectError):
            await server.client.get("/healthz")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_during_the_build_ends_without_an_error(agent: FakeAgent, number: signal.Signals):
    async def build(settings: Settings) -> FakeAgent:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async with served(build, agent.settings) as server:
        await server.client.get("/healthz")
        os.kill(os.getpid(), number)
        await server.task

    assert server.told[-1] == "Stopped."


async def test_readiness_does_not_wait_for_a_part_that_hangs(agent: FakeAgent, monkeypatch: pytest.MonkeyPatch):
    async def hang() -> dict[str, str]:
        await asyncio.Event().wait()
        return {}

    async def build(settings: Settings) -> FakeAgent:
        return agent

    agent.ready = hang
    monkeypatch.setattr("ui.api.app.READY_S", 0.05)
    async with served(build, agent.settings) as server:
        await server.client.get("/v1/models")  # waits until the application is there
        answer = await server.client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"] == {"catalog": "ok", "state, model": "no answer within 0.05 s"}


@pytest.fixture
def silent_url() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize(("setting", "driver"), [("auto", "schema"), ("tools", "tools")])
async def test_a_model_that_never_answers_delays_neither_the_start_nor_the_cards(
    film_shelf: RetrievalSettings, silent_url: str, monkeypatch: pytest.MonkeyPatch, setting: str, driver: str
):
    monkeypatch.setenv("RECONTEUR_LLM__URL", silent_url)
    monkeypatch.setenv("RECONTEUR_LLM__TURN_S", "4")
    monkeypatch.setenv("RECONTEUR_LLM__DRIVER", setting)
    settings = Settings(retrieval=film_shelf, _env_file=None)

    async with served(open_agent, settings) as server:
        assert (await server.client.get("/healthz")).status_code == 200
        answer = (await server.client.post("/v1/chat/completions", json=WISH)).json()["reconteur"]
        ready = await server.client.get("/readyz")

    assert len(answer["recommendations"]) == 5
    assert answer["trace"]["driver"] == "offline"
    assert answer["trace"]["seconds"]["cards"] < settings.llm.turn_s
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["parts"]["model"].startswith("unreachable")
    assert ready.json()["driver"].startswith(f"{driver}: ")
