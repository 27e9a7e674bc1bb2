"""Groups of people by where their interests lie: k-means over interest vectors, with soft membership and a prior.

Knows arrays only; `clusters_names` finds words for the groups.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Log
from retrieval.models.storage import load_model, save_model

NAME = "clusters"
WHAT = "taste clusters"
ROUNDS = 50
SHARPNESS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Candidates for how fast membership falls with distance, in units of the mean squared distance."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How the groups are found."""

    numbers: tuple[int, ...] = (4, 6, 8, 10, 12, 16)
    """Of these numbers of clusters the one is taken whose prior tells people's newest item best."""
    least_share: float = 0.03
    """No cluster with a smaller share of the people."""
    smoothing: float = 200.0
    """Interactions that everyone's taste counts in the taste of a cluster."""
    restarts: int = 4
    most_people: int = 20_000
    """A sample of so many is clustered."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TasteClusters:
    """Centers of taste, who is near them, and what is taken and liked there. There is at least one cluster."""

    centers: NDArray[np.float32]
    """Shape (k, width)."""
    sharpness: float
    """Membership falls as exp(-sharpness * squared distance)."""
    shares: NDArray[np.float32]
    """Share of the people for whom a cluster is the nearest, shape (k,), sum 1."""
    likes: NDArray[np.int32]
    """How many of them like each item, shape (k, n_items)."""
    tastes: NDArray[np.float32]
    """Probability that an interaction of a cluster is with an item, smoothed, shape (k, n_items), rows sum to 1."""
    evidence: float = 0.0
    """Mean log-probability of people's newest item under the prior that the rest of their history gives."""

    def __len__(self) -> int:
        return len(self.centers)

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much each person belongs to each cluster, shape (n, k), rows sum to 1.

        Args:
            vectors: Interest vectors, shape (n, width); 0 where nothing is known, which gives the clusters' shares.
        """
        shares = _soft(_squared_distances(vectors, self.centers), self.shares, self.sharpness)
        unknown = ~vectors.any(axis=1)
        shares[unknown] = self.shares
        return shares

    def prior(self, membership: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probability of each item for people of whom no more is known, shape (n, n_items); -inf if unrated."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(membership @ self.tastes), dtype=np.float32)

    def typical(self, cluster: int, n: int = 10) -> NDArray[np.int64]:
        """Rows of the items by which a cluster differs most from everyone, most typical first."""
        everyone = self.shares @ self.tastes
        own = self.tastes[cluster]
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.where(self.likes[cluster] > 0, own * np.log(own / everyone), 0.0)
        rows = np.argsort(-gain, kind="stable")[:n]
        return rows[gain[rows] > 0].astype(np.int64)

    def save(self, folder: Path) -> None:
        """Write the clusters into an existing folder."""
        names = ("centers", "shares", "likes", "tastes")
        arrays = {name: getattr(self, name) for name in names}
        save_model(folder, arrays, _Numbers(self.sharpness, self.evidence))

    @classmethod
    def load(cls, folder: Path) -> "TasteClusters":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, numbers = load_model(folder, WHAT, ("centers", "shares", "likes", "tastes"), _Numbers)
        centers, shares, tastes = (stored.floats(name) for name in ("centers", "shares", "tastes"))
        likes = stored.rows("likes").astype(np.int32)
        return cls(centers, numbers.sharpness, shares, likes, tastes, numbers.evidence)


@dataclass(frozen=True, slots=True)
class _Numbers:
    sharpness: float
    evidence: float


def fit(
    log: Log,
    vectors: NDArray[np.float32],
    earlier: NDArray[np.float32],
    settings: ClusterSettings | None = None,
) -> TasteClusters:
    """Cluster the people; the number of clusters and their sharpness are those that tell a newest item best.

    Args:
        log: Everyone's interactions.
        vectors: Interest vector of each user row, shape (n_users, width); 0 where there is none.
        earlier: The same of everyone without their newest interaction; the number of clusters is picked with these.
        settings: The numbers to try and the like.

    Returns:
        One cluster of everyone where there are too few people for more.
    """
    settings = settings or ClusterSettings()
    number, sharpness, evidence = _pick(log, earlier, settings)
    nearest, centers = _clustered(vectors, number, settings)
    return _described(log, nearest, centers, sharpness, evidence, settings.smoothing)


def _pick(log: Log, earlier: NDArray[np.float32], settings: ClusterSettings) -> tuple[int, float, float]:
    """Number of clusters, sharpness, and the mean log-probability they reach."""
    past = log.without_last(1)
    known = np.flatnonzero(earlier.any(axis=1))
    newest = log.items[log.starts()[1:][known] - 1]
    best = (1, 0.0, -np.inf)
    for number in (1, *(amount for amount in settings.numbers if amount * 3 <= len(known))):
        nearest, centers = _clustered(earlier, number, settings)
        if np.bincount(nearest[known], minlength=number).min() < settings.least_share * len(known):
            continue
        trial = _described(past, nearest, centers, 0.0, 0.0, settings.smoothing)
        distances = _squared_distances(earlier[known], centers)
        typical = float(distances.min(axis=1).mean()) if len(known) else 1.0
        for unit in SHARPNESS if number > 1 else (1.0,):
            sharpness = unit / max(typical, 1e-9)
            told = (_soft(distances, trial.shares, sharpness) * trial.tastes[:, newest].T).sum(axis=1)
            evidence = float(np.log(np.maximum(told, 1e-12)).mean()) if len(known) else 0.0
            if evidence > best[2]:
                best = (number, sharpness, evidence)
    return best


def _clustered(
    vectors: NDArray[np.float32], number: int, settings: ClusterSettings
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest center of each person, and the centers; people without a vector are in none (-1)."""
    known = np.flatnonzero(vectors.any(axis=1))
    if len(known) == 0:
        return np.full(len(vectors), -1, dtype=np.int64), np.zeros((1, vectors.shape[1]), dtype=np.float32)
    rng = np.random.default_rng(settings.seed)
    sample = rng.permutation(known)[: settings.most_people]
    tries = [_k_means(vectors[sample], number, rng) for _ in range(settings.restarts if number > 1 else 1)]
    centers = min(tries, key=lambda attempt: attempt[0])[1]
    nearest = np.full(len(vectors), -1, dtype=np.int64)
    nearest[known] = _squared_distances(vectors[known], centers).argmin(axis=1)
    return nearest, centers


