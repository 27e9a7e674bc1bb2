"""What is believed of people's taste, and how sure that is: a Gaussian mixture over the factors of a linear model.

Knows arrays only. Everything is closed form, so an answer counts at once; several people are updated side by side.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TINY = 1e-9


@dataclass(frozen=True)
class TasteModel:
    """How strongly a person answers to items: `base + features @ taste`, the taste drawn from one of some clusters.

    Within a cluster the taste is standard normal around the cluster's center.
    """

    base: Floats
    """What an average person answers, shape (n_items,)."""
    features: Floats
    """Shape (n_items, width)."""
    noise: Floats
    """Variance of an answer around the line, shape (n_items,), > 0."""
    doubt: Floats
    """Variance of what the features themselves leave open, shape (n_items,), >= 0; large where nobody rated."""
    centers: Floats
    """Centers of the clusters of real people, shape (n_clusters, width)."""
    shares: Floats
    """Share of the people in each cluster, shape (n_clusters,), sum 1."""

    @property
    def n_items(self) -> int:
        """How many items it knows."""
        return len(self.base)

    @cached_property
    def gram(self) -> Floats:
        """Mean of the features' outer products, shape (width, width): turns a covariance into doubt about items."""
        gram: Floats = self.features.T @ self.features / max(1, self.n_items)
        return gram

    @cached_property
    def belongs(self) -> NDArray[np.int64]:
        """The cluster whose people answer most to each item, beside everyone, shape (n_items,)."""
        return np.asarray((self.features @ self.centers.T).argmax(axis=1), dtype=np.int64)

    @cached_property
    def openness(self) -> float:
        """The mean variance of the score of an item for a stranger, > 0."""
        return float(np.sum(self.gram * self.strangers)) + TINY

    @cached_property
    def strangers(self) -> Floats:
        """The covariance of the tastes of strangers, shape (width, width)."""
        covariance: Floats = np.eye(self.features.shape[1]) + _between(self.centers[None], self.shares[None])[0]
        return covariance


