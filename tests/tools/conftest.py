"""The tools over the tea shop, with the real stores."""

from collections.abc import Callable
from pathlib import Path

import pytest
from langchain_core.tools import BaseTool

from retrieval.belief_index import build_taste
from retrieval.channels.factors import build_factors
from retrieval.channels.neighbors import build_neighbors
from retrieval.datasets import save_dataset
from retrieval.graph import build_graph
from retrieval.history import UserHistory
from retrieval.learned import build_fusion
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors import build_vectors
from tests.fakes import HashEncoder, tea_dataset
from tools import ToolContext, make_tools

Tools = Callable[..., dict[str, BaseTool]]


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    folder = tmp_path_factory.mktemp("shop")
    settings, dataset = RetrievalSettings(data_dir=folder, encoder="hash", graph_vectors="none"), tea_dataset()
    save_dataset(dataset, settings.data_dir)
    build_vectors(dataset, settings, encoder=HashEncoder())
    build_graph(dataset, settings)
    build_taste(dataset, settings)
    build_fusion(dataset, settings)
    build_factors(dataset, settings)
    build_neighbors(dataset, settings)
    return Retriever.open(settings, encoder=HashEncoder())


@pytest.fixture
def tools(shop: Retriever) -> Tools:
    """The tools of one turn of a user who wants that."""

    def make(preference: Preference | None = None, history: UserHistory | None = None) -> dict[str, BaseTool]:
        return make_tools(ToolContext(shop, preference or Preference(), history or UserHistory()))

    return make


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]
