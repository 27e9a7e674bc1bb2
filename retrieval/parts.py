"""Opens what was built in a data folder: the dataset and every index that is whole."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from retrieval.belief import TasteModel
from retrieval.belief_index import open_taste
from retrieval.channels.base import Channel
from retrieval.channels.content import ContentChannel
from retrieval.channels.factors import FactorsChannel
from retrieval.channels.graph import GraphChannel, open_graph_vectors
from retrieval.channels.neighbors import NeighborsChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.sequence import SequenceChannel
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset, load_dataset
from retrieval.encoder import Encoder, make_encoder
from retrieval.errors import IndexMissingError
from retrieval.fusion.base import Fusion
from retrieval.fusion.conversation import NAME, ConversationFusion
from retrieval.fusion.others.by_lists import ListsFusion
from retrieval.fusion.others.learned import LearnedFusion
from retrieval.fusion.signals import Signals
from retrieval.fusion.weights import ConversationWeights, read_weights, shipped_weights
from retrieval.graph import KnowledgeGraph
from retrieval.models.typicality import Typicality, open_typicality
from retrieval.settings import LEARNED, RetrievalSettings
from retrieval.vectors import VectorIndex

Opened = TypeVar("Opened")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a retriever is made of; a test may leave out any of them but the dataset."""

    dataset: Dataset
    channels: Mapping[str, Channel] = field(default_factory=dict)
    vectors: VectorIndex | None = None
    graph: KnowledgeGraph | None = None
    encoder: Encoder | None = None
    notices: tuple[str, ...] = ()
    taste: TasteModel | None = None
    """What is believed of strangers; a small one is fitted in passing where there is none."""
    learned: LearnedFusion | None = None
    """A fitted way to fuse that the settings ask for; without it the channels' lists are added up."""
    weights: ConversationWeights = field(default_factory=shipped_weights)
    """Of the default way to fuse."""
    typicality: Typicality | None = None
    """How typical items are of their values; None where it was not built."""
    generation: str = ""
    """What this folder's users taught (`retrieval.refit`); '' where all is as built."""

    def fusion(self, settings: RetrievalSettings, popularity: TrendChannel) -> Fusion:
        """The way to fuse that the settings ask for."""
        if settings.fusion != NAME:
            return ListsFusion(self.dataset.catalog, settings, self.learned)
        return ConversationFusion(self.signals(popularity), self.weights, settings.weights)

    def signals(self, popularity: TrendChannel) -> Signals:
        """What the default way to fuse weighs."""
        catalog = self.dataset.catalog
        return Signals(catalog, self.channels, popularity, self.weights.talk(catalog), self.typicality)


def open_parts(settings: RetrievalSettings, *, encoder: Encoder | None = None) -> Parts:
    """Open the dataset and every index that is whole.

    Raises:
        IndexMissingError: There is no dataset.
    """
    dataset = load_dataset(settings.data_dir)
    catalog = dataset.catalog
    notices: list[str] = []
    encoder = encoder or make_encoder(settings.encoder)

    vectors = _attempt(lambda: VectorIndex.open(catalog, settings), notices)
    factors = _attempt(lambda: FactorsChannel.open(dataset, settings), notices)
    neighbors = _attempt(lambda: NeighborsChannel.open(dataset, settings), notices)
    graph = _attempt(lambda: KnowledgeGraph.open(catalog, settings), notices)
    learned = _attempt(lambda: open_graph_vectors(dataset, settings), notices)
    sequence = _attempt(lambda: SequenceChannel.open(dataset, settings), notices)
    typicality = _attempt(lambda: open_typicality(dataset, settings), notices)
    taste = _attempt(lambda: open_taste(dataset, settings), notices)
    fusion = None
    if settings.fusion in LEARNED:
        fusion = _attempt(lambda: LearnedFusion.open(dataset, settings), notices)
        if fusion is not None and fusion.is_learned:
            notices.extend(fusion.notices)
        else:
            fusion = None
    ratings, weights = read_ratings(dataset), read_weights(settings.data_dir)
    opened: list[Channel | None] = [
        ContentChannel(catalog, vectors, encoder) if vectors is not None else None,
        factors,
        neighbors,
        sequence,
        GraphChannel(catalog, learned) if graph is not None else None,
        TrendChannel(catalog, ratings, spoken=weights.talk(catalog).counts),
    ]
    channels = {channel.name: channel for channel in opened if channel is not None}
    return Parts(dataset, channels, vectors, graph, encoder, tuple(notices), taste, fusion, weights, typicality)


def _attempt(load: Callable[[], Opened], notices: list[str]) -> Opened | None:
    try:
        return load()
    except IndexMissingError as error:
        logger.warning("left out: %s", error)
        notices.append(error.public)
        return None
