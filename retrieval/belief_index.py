"""The taste prior in a data folder: built with the other indexes, opened with the retriever."""

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import TasteModel
from retrieval.belief_fit import NAME, WHAT, TasteSettings, fit_taste, item_vectors, load_taste, save_taste
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.models.log import Log
from retrieval.resources import Progress, require, silent, writing
from retrieval.settings import RetrievalSettings

IN_PASSING = 800
"""Where no prior was built, one over so many items is fitted in passing: a second at the most."""


def build_taste(
    dataset: Dataset,
    settings: RetrievalSettings,
    progress: Progress = silent,
    *,
    vectors: NDArray[np.float32] | None = None,
) -> None:
    """Fit the prior and write it under data_dir/taste; without `vectors` it reads those that are built there."""
    from retrieval.models.side import item_side
    from retrieval.vectors import built_vectors

    progress(NAME, 0, 1)
    vectors = vectors if vectors is not None else built_vectors(dataset.catalog, settings)
    how = TasteSettings()
    model = fit_taste(Log.of_dataset(dataset), item_vectors(item_side(dataset.catalog, vectors)), how)
    with writing(settings.data_dir / NAME, dataset.fingerprint) as folder:
        save_taste(folder, model, how)
    progress(NAME, 1, 1)


def open_taste(dataset: Dataset, settings: RetrievalSettings) -> TasteModel:
    """Load what `build_taste` wrote.

    Raises:
        IndexMissingError: It is absent, half-written, or made for other data.
    """
    folder = settings.data_dir / NAME
    require(folder, dataset.fingerprint, WHAT)
    model, how = load_taste(folder)
    if how != TasteSettings() or model.n_items != len(dataset.catalog):
        raise IndexMissingError(f"a {WHAT} made with other settings", path=str(folder))
    return model


def taste_in_passing(dataset: Dataset) -> TasteModel:
    """A smaller prior without item vectors, where none was built."""
    return fit_taste(Log.of_dataset(dataset), None, TasteSettings(most_items=IN_PASSING))
