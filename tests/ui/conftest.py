"""Fixtures of the surfaces: a fake agent over a real state, the application in process, and really served."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from playwright.async_api import Browser

from agent.agent import Agent
from agent.build import assemble
from agent.settings import Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state
from tests.agent.films import build_films
from tests.browser import Watched, open_browser, open_context
from tests.fakes import HashEncoder
from tests.ui.fakes import FakeAgent, make_agent
from ui.api.app import create_app
from ui.page.actions import Actions
from ui.page.parts import Region
from ui.page.state import Session


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FakeAgent]:
    made = make_agent(tmp_path)
    yield made
    made.state.close()


@pytest.fixture
def client(agent: FakeAgent) -> Iterator[TestClient]:
    with TestClient(create_app(agent, agent.settings)) as made:
        yield made


@pytest.fixture
def actions(agent: FakeAgent) -> Actions:
    return Actions(lambda: agent)


@pytest.fixture
async def session(actions: Actions) -> Session:
    return await actions.open(None, "en")


@pytest.fixture(scope="session")
def film_shelf(tmp_path_factory: pytest.TempPathFactory) -> RetrievalSettings:
    """A data folder of films with every index."""
    return build_films(tmp_path_factory.mktemp("films"))


async def open_agent(settings: Settings) -> Agent:
    """The real agent over a data folder of the tests."""
    retriever = await asyncio.to_thread(Retriever.open, settings.retrieval, encoder=HashEncoder())
    return await assemble(retriever, open_state(settings.retrieval), settings, seed=0)


@pytest.fixture
async def url(agent: FakeAgent) -> AsyncIterator[str]:
    """The address of the page over the fake agent."""
    from ui.page.mount import mount_chat  # loads Gradio, which few tests here need

    # async: without a running loop, Gradio makes loops of its own and leaves them open
    with serving(mount_chat(create_app(agent, agent.settings), agent)) as address:
        yield address


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest.fixture
async def visitor(browser: Browser) -> AsyncIterator[Watched]:
    """A context of which no page may have an error, or ask another machine for anything."""
    async with open_context(browser) as watched:
        yield watched
        assert watched.errors == []
        assert watched.outside == []


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Methods and templates of all routes of our own, however deep their routers lie."""
    return {
        (method, route.path_format)
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods
    }


async def drain(changes) -> list[Region]:
    return [part async for part in changes]


def remember(agent: FakeAgent, session: Session, title: str = "first") -> None:
    """What the real agent does with each turn."""
    conversation = session.conversation
    agent.state.open_conversation(session.user.user_id, conversation.conversation_id, title=title)
    agent.conversations.stored[conversation.conversation_id] = conversation


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the application, served by uvicorn on a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=3)
        server = uvicorn.Server(config)
        started = threading.Event()
        startup = server.startup

        async def tell(sockets=None) -> None:
            await startup(sockets)
            started.set()

        server.startup = tell
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert started.wait(60), "the server did not start"
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def fake_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    made = make_agent(tmp_path_factory.mktemp("state"))
    with serving(create_app(made, made.settings)) as url:
        yield url
    made.state.close()


@pytest.fixture(scope="module")
def live_url(request: pytest.FixtureRequest) -> str:
    """The address of a server with the real agent: the session's own, or one named in RECONTEUR_TEST_URL."""
    url = os.environ.get("RECONTEUR_TEST_URL", "") or request.getfixturevalue("served_url")
    return url.rstrip("/")


@pytest.fixture(scope="module", params=["fake", pytest.param("real", marks=pytest.mark.live)])
def base_url(request: pytest.FixtureRequest) -> str:
    """What clients talk to: the same tests run against the fake agent and, live, against the real one."""
    return request.getfixturevalue("fake_url" if request.param == "fake" else "live_url")
