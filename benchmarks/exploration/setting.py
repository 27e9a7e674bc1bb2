"""What every part of the benchmark starts from: ratings, item vectors, the split, fitted priors."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.exploration.people import Split, long_tail, of_users, split
from benchmarks.exploration.replies import Groups
from benchmarks.recommender.data import movielens
from retrieval.belief import TasteModel
from retrieval.belief_fit import TasteSettings, fit_taste, item_vectors
from retrieval.datasets import load_dataset
from retrieval.exploration.asking import Questions
from retrieval.exploration.explorer import askable
from retrieval.items import Catalog
from retrieval.models.log import Log
from retrieval.models.side import item_side
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex

NEW_SHARE = 0.1
NEW_SEED = 5


@dataclass(frozen=True)
class Setting:
    """Ratings and vectors; priors are fitted when they are asked for."""

    log: Log
    catalog: Catalog
    vectors: NDArray[np.float32]
    split: Split

    @classmethod
    def open(cls, data: Path) -> "Setting":
        """Read MovieLens-100k and the text vectors of a built demo folder."""
        source = movielens()
        built = load_dataset(data)
        index = VectorIndex.open(built.catalog, RetrievalSettings(data_dir=data))
        texts = np.zeros((len(source.dataset.catalog), index.matrix.shape[1]), dtype=np.float32)
        for row, item in enumerate(source.dataset.catalog):
            if item.item_id in built.catalog:
                texts[row] = index.matrix[built.catalog.row(item.item_id)]
        vectors = item_vectors(item_side(source.dataset.catalog, texts))
        return cls(source.log, source.dataset.catalog, vectors, split(source.log.n_users))

    @cached_property
    def new_items(self) -> NDArray[np.bool_]:
        """The items whose ratings are withheld in one part, shape (n_items,)."""
        chosen = np.random.default_rng(NEW_SEED).choice(
            self.log.n_items, size=round(NEW_SHARE * self.log.n_items), replace=False
        )
        is_new = np.zeros(self.log.n_items, dtype=np.bool_)
        is_new[chosen] = True
        return is_new

    def prior(self, *, tuning: bool = False, withheld: bool = False, settings: TasteSettings | None = None) -> "Prior":
        """Fit on everyone who is not simulated.

        Args:
            tuning: Leave the tuning users out, too, since they are the ones that are simulated.
            withheld: Without the ratings of the new items.
            settings: Other than the product's.
        """
        settings = settings or TasteSettings()
        users = self.split.fit if tuning else np.sort(np.concatenate((self.split.fit, self.split.tuning)))
        whole = of_users(self.log, users)
        log = of_users(self.log, users, without=self.new_items) if withheld else whole
        model = fit_taste(log, self.vectors, settings)
        groups = askable(self.catalog)
        return Prior(model, settings, log.counts(), long_tail(whole.counts()), (Questions.of(model, groups), groups))


@dataclass(frozen=True)
class Prior:
    """A fitted prior and what goes with it."""

    model: TasteModel
    settings: TasteSettings
    counts: NDArray[np.int64]
    tail: NDArray[np.bool_]
    questions: tuple[Questions, Groups]
    """What can be asked, and the values and rows that it was made from."""

    def with_settings(self, **changes: float) -> "Prior":
        """The same with other meanings of answers."""
        return replace(self, settings=replace(self.settings, **changes))  # type: ignore[arg-type]
