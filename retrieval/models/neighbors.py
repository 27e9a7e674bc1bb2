"""Nearest neighbors: people with a similar profile, or items taken by the same people.

Sources: Herlocker, Konstan, Borchers and Riedl, SIGIR 1999, doi:10.1145/312624.312682 (Pearson on common items,
shrinkage); Deshpande and Karypis, TOIS 2004, doi:10.1145/963770.963776 (item-item cosine).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.log import Log, Profile
from retrieval.models.pairs import most_rated, near_pairs
from retrieval.models.recency import ages, fading
from retrieval.models.similarity import divide, euclidean, largest, ones, pearson
from retrieval.models.storage import load_model, save_model
from retrieval.resources import Progress, silent

NAME = "neighbors"
WHAT = "neighborhood model"
Similarity = Literal["cosine", "pearson", "euclidean"]


@dataclass(frozen=True, slots=True)
class NeighborSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md); see also `PEOPLE`."""

    of: Literal["user", "item"] = "item"
    """Whose neighbors: people like this one, or items like the profile's."""
    similarity: Similarity = "cosine"
    """Cosine looks at what was taken; Pearson and Euclidean at the opinions about what both have."""
    k: int = 100
    """The most neighbors that count."""
    shrinkage: float = 0.0
    """In common items (of users) or people (of items): with so many in common a similarity counts half."""
    recency: float = 0.9
    """Power by which older entries of a profile fade; 0 weighs all alike."""
    nearness: float = 10.0
    """In places of a user's order: what is taken close together is more alike (see `near_pairs`); 0 ignores order."""
    anchors: int = 10
    """Of users: with `nearness`, what a neighbor took counts by its distance to so many of the common items."""
    most_items: int = 6000
    """Of items: only the most rated get a place."""


PEOPLE = NeighborSettings(of="user", k=50, shrinkage=10.0, recency=1.2, nearness=20.0)
"""The best settings found for neighbors that are people."""


@dataclass(frozen=True, slots=True)
class Neighbors(ABC):
    """Neighbors of either kind: what they say for an item is a sum of likenesses."""

    settings: NeighborSettings

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of all items, shape (len(profiles), n_items); -inf where no neighbor says anything."""
        return self.score_entries(profiles, [self.strengths(profile) for profile in profiles])

    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""
        return fading(ages(profile.times), self.settings.recency)

    @abstractmethod
    def score_entries(
        self, profiles: Sequence[Profile], strengths: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Scores where the entries count this much; a negative strength repels."""


