"""An agent over the shelf of films, with the real stores, and a scripted model behind a real connection."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.build import assemble
from agent.conversation import Conversation
from agent.events import Event
from agent.settings import LimitSettings, LlmSettings, Settings
from retrieval.items import Catalog
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import open_state
from tests.agent.films import build_films, film_catalog
from tests.fakes import HashEncoder, ScriptedChatModel

MakeAgent = Callable[..., Awaitable[Agent]]


@pytest.fixture(scope="session")
def films() -> Catalog:
    return film_catalog()


@pytest.fixture(scope="session")
def film_settings(tmp_path_factory: pytest.TempPathFactory) -> RetrievalSettings:
    return build_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def film_retriever(film_settings: RetrievalSettings) -> Retriever:
    return Retriever.open(film_settings, encoder=HashEncoder())


@pytest.fixture
def model() -> Iterator[ScriptedChatModel]:
    made = ScriptedChatModel()
    yield made
    made.close()


@pytest.fixture
async def make_agent(tmp_path: Path, film_retriever: Retriever) -> AsyncIterator[MakeAgent]:
    """Agents that keep what they keep in one folder; all are closed with the test."""
    opened: list[Agent] = []

    async def make(
        model: ScriptedChatModel | None = None,
        *,
        retriever: Retriever | None = None,
        url: str = "",
        driver: str = "tools",
        llm: dict[str, object] | None = None,
        limits: LimitSettings | None = None,
        **changes: object,
    ) -> Agent:
        options = {"url": model.url if model else url, "driver": driver, "timeout_s": 5, "turn_s": 20, **(llm or {})}
        retrieval = RetrievalSettings(data_dir=tmp_path, encoder="hash", **changes)
        settings = Settings(llm=LlmSettings(**options), retrieval=retrieval, limits=limits or LimitSettings())
        agent = await assemble(retriever or film_retriever, open_state(retrieval), settings, seed=0)
        opened.append(agent)
        return agent

    yield make
    for agent in opened:
        await agent.aclose()


@pytest.fixture
async def agent(make_agent: MakeAgent) -> Agent:
    """Without a model."""
    return await make_agent(driver="auto")


@pytest.fixture
async def talking(make_agent: MakeAgent, model: ScriptedChatModel) -> Agent:
    """With the scripted model, which calls tools."""
    return await make_agent(model)


@pytest.fixture
def film_copy(film_settings: RetrievalSettings, tmp_path: Path) -> RetrievalSettings:
    """A data folder of one's own to break."""
    folder = tmp_path / "copy"
    shutil.copytree(film_settings.data_dir, folder)
    return film_settings.model_copy(update={"data_dir": folder})


def visitor(agent: Agent, name: str = "Ann") -> Conversation:
    """A new conversation of a new user."""
    return Conversation(user_id=agent.state.create_user(name).user_id)


async def events(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]