def _k_means(vectors: NDArray[np.float32], number: int, rng: np.random.Generator) -> tuple[float, NDArray[np.float32]]:
    """Mean squared distance and centers; started as in Arthur and Vassilvitskii, "k-means++", SODA 2007."""
    centers = vectors[rng.integers(len(vectors), size=1)]
    while len(centers) < number:
        far = _squared_distances(vectors, centers).min(axis=1).astype(np.float64)
        chances = far / far.sum() if far.sum() > 0 else None
        centers = np.vstack([centers, vectors[rng.choice(len(vectors), size=1, p=chances)]])
    for _ in range(ROUNDS):
        nearest = _squared_distances(vectors, centers).argmin(axis=1)
        groups = [vectors[nearest == cluster] for cluster in range(number)]
        moved = np.stack([group.mean(0) if len(group) else old for group, old in zip(groups, centers, strict=True)])
        if np.allclose(moved, centers, atol=1e-5):
            break
        centers = moved.astype(np.float32)
    return float(_squared_distances(vectors, centers).min(axis=1).mean()), centers


def _described(
    log: Log,
    nearest: NDArray[np.int64],
    centers: NDArray[np.float32],
    sharpness: float,
    evidence: float,
    smoothing: float,
) -> TasteClusters:
    """Shares, likes and smoothed tastes of clusters whose people are known."""
    k = len(centers)
    members = np.bincount(nearest[nearest >= 0], minlength=k).astype(np.float64)
    shares = members / members.sum() if members.sum() else np.full(k, 1 / k)
    own = nearest[log.users]
    inside, liked = own >= 0, (own >= 0) & (log.weights > 0)
    taken, likes = np.zeros((k, log.n_items)), np.zeros((k, log.n_items), dtype=np.int32)
    np.add.at(taken, (own[inside], log.items[inside]), 1)
    np.add.at(likes, (own[liked], log.items[liked]), 1)
    everyone = log.counts() / max(1, len(log))
    tastes = (taken + smoothing * everyone) / np.maximum(taken.sum(axis=1, keepdims=True) + smoothing, 1)
    return TasteClusters(centers, sharpness, shares.astype(np.float32), likes, tastes.astype(np.float32), evidence)


def _squared_distances(vectors: NDArray[np.float32], centers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (n, k)."""
    squares = (vectors**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(squares - 2 * vectors @ centers.T, 0), dtype=np.float32)


def _soft(distances: NDArray[np.float32], shares: NDArray[np.float32], sharpness: float) -> NDArray[np.float32]:
    """Membership by distance, weighed by the clusters' shares, shape (n, k)."""
    nearness = -sharpness * distances + np.log(np.maximum(shares, 1e-9))
    nearness = np.exp(nearness - nearness.max(axis=1, keepdims=True))
    return np.asarray(nearness / nearness.sum(axis=1, keepdims=True), dtype=np.float32)