class Belief:
    """The posterior over the taste of some people at once; `observe` changes it in place.

    Sources: Bayesian linear regression as in Bishop, "Pattern Recognition and Machine Learning", 2006, section 3.3;
    the mixture's weights follow from each cluster's evidence.
    """

    def __init__(self, model: TasteModel, n_people: int = 1) -> None:
        width = model.features.shape[1]
        self.model = model
        self.covariance = np.repeat(np.eye(width)[None], n_people, axis=0)
        """Within a cluster, shape (n_people, width, width); the same for every cluster."""
        self.centers = np.repeat(model.centers[None], n_people, axis=0)
        """Where the taste lies if the person is of a cluster, shape (n_people, n_clusters, width)."""
        self.log_shares = np.repeat(np.log(model.shares + TINY)[None], n_people, axis=0)
        """Log-probability of each cluster, not normalized, shape (n_people, n_clusters)."""

    def __len__(self) -> int:
        return len(self.covariance)

    def copy(self) -> "Belief":
        """An independent copy."""
        return self._of(slice(None))

    def person(self, place: int) -> "Belief":
        """An independent copy of what is believed of one of them."""
        return self._of(slice(place, place + 1))

    def _of(self, who: slice) -> "Belief":
        twin = Belief.__new__(Belief)
        twin.model = self.model
        twin.covariance, twin.centers = self.covariance[who].copy(), self.centers[who].copy()
        twin.log_shares = self.log_shares[who].copy()
        return twin

    def tried(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Items for the same cluster as one of `rows`, shape (n_items,)."""
        belongs = self.model.belongs
        return np.isin(belongs, np.unique(belongs[rows]))

    def observe(
        self, people: NDArray[np.int64], items: NDArray[np.int64], answers: Floats, noise_scale: Floats
    ) -> None:
        """Learn one answer each of some people.

        Args:
            people: Which of them, without repeats, shape (n,).
            items: The row that each answered to, shape (n,).
            answers: How strongly, on the scale of `TasteModel.base`, shape (n,).
            noise_scale: Factor on the noise of an answer of that kind, shape (n,); larger counts less.
        """
        model = self.model
        noise = (model.noise[items] + model.doubt[items]) * noise_scale
        self.observe_along(people, model.features[items], answers - model.base[items], noise)

    def observe_along(self, people: NDArray[np.int64], directions: Floats, answers: Floats, noise: Floats) -> None:
        """Learn that the taste along a direction (shape (n, width)) has a value (n,), up to a noise variance (n,)."""
        if len(people) == 0:
            return
        spread = np.einsum("nij,nj->ni", self.covariance[people], directions)
        variance = np.einsum("ni,ni->n", spread, directions) + noise
        errors = answers[:, None] - np.einsum("nci,ni->nc", self.centers[people], directions)
        self.log_shares[people] -= 0.5 * errors**2 / variance[:, None]
        self.centers[people] += errors[:, :, None] * (spread / variance[:, None])[:, None, :]
        self.covariance[people] -= spread[:, :, None] * spread[:, None, :] / variance[:, None, None]

    def learn(self, directions: Floats, answers: Floats, noise: Floats) -> None:
        """The same for many answers of everyone at once; the order does not matter.

        Args:
            directions: Shape (n, width).
            answers: The taste along each direction, shape (n,).
            noise: Their variances, shape (n,).
        """
        if len(directions) == 0:
            return
        scaled = directions / noise[:, None]
        precision = np.linalg.inv(self.covariance) + directions.T @ scaled
        after: Floats = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        errors = answers - self.centers @ directions.T
        pull = errors @ scaled
        explained = np.einsum("nci,nij,ncj->nc", pull, after, pull)
        self.log_shares -= 0.5 * ((errors**2 / noise).sum(axis=2) - explained)
        self.centers += np.einsum("nij,ncj->nci", after, pull)
        self.covariance = after

    def shares(self) -> Floats:
        """Probability of each cluster, shape (n_people, n_clusters), rows sum to 1."""
        weights = np.exp(self.log_shares - self.log_shares.max(axis=1, keepdims=True))
        shares: Floats = weights / weights.sum(axis=1, keepdims=True)
        return shares

    def taste(self) -> Floats:
        """The expected taste, shape (n_people, width)."""
        taste: Floats = np.einsum("nc,nci->ni", self.shares(), self.centers)
        return taste

    def total_covariance(self) -> Floats:
        """Of the mixture as a whole, shape (n_people, width, width)."""
        covariance: Floats = self.covariance + _between(self.centers, self.shares())
        return covariance

    def mean(self, rows: NDArray[np.int64] | None = None) -> Floats:
        """The expected answer to each item (or to some rows), shape (n_people, n_rows)."""
        chosen = slice(None) if rows is None else rows
        means: Floats = self.model.base[chosen] + self.taste() @ self.model.features[chosen].T
        return means

    def deviation(self, rows: NDArray[np.int64] | None = None) -> Floats:
        """How far off the expected answers may be, as a standard deviation, shape (n_people, n_rows)."""
        chosen = slice(None) if rows is None else rows
        features = self.model.features[chosen]
        variance = ((features @ self.total_covariance()) * features).sum(axis=2) + self.model.doubt[chosen]
        deviations: Floats = np.sqrt(np.maximum(variance, 0))
        return deviations

    def uncertainty(self) -> Floats:
        """How little is known: mean variance over all items beside that for a stranger; shape (n_people,), 0..1."""
        open_part = np.einsum("nij,ij->n", self.total_covariance(), self.model.gram)
        widths: Floats = np.clip(open_part / self.model.openness, 0.0, 1.0)
        return widths

    def narrowing(self, directions: Floats, noise: Floats) -> Floats:
        """By how much of the width one answer along each direction would narrow the belief, shape (n_people, n).

        Args:
            directions: Shape (n, width).
            noise: The variance of such an answer, shape (n,).
        """
        spread = directions @ self.total_covariance()
        variance = (spread * directions).sum(axis=2) + noise
        closed = ((spread @ self.model.gram) * spread).sum(axis=2)
        narrowed: Floats = closed / variance / self.model.openness
        return narrowed

    def draws(self, standard: Floats, cluster: NDArray[np.int64]) -> Floats:
        """Possible tastes, shape (n_people, n_draws, width).

        Args:
            standard: Standard normal numbers, shape (n_people or 1, n_draws, width).
            cluster: Which cluster each is drawn from, shape (n_people, n_draws).
        """
        width = self.covariance.shape[1]
        root = np.linalg.cholesky(self.covariance + 1e-8 * np.eye(width))
        centers = np.take_along_axis(self.centers, cluster[:, :, None], axis=1)
        drawn: Floats = centers + standard @ root.transpose(0, 2, 1)
        return drawn

    def draw_clusters(self, chances: Floats) -> NDArray[np.int64]:
        """The cluster that each chance (0..1, shape (n_people or 1, n_draws)) falls on, shape (n_people, n_draws)."""
        steps = np.cumsum(self.shares(), axis=1)[:, :-1]
        return np.asarray((chances[:, :, None] > steps[:, None, :]).sum(axis=2), dtype=np.int64)

    def sample(self, n_draws: int, rng: Generator) -> Floats:
        """Possible scores of all items, shape (n_people, n_draws, n_items)."""
        standard = rng.standard_normal((len(self), n_draws, self.covariance.shape[1]))
        tastes = self.draws(standard, self.draw_clusters(rng.random((len(self), n_draws))))
        answers: Floats = self.model.base + tastes @ self.model.features.T
        return answers


def _between(centers: Floats, shares: Floats) -> Floats:
    """The covariance of the clusters' centers, shape (n_people, width, width)."""
    mean = np.einsum("nc,nci->ni", shares, centers)
    off = centers - mean[:, None]
    between: Floats = np.einsum("nc,nci,ncj->nij", shares, off, off)
    return between
