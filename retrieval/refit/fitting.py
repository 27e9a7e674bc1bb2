"""The parts that learn from people: fitted into a folder of their own, and put in place of those that were built."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.belief_index import build_taste, open_taste
from retrieval.channels.base import Channel
from retrieval.channels.factors import FactorsChannel, build_factors
from retrieval.channels.neighbors import NeighborsChannel, build_neighbors
from retrieval.channels.ratings import read_ratings
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset
from retrieval.fusion.weights import FILE, read_weights
from retrieval.models.typicality import build_typicality, open_typicality
from retrieval.parts import Parts
from retrieval.resources import Progress, silent
from retrieval.settings import RetrievalSettings


def fit_parts(
    dataset: Dataset,
    settings: RetrievalSettings,
    folder: Path,
    vectors: NDArray[np.float32] | None,
    progress: Progress = silent,
) -> None:
    """Fit factors, neighbors, typicality and the belief about strangers, and write them into a folder.

    Args:
        dataset: What everybody did (`opinions.together`).
        settings: Which models; its data folder is not touched.
        folder: An existing one.
        vectors: Of the descriptions, shape (n_items, dimension); None where there are none.
        progress: Told what is being fitted.
    """
    at = settings.model_copy(update={"data_dir": folder})
    build_factors(dataset, at, progress)
    build_neighbors(dataset, at, progress)
    build_typicality(dataset, at, progress, vectors=vectors)
    build_taste(dataset, at, progress, vectors=vectors)


def with_generation(parts: Parts, dataset: Dataset, settings: RetrievalSettings, folder: Path, name: str) -> Parts:
    """What is open, with the parts of a generation in their places; everything else is shared.

    Popularity is counted anew. People of the dataset keep their histories as they were: what users of this folder
    said is in the models, and nobody can ask for it.

    Args:
        parts: As built.
        dataset: What the generation was fitted on.
        settings: Those of the data folder.
        folder: Where `fit_parts` wrote.
        name: Of the generation.

    Raises:
        IndexMissingError: A part is absent, damaged, of another kind, or made for other data.
        BadDataError: Its weights cannot be read.
    """
    at = settings.model_copy(update={"data_dir": folder})
    weights = read_weights(folder) if (folder / FILE).is_file() else parts.weights
    catalog = parts.dataset.catalog
    channels: tuple[Channel, ...] = (
        FactorsChannel.open(dataset, at),
        NeighborsChannel.open(dataset, at),
        TrendChannel(catalog, read_ratings(dataset), spoken=weights.talk(catalog).counts),
    )
    fresh = {channel.name: channel for channel in channels}
    return replace(
        parts,
        channels={name: fresh.get(name, channel) for name, channel in parts.channels.items()} | fresh,
        typicality=open_typicality(dataset, at),
        taste=open_taste(dataset, at),
        weights=weights,
        generation=name,
    )
