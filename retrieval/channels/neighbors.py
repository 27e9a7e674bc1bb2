"""Recommends what people with a similar taste took, or what is like the items that someone took."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.likers import Likers
from retrieval.channels.profiles import FoldedProfile, folded_profile
from retrieval.channels.ratings import Ratings, read_ratings
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.datasets import Dataset
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.measuring import train_hits
from retrieval.models import neighbors
from retrieval.models.log import Log
from retrieval.models.neighbors import ItemNeighbors, NeighborSettings, UserNeighbors
from retrieval.preference import Preference
from retrieval.resources import Progress, require, silent, writing
from retrieval.settings import RetrievalSettings

NAME = "neighbors"
PEOPLE = replace(neighbors.PEOPLE, nearness=0.0, recency=0.0)
ITEMS = NeighborSettings(nearness=0.0, recency=0.0, shrinkage=20.0)
"""For a conversation, on likes: whose likes are like these, in whatever order they came (compare `factors.LIKED`).

NDCG@10 with 3 named: people .506 instead of .469, items .494 instead of .388.
"""
SHOWN = 2
"""How many liked items explain one score."""


def neighbor_settings(settings: RetrievalSettings) -> NeighborSettings:
    """Settings for the kind of neighbors that is chosen, with the chosen similarity."""
    chosen = PEOPLE if settings.neighbors == "user" else ITEMS
    return replace(chosen, similarity=settings.similarity)


def build_neighbors(dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent) -> None:
    """Gather or compute the neighbors and write them under data_dir/neighbors."""
    log = Log.of_dataset(dataset)
    likes = log.likes() if settings.similarity == "cosine" else log  # the others compare opinions, dislikes included
    model = neighbors.fit(likes, neighbor_settings(settings), progress)
    facts: dict[str, str | int | float] = {"of": settings.neighbors, **train_hits(model, likes)}
    with writing(settings.data_dir / NAME, dataset.fingerprint, facts) as folder:
        model.save(folder)


def _supported(count: int, mean: float) -> tuple[Evidence]:
    return (Evidence(NAME, EvidenceKind.NEIGHBORS, count=count, score=mean),)


class NeighborsChannel:
    """Weighs what the most similar people or items say for an item."""

    def __init__(self, catalog: Catalog, model: UserNeighbors | ItemNeighbors, ratings: Ratings) -> None:
        self._catalog = catalog
        self._model = model
        self._likes = ratings.likes()
        self._likers = Likers(ratings)

    @classmethod
    def open(cls, dataset: Dataset, settings: RetrievalSettings) -> "NeighborsChannel":
        """Load what `build_neighbors` wrote.

        Raises:
            IndexMissingError: It is absent, half-written, of the other kind, or made for other data.
        """
        folder: Path = settings.data_dir / NAME
        require(folder, dataset.fingerprint, neighbors.WHAT)
        model = (UserNeighbors if settings.neighbors == "user" else ItemNeighbors).load(folder)
        return cls(dataset.catalog, model, read_ratings(dataset))

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """How much the neighbors speak for every item; -inf where none does, and where nothing is liked."""
        user = folded_profile(self._catalog, preference, history)
        return self._scores(user, user.strengths(self._model.strengths(user.profile)))

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items that similar users liked; empty where nobody shares a like with this user."""
        user = folded_profile(self._catalog, preference, history)
        strengths = user.strengths(self._model.strengths(user.profile))
        if not user.liked.any():
            return []
        open_rows = eligible(self._catalog, preference, history, allowed)
        if isinstance(self._model, UserNeighbors):
            similarities = self._model.similarities([user.profile], [strengths])
            scores = self._model.score_alike([user.profile], [strengths], similarities)[0]
            counts, means = self._support(similarities)
            rows = best_rows(scores, open_rows & (counts > 0), k)
            support = zip(counts[rows].tolist(), means[rows].tolist(), strict=True)
            why: Sequence[Sequence[Evidence]] = [Pending(_supported, count, mean) for count, mean in support]
        else:
            scores = self._scores(user, strengths)
            rows = best_rows(scores, open_rows, k)
            why = self._co_liked(self._model, rows, user, strengths)
        scored = zip(rows.tolist(), scores[rows].tolist(), why, strict=True)
        return [candidate(self._catalog, row, NAME, score, evidence) for row, score, evidence in scored if evidence]

    def _scores(self, user: FoldedProfile, strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        if not user.liked.any():
            return np.full(len(self._catalog), -np.inf, dtype=np.float32)
        return np.asarray(self._model.score_entries([user.profile], [strengths])[0])

    def _support(self, similarities: csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """How many of the neighbors like each row, and how alike these are on average, both shape (n_items,)."""
        likes = self._likes[similarities.indices]
        counts = np.asarray(likes.sum(axis=0)).ravel()
        means = (likes.T @ similarities.data) / np.maximum(counts, 1)
        return counts.astype(np.int64), means

    def _co_liked(
        self, model: ItemNeighbors, rows: NDArray[np.int64], user: FoldedProfile, strengths: NDArray[np.float32]
    ) -> list[list[Evidence]]:
        """For each row the liked items that are most like it, with how many people liked both."""
        liked = user.profile.items[user.liked]
        alike = np.asarray(model.similarities[liked][:, rows].todense()) * strengths[user.liked][:, None]
        both = self._likers.both(liked, rows)
        alike = np.where(both > 0, alike, 0.0)
        order = np.argsort(-alike, axis=0, kind="stable")[:SHOWN]
        return [
            [
                Evidence(
                    NAME,
                    EvidenceKind.CO_LIKED,
                    item_ids=(self._catalog.items[liked[i]].item_id,),
                    count=int(both[i, column]),
                    score=float(alike[i, column]),
                )
                for i in order[:, column]
                if alike[i, column] > 0
            ]
            for column in range(len(rows))
        ]
