"""Fits what is believed of a stranger: factors of the answers, clusters of people, features of items nobody rated.

Knows a log and vectors of the items; the belief itself is in `retrieval.belief`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.belief import TINY, Floats, TasteModel
from retrieval.models.features import ItemSide
from retrieval.models.log import Log
from retrieval.models.storage import load_model, save_model

NAME = "taste"
WHAT = "taste prior"
LEAST_NOISE = 1e-3
"""Variance of an answer at the least: nobody answers like a machine."""
ARRAYS = ("base", "features", "noise", "doubt", "centers", "shares")


@dataclass(frozen=True, slots=True)
class TasteSettings:
    """What the prior is fitted with, and what each kind of answer says."""

    width: int = 20
    clusters: int = 4
    loved: float = 1.0
    liked: float = 0.8
    known: float = 0.4
    """Rated without an opinion: somebody who knows an item is nearer to it than somebody who does not."""
    disliked: float = 0.0
    """As little as an item that one would never take; .2 finds no more, though raters know what they rate."""
    silence: float = 8.0
    """Patience with an item that was shown and not answered: factor on the noise of an answer of 0."""
    ridge: float = 30.0
    """Of the regression from item vectors to factors."""
    few: float = 10.0
    """So many ratings of an item weigh as much as what its vectors say."""
    most_items: int = 6000
    """Only so many of the most rated items shape the factors: their covariance is dense."""
    seed: int = 0

    def answers(self, weights: NDArray[np.floating]) -> Floats:
        """How strongly weights (-1..1) answer, same shape."""
        return np.select(
            [weights >= 0.75, weights > 0, weights == 0],
            [self.loved, self.liked, self.known],
            default=self.disliked,
        ).astype(np.float64)


def fit_taste(
    log: Log, vectors: NDArray[np.floating] | None = None, settings: TasteSettings | None = None
) -> TasteModel:
    """Fit the prior in closed form, k-means of people aside.

    Args:
        log: Everyone's interactions; may be empty.
        vectors: What is known of items without ratings (descriptions, graph), shape (n_items, any); None for nothing.
        settings: How.

    Source of the factors: Tipping and Bishop, "Probabilistic Principal Component Analysis", 1999,
    doi:10.1111/1467-9868.00196.
    """
    settings = settings or TasteSettings()
    counts = log.counts()
    rated = np.flatnonzero(counts)
    if len(rated) > settings.most_items:
        rated = np.sort(rated[np.argsort(-counts[rated], kind="stable")[: settings.most_items]])
    n_people = max(1, len(np.unique(log.users)))
    answers = log.matrix(settings.answers(log.weights))[np.unique(log.users)][:, rated].tocsr()
    base, features, noise = _factors(answers, min(settings.width, max(1, n_people - 1)))
    whole = _spread_out(log.n_items, rated, base, features, noise)
    whole = _with_vectors(whole, counts, vectors, n_people, settings)
    return _clustered(whole, answers, rated, settings)


def save_taste(folder: Path, model: TasteModel, settings: TasteSettings) -> None:
    """Write a prior into an existing folder."""
    save_model(folder, {name: getattr(model, name) for name in ARRAYS}, settings)


def load_taste(folder: Path) -> tuple[TasteModel, TasteSettings]:
    """Read what `save_taste` wrote.

    Raises:
        IndexMissingError: A file is absent or damaged.
    """
    stored, settings = load_model(folder, WHAT, ARRAYS, TasteSettings)
    return TasteModel(**{name: stored.doubles(name) for name in ARRAYS}), settings


def _factors(answers: csr_matrix, width: int) -> tuple[Floats, Floats, Floats]:
    """Mean, features and leftover variance of the columns of answers, shape (n_people, n_rated)."""
    n_people, n_rated = answers.shape
    if n_people == 0 or n_rated == 0:
        return np.zeros(n_rated), np.zeros((n_rated, min(width, n_rated))), np.full(n_rated, 0.1)
    base = np.asarray(answers.mean(axis=0), dtype=np.float64).ravel()
    covariance = np.asarray((answers.T @ answers).todense(), dtype=np.float64) / n_people - np.outer(base, base)
    width = min(width, n_rated)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:width], vectors[:, ::-1][:, :width]
    features = vectors * np.sqrt(np.maximum(values, 0))
    noise = np.maximum(np.diag(covariance) - (features**2).sum(axis=1), LEAST_NOISE)
    return base, features, noise


def _spread_out(n_items: int, rated: NDArray[np.int64], base: Floats, features: Floats, noise: Floats) -> TasteModel:
    """The same over the whole catalog: zeros where nobody rated."""
    width = max(1, features.shape[1])
    whole_base, whole_features = np.zeros(n_items), np.zeros((n_items, width))
    whole_noise = np.full(n_items, float(np.median(noise)) if len(noise) else 0.1)
    whole_base[rated], whole_noise[rated] = base, noise
    whole_features[rated, : features.shape[1]] = features
    return TasteModel(whole_base, whole_features, whole_noise, np.zeros(n_items), np.zeros((1, width)), np.ones(1))


def _with_vectors(
    model: TasteModel,
    counts: NDArray[np.int64],
    vectors: NDArray[np.floating] | None,
    n_people: int,
    settings: TasteSettings,
) -> TasteModel:
    """Little rated items lean on what similar descriptions and facts have; a ridge regression says how far that goes.

    Source: Gantner et al., "Learning Attribute-to-Feature Mappings for Cold-Start Recommendations", ICDM 2010,
    doi:10.1109/ICDM.2010.129.
    """
    if vectors is None or not vectors.size:
        return model
    x = np.column_stack((np.ones(model.n_items), np.asarray(vectors, dtype=np.float64)))
    targets = np.column_stack((np.sqrt(model.base), model.features))
    trust = counts / (counts + 20.0)
    gram = (x * trust[:, None]).T @ x
    gram[np.diag_indices_from(gram)] += settings.ridge * (np.arange(len(gram)) > 0) + 1e-6
    predicted = x @ np.linalg.solve(gram, (x * trust[:, None]).T @ targets)
    share = (counts / np.maximum(counts + settings.few, TINY))[:, None]
    level = np.maximum(predicted[:, :1], 0) ** 2
    features = share * model.features + (1 - share) * predicted[:, 1:]
    base = (share * model.base[:, None] + (1 - share) * level)[:, 0]
    if not counts.any():
        features = _principal(np.asarray(vectors, dtype=np.float64), settings.width)
    missed = (model.base[:, None] - level)[:, 0] ** 2 + ((model.features - predicted[:, 1:]) ** 2).sum(axis=1)
    typical = float(np.average(missed, weights=(counts > 0) + TINY))
    doubt = (1 - share[:, 0]) * typical
    return TasteModel(base, features, model.noise, doubt, np.zeros((1, features.shape[1])), np.ones(1))


def _principal(vectors: Floats, width: int) -> Floats:
    """Where nobody rated anything: the main directions of the vectors, as strong as tastes usually are."""
    off = vectors - vectors.mean(axis=0)
    left, values, _ = np.linalg.svd(off, full_matrices=False)
    width = min(width, int((values > 1e-9).sum()) or 1)
    features: Floats = 0.2 * left[:, :width] * values[:width] / max(float(values[0]), 1e-9)
    return features


def _clustered(model: TasteModel, answers: csr_matrix, rated: NDArray[np.int64], settings: TasteSettings) -> TasteModel:
    """Clusters of the people's own tastes; the features are turned so that tastes are standard normal within one."""
    n_people, width = answers.shape[0], model.features.shape[1]
    k = min(settings.clusters, n_people // 20)
    if k < 2:
        return model
    tastes = _tastes(model, answers, rated)
    centers, label = _k_means(tastes, k, np.random.default_rng(settings.seed))
    shares = (np.bincount(label, minlength=k) + 1.0) / (n_people + k)
    off = centers - shares @ centers
    within = np.eye(width) - (off * shares[:, None]).T @ off
    values, turn = np.linalg.eigh(within)
    values = np.maximum(values, 0.1)
    root, back = turn * np.sqrt(values), turn / np.sqrt(values)
    return TasteModel(model.base, model.features @ root, model.noise, model.doubt, off @ back, shares)


def _tastes(model: TasteModel, answers: csr_matrix, rated: NDArray[np.int64]) -> Floats:
    """The expected taste of each person whose whole row of answers is known, shape (n_people, width)."""
    scaled = model.features[rated] / model.noise[rated][:, None]
    precision = np.eye(model.features.shape[1]) + model.features[rated].T @ scaled
    surprise = answers @ scaled - model.base[rated] @ scaled
    return np.asarray(np.linalg.solve(precision, surprise.T).T, dtype=np.float64)


def _k_means(points: Floats, k: int, rng: np.random.Generator, rounds: int = 50) -> tuple[Floats, NDArray[np.int64]]:
    """Lloyd's algorithm, started from spread-out points (k-means++)."""
    centers = points[rng.integers(len(points))][None]
    while len(centers) < k:
        away = ((points[:, None] - centers) ** 2).sum(axis=2).min(axis=1) + 1e-12
        centers = np.vstack((centers, points[rng.choice(len(points), p=away / away.sum())]))
    label = np.zeros(len(points), dtype=np.int64)
    for _ in range(rounds):
        label = ((points[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
        full = [c for c in range(k) if (label == c).any()]
        moved = centers.copy()
        moved[full] = [points[label == c].mean(axis=0) for c in full]
        if np.allclose(moved, centers):
            break
        centers = moved
    return centers, label


def item_vectors(side: ItemSide, n_facts: int = 64) -> NDArray[np.float32]:
    """What is known of items without anybody's ratings, as one dense array, shape (n_items, any).

    Args:
        side: Descriptions, facts and numbers.
        n_facts: So many main directions of the facts are kept.
    """
    parts: list[NDArray[Any]] = []
    n_facts = min(n_facts, min(side.facts.shape) - 1)
    if n_facts > 0:
        from scipy.sparse.linalg import svds

        start = np.random.default_rng(0).standard_normal(min(side.facts.shape))
        left, values, _ = svds(side.facts.astype(np.float64), k=n_facts, v0=start)
        parts.append(left * values)
    if side.numbers.size:
        spread = np.nanstd(side.numbers, axis=0) + TINY
        parts.append(np.nan_to_num((side.numbers - np.nanmean(side.numbers, axis=0)) / spread) * 0.3)
    if side.vectors is not None:
        parts.append(side.vectors)
    if not parts:
        return np.zeros((len(side.numbers), 0), dtype=np.float32)
    return np.column_stack(parts).astype(np.float32)
