"""The indexes of a data folder in the order in which they are built: what makes, checks and dates each of them."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from retrieval.belief_fit import TasteSettings
from retrieval.belief_index import build_taste, open_taste
from retrieval.channels.factors import LIKED, FactorsChannel, build_factors
from retrieval.channels.graph import build_graph_vectors, open_graph_vectors
from retrieval.channels.neighbors import NeighborsChannel, build_neighbors, neighbor_settings
from retrieval.channels.sequence import SequenceChannel, build_sequence, log_teaches, network_settings
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.features.trust import believed_features, features_hash
from retrieval.fusion.others.fused import LONG_TERM, POPULARITY_NOW, FusionSettings
from retrieval.fusion.others.learned import build_fusion, check_fusion
from retrieval.fusion.others.long_term import LONG_TERM as LATER_SETTINGS
from retrieval.fusion.others.long_term import POPULARITY_NOW as COMING_SETTINGS
from retrieval.fusion.others.long_term import POPULARITY_NOW_WEIGHTS
from retrieval.graph import KnowledgeGraph, build_graph
from retrieval.manifest import hash_of
from retrieval.models.als import AlsSettings
from retrieval.models.graph_embeddings import GraphEmbeddingSettings
from retrieval.models.lightgcn import LightGcnSettings
from retrieval.models.typicality import build_typicality, open_typicality
from retrieval.resources import Progress
from retrieval.settings import LEARNED, RetrievalSettings
from retrieval.vectors import TEXTS, VectorIndex, build_vectors


@dataclass(frozen=True, slots=True)
class Part:
    """One index: how it is made, how its wholeness is checked, and what it depends on."""

    name: str
    build: Callable[[Dataset, RetrievalSettings, Progress], None]
    check: Callable[[Dataset, RetrievalSettings], object]
    """Raises `IndexMissingError` where the index is absent, half-written or for another catalog."""
    key: Callable[[Dataset, RetrievalSettings], str]
    wanted: Callable[[RetrievalSettings], bool] = lambda _: True
    """Whether the settings use it at all."""


def _vectors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.catalog_hash, settings.encoder, settings.chroma_url, TEXTS)


def _graph_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.catalog_hash, settings.sparql_url)


def _factors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.fingerprint, "likes", repr(AlsSettings() if settings.factors == "als" else LIKED))


def _neighbors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.fingerprint, "likes", repr(neighbor_settings(settings)))


def _graph_vectors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    chosen = {
        "complex": GraphEmbeddingSettings(seed=settings.seed),
        "lightgcn": LightGcnSettings(seed=settings.seed),
    }
    return hash_of(dataset.fingerprint, settings.graph_vectors, repr(chosen.get(settings.graph_vectors)))


def _typicality_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.fingerprint, settings.encoder, TEXTS)


def _taste_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return hash_of(dataset.fingerprint, settings.encoder, repr(TasteSettings()))


def _sequence_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    how = network_settings(settings, is_teacher=log_teaches(dataset, settings))
    return hash_of(dataset.fingerprint, settings.encoder, repr(how))


def _fusion_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    chosen = {LONG_TERM: repr(LATER_SETTINGS), POPULARITY_NOW: repr((COMING_SETTINGS, POPULARITY_NOW_WEIGHTS))}
    how = chosen.get(settings.fusion) or repr(FusionSettings(seed=settings.seed))
    read = features_hash(believed_features(settings.data_dir, dataset.catalog, settings.language_model_channel))
    return hash_of(dataset.fingerprint, settings.encoder, settings.fusion, how, *filter(None, (read,)))


def _build_fusion(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    vectors = None
    with contextlib.suppress(IndexMissingError):
        vectors = VectorIndex.open(dataset.catalog, settings).matrix
    build_fusion(dataset, settings, progress, vectors=vectors)


def _check_vectors(dataset: Dataset, settings: RetrievalSettings) -> object:
    return VectorIndex.open(dataset.catalog, settings)


def _check_graph(dataset: Dataset, settings: RetrievalSettings) -> object:
    return KnowledgeGraph.open(dataset.catalog, settings)


def _check_fusion(dataset: Dataset, settings: RetrievalSettings) -> object:
    return check_fusion(dataset, settings.data_dir)


PARTS = (
    Part("factors", build_factors, FactorsChannel.open, _factors_key),
    Part("neighbors", build_neighbors, NeighborsChannel.open, _neighbors_key),
    Part("graph", build_graph, _check_graph, _graph_key),
    Part("graph-vectors", build_graph_vectors, open_graph_vectors, _graph_vectors_key),
    Part("vectors", build_vectors, _check_vectors, _vectors_key),
    Part("typicality", build_typicality, open_typicality, _typicality_key),  # reads the vectors
    Part("taste", build_taste, open_taste, _taste_key),  # reads the vectors, where there are any
    Part("sequence", build_sequence, SequenceChannel.open, _sequence_key),  # reads the vectors
    Part("fusion", _build_fusion, _check_fusion, _fusion_key, lambda settings: settings.fusion in LEARNED),
)
