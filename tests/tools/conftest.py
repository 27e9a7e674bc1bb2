"""A tea shop and a shelf of films with the real stores: Chroma, the knowledge graph, what people liked."""

from pathlib import Path

import pytest

from retrieval.channels.factors import build_factors
from retrieval.channels.neighbors import build_neighbors
from retrieval.datasets import Dataset, save_dataset
from retrieval.graph import build_graph
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors import build_vectors
from tests.agent.films import film_dataset
from tests.fakes import HashEncoder, tea_dataset


def opened(dataset: Dataset, folder: Path) -> Retriever:
    """A retriever over what is built here and now."""
    settings = RetrievalSettings(data_dir=folder, encoder="hash", graph_vectors="none")
    save_dataset(dataset, folder)
    build_vectors(dataset, settings, encoder=HashEncoder())
    build_graph(dataset, settings)
    build_factors(dataset, settings)
    build_neighbors(dataset, settings)
    return Retriever.open(settings, encoder=HashEncoder())


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return opened(tea_dataset(), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return opened(film_dataset(), tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]