@dataclass(frozen=True)
class UserNeighbors(Neighbors):
    """Everyone's interactions, to look for similar people in; what those have gets their likeness."""

    taken: csr_matrix
    """1 where a user has an item, shape (n_users, n_items)."""
    opinions: csr_matrix
    """Opinions relative to the user's mean, shape (n_users, n_items), the same entries as in `taken`."""
    order: csr_matrix
    """Places in each user's order of time, counted from the newest, the same entries as in `taken`."""

    def score_entries(
        self, profiles: Sequence[Profile], strengths: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """See `Neighbors`."""
        return self.score_alike(profiles, strengths, self.similarities(profiles, strengths))

    def score_alike(
        self, profiles: Sequence[Profile], strengths: Sequence[NDArray[np.float32]], similarities: csr_matrix
    ) -> NDArray[np.float32]:
        """`score_entries` where `similarities` is known."""
        sums = np.zeros((len(profiles), self.taken.shape[1]), dtype=np.float32)
        if self.settings.nearness > 0:
            for i, profile in enumerate(profiles):
                sums[i] = self._near(profile, strengths[i], similarities[i])
        else:
            sums += np.asarray((similarities @ self.taken).todense())
        return np.where(sums > 0, sums, -np.inf).astype(np.float32)

    def _near(self, profile: Profile, strengths: NDArray[np.float32], similarities: csr_matrix) -> NDArray[np.float32]:
        """What the neighbors took close to what they have in common with the profile, shape (n_items,).

        Source, in spirit: Ludewig and Jannach, UMUAI 2018, doi:10.1007/s11257-018-9209-6 (sequence-aware neighbors).
        """
        n_items = self.taken.shape[1]
        present = np.zeros(n_items, dtype=np.float32)
        present[profile.items] = strengths
        sums = np.zeros(n_items, dtype=np.float32)
        for user, alike in zip(similarities.indices.tolist(), similarities.data.tolist(), strict=True):
            span = slice(self.taken.indptr[user], self.taken.indptr[user + 1])
            items, order = self.taken.indices[span], self.order.data[span]
            shared = present[items]
            anchors = np.argsort(-np.abs(shared), kind="stable")[: self.settings.anchors]
            distance = np.abs(order[:, None] - order[None, anchors])
            sums[items] += alike * (np.exp(-distance / self.settings.nearness) @ shared[anchors])
        return sums

    def similarities(self, profiles: Sequence[Profile], strengths: Sequence[NDArray[np.float32]]) -> csr_matrix:
        """How alike the `k` most similar users are, shape (len(profiles), n_users), > 0 where stored."""
        width = self.taken.shape[1]
        counted = _rows_of(profiles, strengths, width)
        present = ones(counted)
        common = np.asarray((present @ self._takers).todense(), dtype=np.float32)
        match self.settings.similarity:
            case "cosine":
                own = np.sqrt(np.asarray(counted.multiply(counted).sum(axis=1)).ravel())
                shared = np.asarray((counted @ self._takers).todense())
                similarities = divide(shared, own[:, None] * self._lengths[None, :])
            case "pearson":
                centered = _rows_of(profiles, _centered_rows(profiles), width)
                similarities = pearson(centered, present, self.opinions, self.taken)
            case "euclidean":
                centered = _rows_of(profiles, _centered_rows(profiles), width)
                similarities = euclidean(centered, present, self.opinions, self.taken, common)
        similarities = similarities * divide(common, common + self.settings.shrinkage)
        return largest(similarities.astype(np.float32), self.settings.k)

    @cached_property
    def _takers(self) -> csr_matrix:
        """Who has each item, shape (n_items, n_users); by rows, since products would turn it around every time."""
        return self.taken.T.tocsr()

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        """The length of each user's row, shape (n_users,)."""
        return np.asarray(np.sqrt(np.asarray(self.taken.sum(axis=1)).ravel()))

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays = {
            "indptr": self.taken.indptr,
            "indices": self.taken.indices,
            "opinions": self.opinions.data,
            "order": self.order.data,
            "shape": np.asarray(self.taken.shape),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "UserNeighbors":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        names = ("indptr", "indices", "opinions", "order", "shape")
        stored, settings = load_model(folder, WHAT, names, NeighborSettings)
        shape = tuple(stored.rows("shape").tolist())
        where = (stored.rows("indices"), stored.rows("indptr"))
        opinions = csr_matrix((stored.floats("opinions"), *where), shape=shape)
        return cls(settings, ones(opinions), opinions, csr_matrix((stored.floats("order"), *where), shape=shape))


@dataclass(frozen=True, slots=True)
class ItemNeighbors(Neighbors):
    """The nearest items of every rated item; an item gets its likeness to the entries."""

    similarities: csr_matrix
    """From an item of a profile to its neighbors, shape (n_items, n_items), > 0 where stored."""

    def score_entries(
        self, profiles: Sequence[Profile], strengths: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """See `Neighbors`."""
        counted = _rows_of(profiles, strengths, self.similarities.shape[0])
        sums = np.asarray((counted @ self.similarities).todense(), dtype=np.float32)
        return np.where(sums > 0, sums, -np.inf).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays = {
            "indptr": self.similarities.indptr,
            "indices": self.similarities.indices,
            "likeness": self.similarities.data,
            "shape": np.asarray(self.similarities.shape),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "ItemNeighbors":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        names = ("indptr", "indices", "likeness", "shape")
        stored, settings = load_model(folder, WHAT, names, NeighborSettings)
        columns = (stored.floats("likeness"), stored.rows("indices"), stored.rows("indptr"))
        return cls(settings, csr_matrix(columns, shape=tuple(stored.rows("shape").tolist())))


def fit(
    log: Log, settings: NeighborSettings | None = None, progress: Progress = silent
) -> UserNeighbors | ItemNeighbors:
    """Gather the rows to compare (of users), or compare all rated items beforehand (of items)."""
    settings = settings or NeighborSettings()
    progress(NAME, 0, 1)
    taken = log.matrix()
    opinions = log.matrix(_centered(log))
    if settings.of == "user":
        progress(NAME, 1, 1)
        order = np.concatenate([np.zeros(0), *(ages(profile.times) for profile in log.profiles())])
        return UserNeighbors(settings, taken, opinions, log.matrix(order))
    similarities = _item_likeness(log, opinions, settings)
    progress(NAME, 1, 1)
    return ItemNeighbors(settings, similarities)


def _item_likeness(log: Log, opinions: csr_matrix, settings: NeighborSettings) -> csr_matrix:
    rows = most_rated(log, settings.most_items)
    pairs = near_pairs(log, rows, nearness=settings.nearness)
    counts = np.maximum(np.diag(pairs), 1e-9) if len(rows) else np.zeros(0, dtype=np.float32)
    if settings.similarity == "cosine":
        similarities, common = pairs / np.sqrt(counts[:, None] * counts[None, :]), pairs
    else:
        columns = opinions[:, rows].T.tocsr()
        has = ones(columns)
        common = np.asarray((has @ has.T).todense(), dtype=np.float32)
        compare = pearson(columns, has, columns, has)
        if settings.similarity == "euclidean":
            compare = euclidean(columns, has, columns, has, common)
        similarities = np.where(common > 0, compare, 0)
    similarities = similarities * divide(common, common + settings.shrinkage)
    np.fill_diagonal(similarities, 0)
    nearest = largest(similarities.astype(np.float32), settings.k).tocoo()
    shape = (log.n_items, log.n_items)
    return csr_matrix((nearest.data, (rows[nearest.row], rows[nearest.col])), shape=shape, dtype=np.float32)


def _rows_of(profiles: Sequence[Profile], values: Sequence[NDArray[np.float32]], n_items: int) -> csr_matrix:
    """A value per entry of some people, shape (len(profiles), n_items)."""
    indptr = np.cumsum([0, *(len(profile) for profile in profiles)])
    indices = np.concatenate([np.zeros(0, dtype=np.int64), *(profile.items for profile in profiles)])
    data = np.concatenate([np.zeros(0, dtype=np.float32), *values])
    return csr_matrix((data, indices, indptr), shape=(len(profiles), n_items))


def _centered_rows(profiles: Sequence[Profile]) -> list[NDArray[np.float32]]:
    """Each opinion minus the mean of its person."""
    return [profile.weights - profile.weights.mean() if len(profile) else profile.weights for profile in profiles]


def _centered(log: Log) -> NDArray[np.float32]:
    """Each opinion minus the mean of its user."""
    counts = np.maximum(np.bincount(log.users, minlength=log.n_users), 1)
    means = np.bincount(log.users, weights=log.weights, minlength=log.n_users) / counts
    return np.asarray(log.weights - means[log.users], dtype=np.float32)
