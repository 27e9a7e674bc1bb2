"""Recommends from the whole interaction matrix: EASE or implicit ALS, whichever was built.

A user is only a row of weights, so what was said a second ago is folded in without training.
"""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.likers import Likers
from retrieval.channels.profiles import FoldedProfile, folded_profile
from retrieval.channels.ratings import Ratings, read_ratings
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.datasets import Dataset
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.measuring import train_hits
from retrieval.models import als, ease
from retrieval.models.log import Log, Profile
from retrieval.preference import Preference
from retrieval.resources import Progress, require, silent, writing
from retrieval.settings import RetrievalSettings

NAME = "factors"
WHAT = "item-item model"
LIKED = ease.EaseSettings(ridge=500.0, nearness=0.0, recency=0.0)
"""For a conversation: what people who like these like too, whenever they rated it.

The model's own defaults guess the very next rating and follow the order of the pages on which people rated. Two hundred
people in no fit who name 3 of the items that they like, their other likes being right (`benchmarks.strangers`, seed 0):
NDCG@10 .429 with these settings on likes, .374 with the defaults; with 1 named .326 and .301.
"""
SHOWN = 2
"""How many liked items explain one score."""


class LinearModel(Protocol):
    """A model whose scores are sums over the entries of a profile, so that each entry's part can be shown."""

    @property
    def name(self) -> str:
        """'ease' or 'als'."""
        ...

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """See `retrieval.models.base.Model`."""
        ...

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        ...

    def score_entries(self, items: NDArray[np.int64], strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores where the entries count this much, shape (n_items,)."""
        ...

    def contributions(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What each entry adds to the score of some items, shape (n, len(rows))."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        ...


def build_factors(dataset: Dataset, settings: RetrievalSettings, progress: Progress = silent) -> None:
    """Fit the chosen model and write it under data_dir/factors; without interactions it has no items."""
    log = Log.of_dataset(dataset).likes()
    tell: Progress = lambda _, done, total: progress(NAME, done, total)  # noqa: E731
    model: LinearModel = als.fit(log, None, tell) if settings.factors == als.NAME else ease.fit(log, LIKED, tell)
    facts: dict[str, str | int | float] = {"model": model.name, **train_hits(model, log)}
    with writing(settings.data_dir / NAME, dataset.fingerprint, facts) as folder:
        model.save(folder)


class FactorsChannel:
    """Scores every rated item by the learned weights of what the user liked and disliked."""

    def __init__(self, catalog: Catalog, model: LinearModel, ratings: Ratings) -> None:
        self._catalog = catalog
        self._model = model
        self._likers = Likers(ratings)

    @classmethod
    def open(cls, dataset: Dataset, settings: RetrievalSettings) -> "FactorsChannel":
        """Load what `build_factors` wrote.

        Raises:
            IndexMissingError: It is absent, half-written, another model, or made for other data.
        """
        folder = settings.data_dir / NAME
        require(folder, dataset.fingerprint, WHAT)
        model = als.AlsModel.load(folder) if settings.factors == als.NAME else ease.EaseModel.load(folder)
        return cls(dataset.catalog, model, read_ratings(dataset))

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """What the model expects of every rated item; -inf for others, and where nothing is liked."""
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
        """Items that people with these likes like too; empty where nothing liked was rated by others."""
        user = folded_profile(self._catalog, preference, history)
        strengths = user.strengths(self._model.strengths(user.profile))
        scores = self._scores(user, strengths)
        rows = best_rows(scores, eligible(self._catalog, preference, history, allowed), k)
        scored = zip(rows.tolist(), scores[rows].tolist(), self._evidence(rows, user, strengths), strict=True)
        return [candidate(self._catalog, row, NAME, score, why) for row, score, why in scored if why is not None]

    def _scores(self, user: FoldedProfile, strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        if not user.liked.any():
            return np.full(len(self._catalog), -np.inf, dtype=np.float32)
        return self._model.score_entries(user.profile.items, strengths)

    def _evidence(
        self, rows: NDArray[np.int64], user: FoldedProfile, strengths: NDArray[np.float32]
    ) -> list[Pending | None]:
        """For each row the liked items that raise its score most, with how many people liked both; None without any."""
        liked = user.profile.items[user.liked]
        raised = self._model.contributions(user.profile.items, strengths, rows)[user.liked]
        both = self._likers.both(liked, rows)
        raised = np.where(both > 0, raised, -np.inf)
        best = np.argsort(-raised, axis=0, kind="stable")[:SHOWN]
        columns = np.arange(len(rows))
        shown = liked[best].T.tolist(), both[best, columns].T.tolist(), raised[best, columns].T.tolist()
        return [
            Pending(self._co_liked, *reasons) if reasons[2] and isfinite(reasons[2][0]) else None
            for reasons in zip(*shown, strict=True)
        ]

    def _co_liked(self, rows: list[int], counts: list[int], scores: list[float]) -> list[Evidence]:
        """The first one, and others that speak for the item, too."""
        ids = [self._catalog.items[row].item_id for row in rows]
        return [
            Evidence(NAME, EvidenceKind.CO_LIKED, item_ids=(item_id,), count=count, score=score)
            for rank, (item_id, count, score) in enumerate(zip(ids, counts, scores, strict=True))
            if isfinite(score) and (rank == 0 or score > 0)
        ]
