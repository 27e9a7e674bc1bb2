"""Keys and accounts over the agents of the surfaces' tests."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from agent.settings import Settings
from retrieval.settings import RetrievalSettings
from retrieval.state import AccessStore, StateStore
from tests.ui.conftest import open_agent
from ui.access.keys import make_key
from ui.api.app import create_app

EVERYTHING = ("all",)


@dataclass
class Client:
    """A client of the API with one key or token."""

    http: TestClient
    bearer: str

    def ask(self, method: str, path: str, **given):
        return self.http.request(method, path, headers={"Authorization": f"Bearer {self.bearer}"}, **given)

    def token_for(self, user: str, **more) -> "Client":
        answer = self.ask("POST", "/api/tokens", json={"user": user, **more})
        assert answer.status_code == 201, answer.text
        return Client(self.http, answer.json()["token"])


def add_key(state: StateStore, tenant: str = "", scopes: tuple[str, ...] = EVERYTHING) -> str:
    shown, key = make_key(f"of {tenant}", tenant=tenant, scopes=scopes)
    AccessStore(state.database).add_key(key, who="test")
    return shown


@pytest.fixture
def films(film_shelf: RetrievalSettings, tmp_path) -> Iterator[TestClient]:
    """The application over the real agent without a model, its state in a database of its own."""
    shelf = film_shelf.model_copy(update={"state_url": f"sqlite:///{tmp_path / 'state.db'}"})
    settings = Settings(retrieval=shelf, _env_file=None)
    with TestClient(create_app(open_agent, settings)) as http:
        yield http
