"""The application as other people's programs meet it: the real agent, led by a scripted model or by rules."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from agent.settings import LlmSettings, Settings
from retrieval.settings import RetrievalSettings
from tests.fakes import ScriptedChatModel
from tests.ui.conftest import open_agent
from ui.api.app import create_app

WISH = [{"role": "user", "content": "a crime story like Heat"}]


@pytest.fixture
def model() -> Iterator[ScriptedChatModel]:
    made = ScriptedChatModel()
    yield made
    made.close()


@pytest.fixture
def capable(film_shelf: RetrievalSettings, model: ScriptedChatModel, tmp_path) -> Iterator[TestClient]:
    """Led by a model that calls tools."""
    llm = LlmSettings(url=model.url, driver="tools", timeout_s=5, turn_s=20)
    with TestClient(create_app(open_agent, _settings(film_shelf, tmp_path, llm=llm), warm=False)) as made:
        yield made


@pytest.fixture
def plain(film_shelf: RetrievalSettings, tmp_path) -> Iterator[TestClient]:
    """Without a model."""
    with TestClient(create_app(open_agent, _settings(film_shelf, tmp_path), warm=False)) as made:
        yield made


def _settings(shelf: RetrievalSettings, folder, **more) -> Settings:
    url = f"sqlite:///{folder / 'state.db'}"
    return Settings(retrieval=shelf.model_copy(update={"state_url": url}), _env_file=None, **more)


def chat(client: TestClient, messages=WISH, **more):
    return client.post("/v1/chat/completions", json={"messages": messages, **more})
