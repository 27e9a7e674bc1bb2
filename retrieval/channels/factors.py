"""Recommends from the whole interaction matrix: EASE, a linear item-item model with a closed-form solution.

A user is only a row of weights, so what was said a second ago is folded in without training.
Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, doi:10.1145/3308558.3313710.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.ratings import Ratings, lift, read_ratings
from retrieval.channels.tastes import best_rows, candidate, eligible, taste_of
from retrieval.datasets import Dataset
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.resources import Progress, load_arrays, require, save_arrays, silent, writing
from retrieval.settings import RetrievalSettings

NAME = "factors"
WHAT = "item-item model"
RIDGE = 200.0
"""Lambda of EASE for a matrix of about 100,000 signals; scaled down for emptier ones."""
KNOWN = 1.0
"""What an item known without any opinion counts, loved 2 and hated 0.

Each user's last liked item of MovieLens-100k left out: NDCG@10 .068 with 0, .084 with .5, .089 with 1 and with 2; any
ridge from 100 to 1000 lies within .01.
"""
MOST_ITEMS = 6000
"""Only the most rated items get a place: the matrix is dense."""
SHOWN = 2
"""How many liked items explain one score."""


@dataclass(frozen=True, slots=True)
class ItemModel:
    """The learned item-item weights over the rated items."""

    rows: NDArray[np.int64]
    """Catalog row of each place, shape (n,)."""
    weights: NDArray[np.float32]
    """Weight of having the first item for the second, shape (n, n), zero diagonal."""
    both: NDArray[np.int32]
    """How many users liked both, shape (n, n)."""


def build_factors(dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent) -> None:
    """Fit the model and write it under data_dir/factors; without interactions it has no items."""
    progress(NAME, 0, 1)
    model = fit(read_ratings(dataset))
    with writing(settings.data_dir / NAME, dataset.fingerprint) as folder:
        save_arrays(folder, {"rows": model.rows, "weights": model.weights, "both": model.both})
    progress(NAME, 1, 1)


def fit(ratings: Ratings, *, ridge: float = RIDGE) -> ItemModel:
    """Solve EASE in closed form: B = I - P diag(P)^-1 with P = (X'X + ridge I)^-1."""
    signals, likes = ratings.signals(KNOWN), ratings.likes()
    counts = np.bincount(ratings.items, minlength=ratings.n_items)
    most = np.argsort(-counts, kind="stable")[:MOST_ITEMS]
    rows = np.sort(most[counts[most] > 0]).astype(np.int64)
    x, y = signals[:, rows], likes[:, rows]
    gram = np.asarray((x.T @ x).todense(), dtype=np.float64)
    scale = min(1.0, float(np.diag(gram).mean()) / 60.0) if len(rows) else 1.0
    gram[np.diag_indices_from(gram)] += max(ridge * scale, 0.5)
    inverse = np.linalg.inv(gram)
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0)
    both = np.asarray((y.T @ y).todense()).astype(np.int32)
    return ItemModel(rows, weights, both)


class FactorsChannel:
    """Scores every rated item by the learned weights of what the user liked and disliked."""

    def __init__(self, catalog: Catalog, model: ItemModel) -> None:
        self._catalog = catalog
        self._model = model
        self._places = np.full(len(catalog), -1, dtype=np.int64)
        self._places[model.rows] = np.arange(len(model.rows))

    @classmethod
    def open(cls, dataset: Dataset, data_dir: Path) -> "FactorsChannel":
        """Load what `build_factors` wrote.

        Raises:
            IndexMissingError: It is absent, half-written, or made for other data.
        """
        require(data_dir / NAME, dataset.fingerprint, WHAT)
        arrays = load_arrays(data_dir / NAME, WHAT, ("rows", "weights", "both"))
        model = ItemModel(
            cast(NDArray[np.int64], arrays["rows"]),
            cast(NDArray[np.float32], arrays["weights"]),
            cast(NDArray[np.int32], arrays["both"]),
        )
        return cls(dataset.catalog, model)

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items that people with these likes like too; empty where nothing liked was rated by others."""
        taste = taste_of(self._catalog, preference, history)
        places = self._places[taste.rows]
        rated = places >= 0
        places, weights, said = places[rated], taste.weights[rated], taste.said[rated]
        if not (weights > 0).any():
            return []
        signal = np.where(weights < 0, weights, lift(weights, KNOWN)) * np.where(
            said, said_boost(int((~said).sum())), 1.0
        )
        scores = np.full(len(self._catalog), -np.inf, dtype=np.float32)
        scores[self._model.rows] = signal.astype(np.float32) @ self._model.weights[places]
        rows = best_rows(scores, eligible(self._catalog, preference, history, allowed), k)
        liked = weights > 0
        evidence = self._evidence(rows, places[liked], signal[liked])
        found = zip(rows, evidence, strict=True)
        return [candidate(self._catalog, row, NAME, scores[row], why) for row, why in found if why]

    def _evidence(
        self, rows: NDArray[np.int64], liked: NDArray[np.int64], signal: NDArray[np.floating]
    ) -> list[list[Evidence]]:
        """For each row the liked items that raise its score most, with how many people liked both."""
        columns = self._places[rows]
        raised = self._model.weights[np.ix_(liked, columns)] * signal[:, None]
        both = self._model.both[np.ix_(liked, columns)]
        raised = np.where(both > 0, raised, -np.inf)
        order = np.argsort(-raised, axis=0, kind="stable")[:SHOWN]
        return [
            [
                self._co_liked(liked[i], int(both[i, column]), float(raised[i, column]))
                for rank, i in enumerate(order[:, column])
                if np.isfinite(raised[i, column]) and (rank == 0 or raised[i, column] > 0)
            ]
            for column in range(len(rows))
        ]

    def _co_liked(self, place: int, count: int, score: float) -> Evidence:
        item_id = self._catalog.items[self._model.rows[place]].item_id
        return Evidence(NAME, EvidenceKind.CO_LIKED, item_ids=(item_id,), count=count, score=score)


def said_boost(n_known: int) -> float:
    """What was said just now weighs more, the longer the history that it would drown in; at most tenfold."""
    return float(min(10.0, 1.0 + n_known / 10.0))
