"""The application as other people's programs meet it: the real agent, led by a scripted model or by rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.settings import LlmSettings, Settings
from retrieval.settings import RetrievalSettings
from retrieval.state import StateStore
from tests.fakes import ScriptedChatModel
from tests.ui.conftest import open_agent, serving
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
    with TestClient(application(film_shelf, tmp_path, llm=_led_by(model))) as made:
        yield made


@pytest.fixture
def plain(film_shelf: RetrievalSettings, tmp_path) -> Iterator[TestClient]:
    """Without a model."""
    with TestClient(application(film_shelf, tmp_path)) as made:
        yield made


@pytest.fixture
def served_capable(film_shelf: RetrievalSettings, model: ScriptedChatModel, tmp_path) -> Iterator[str]:
    """The address of the first one."""
    with serving(application(film_shelf, tmp_path, llm=_led_by(model))) as url:
        yield url


@pytest.fixture
def served_plain(film_shelf: RetrievalSettings, tmp_path) -> Iterator[str]:
    """The address of the second one."""
    with serving(application(film_shelf, tmp_path)) as url:
        yield url


@pytest.fixture
def state(tmp_path) -> Iterator[StateStore]:
    """The state of all of them, as a command line opens it."""
    store = StateStore(_state_url(tmp_path))
    yield store
    store.close()


def _led_by(model: ScriptedChatModel) -> LlmSettings:
    return LlmSettings(url=model.url, driver="tools", timeout_s=20, turn_s=60)


def application(shelf: RetrievalSettings, folder: Path, **more) -> FastAPI:
    """Over a shelf of films, with a state of its own in the folder."""
    shelf = shelf.model_copy(update={"state_url": _state_url(folder)})
    return create_app(open_agent, Settings(retrieval=shelf, _env_file=None, **more), warm=False)


def _state_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'state.db'}"


def chat(client: TestClient, messages=WISH, **more):
    return client.post("/v1/chat/completions", json={"messages": messages, **more})
