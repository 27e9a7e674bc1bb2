"""A tea shop whose indexes are built once, with the real stores."""

from pathlib import Path

import pytest

from retrieval.belief_index import build_taste
from retrieval.channels.base import Channel
from retrieval.channels.content import ContentChannel
from retrieval.channels.factors import LIKED, FactorsChannel
from retrieval.channels.graph import GraphChannel
from retrieval.channels.neighbors import PEOPLE, NeighborsChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.sequence import SequenceChannel, build_sequence
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset
from retrieval.graph import build_graph
from retrieval.models import ease, neighbors
from retrieval.models.sequence import SequenceSettings
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex, build_vectors
from tests.fakes import HashEncoder, tea_dataset

SMALL = SequenceSettings(width=16, layers=1, epochs=1, least_steps=60, rate=1e-2, averaging=0.9, seeds=2, dropout=0.1)


@pytest.fixture(scope="session")
def teas() -> Dataset:
    return tea_dataset()


@pytest.fixture(scope="session")
def tea_settings(tmp_path_factory: pytest.TempPathFactory, teas: Dataset) -> RetrievalSettings:
    settings = RetrievalSettings(data_dir=tmp_path_factory.mktemp("teas"), encoder="hash")
    build_vectors(teas, settings, encoder=HashEncoder())
    build_graph(teas, settings)
    build_taste(teas, settings)
    build_sequence(teas, settings, model_settings=SMALL)
    return settings


@pytest.fixture(scope="session")
def vectors(teas: Dataset, tea_settings: RetrievalSettings) -> VectorIndex:
    return VectorIndex.open(teas.catalog, tea_settings)


@pytest.fixture(scope="session")
def channels(teas: Dataset, tea_settings: RetrievalSettings, vectors: VectorIndex) -> dict[str, Channel]:
    ratings = read_ratings(teas)
    opened: list[Channel] = [
        ContentChannel(teas.catalog, vectors, HashEncoder()),
        FactorsChannel(teas.catalog, ease.fit(ratings.log().likes(), LIKED), ratings),
        NeighborsChannel(teas.catalog, neighbors.fit(ratings.log().likes(), PEOPLE), ratings),
        SequenceChannel.open(teas, tea_settings),
        GraphChannel(teas.catalog),
        TrendChannel(teas.catalog, ratings),
    ]
    return {channel.name: channel for channel in opened}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
