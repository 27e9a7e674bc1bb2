"""The shelf of films with real stores, for benchmarks that play turns."""

from collections.abc import Iterator

import pytest

from retrieval.retriever import Retriever
from tests.agent.films import build_films
from tests.fakes import HashEncoder, ScriptedChatModel


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return Retriever.open(build_films(tmp_path_factory.mktemp("shelf")), encoder=HashEncoder())


@pytest.fixture
def model() -> Iterator[ScriptedChatModel]:
    made = ScriptedChatModel()
    yield made
    made.close()
