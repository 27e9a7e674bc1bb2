"""Fit on a training log, score everyone, rank all items, measure: one figure per user, kept, so that pairs compare.

A learner gets the training log and later the profiles made from it, nothing else; what it returns is checked.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommender.splits import Split, fingerprint
from eval import metrics
from eval.bootstrap import bootstrap_interval
from retrieval.models.base import Model
from retrieval.models.log import Log

K: Final = 10
WIDE: Final = 50
"""Recall is measured there, too: what a first stage has to find."""
SEED: Final = 20240
Learner = Callable[[Log], Model]
"""Fits a model on a log; what else it needs (facts, embeddings of items) it holds itself."""


class LeakError(AssertionError):
    """A model knows, or may know, what it is asked to guess."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a model's rankings were worth; arrays have one entry per user asked about."""

    name: str
    split: str
    values: Mapping[str, NDArray[np.float64]]
    """Metric name ('ndcg@10', 'hr@10', ...) to one value per user, shape (n,)."""
    top: NDArray[np.int64]
    """The first `K` items per user, best first, shape (n, K); -1 where the model named fewer."""
    long_tail: NDArray[np.bool_]
    """Whether each user's target lies outside the most rated items, shape (n,); the first target of several."""
    tied: NDArray[np.bool_]
    """Whether chance chose the target, shape (n,)."""
    coverage: float
    """The share of all items that some user was shown among the first `K`."""
    fit_s: float = 0.0
    score_ms: float = 0.0
    """Milliseconds per user, all users scored in one go."""

    def mean(self, metric: str, chosen: NDArray[np.bool_] | None = None) -> float:
        """The mean of a metric over (some of) the users; NaN without users."""
        values = self.values[metric] if chosen is None else self.values[metric][chosen]
        return float(values.mean()) if len(values) else float("nan")

    def line(self) -> str:
        """One line to read while developing."""
        parts = [f"{name} {self.mean(name):.4f}" for name in ("ndcg@10", "hr@10", "recall@50", "mrr")]
        low, high = interval(self.values["ndcg@10"])
        span = f"(ndcg {low:.4f} to {high:.4f})"
        return f"{self.name:24s} {self.split:11s} {'  '.join(parts)}  {span} fit {self.fit_s:.1f} s"


def run(learner: Learner, split: Split) -> Result:
    """Fit on the split's training log, score its profiles, measure.

    Raises:
        LeakError: The model was fitted on other rows than it was given, or changed them.
    """
    scores, name, fit_s, score_s = fit_and_score(learner, split)
    return evaluate(scores, split, name=name, fit_s=fit_s, score_ms=1000 * score_s / max(1, len(split)))


def fit_and_score(learner: Learner, split: Split) -> tuple[NDArray[np.float32], str, float, float]:
    """Scores, shape (n, n_items), the model's name, seconds to fit, seconds to score."""
    given = sealed(split.train)
    before = fingerprint(given)
    began = time.perf_counter()
    model = learner(given)
    fitted = time.perf_counter()
    check_fitted_on(model, before)
    scores = model.score(split.profiles)
    scored = time.perf_counter()
    if fingerprint(given) != before:
        raise LeakError(f"{model.name} changed the training log while it was fitted")
    return np.asarray(scores, dtype=np.float32), model.name, fitted - began, scored - fitted


def sealed(log: Log) -> Log:
    """A copy that holds no row but the log's own and cannot be written to."""
    copy = Log(log.users.copy(), log.items.copy(), log.weights.copy(), log.times.copy(), log.n_users, log.n_items)
    for column in (copy.users, copy.items, copy.weights, copy.times):
        column.setflags(write=False)
    return copy


def check_fitted_on(model: object, expected: str) -> None:
    """A model that says what it was fitted on (`log_fingerprint`) must name the log that it was given.

    Raises:
        LeakError: It names another.
    """
    said = getattr(model, "log_fingerprint", expected)
    if said != expected:
        raise LeakError(f"expected a model fitted on the training log {expected}, found one fitted on {said}")


def evaluate(
    scores: NDArray[np.float32], split: Split, *, name: str, fit_s: float = 0.0, score_ms: float = 0.0
) -> Result:
    """Rank all items that a user does not have yet by their scores, and measure.

    Equal scores stand in an order drawn once, the same for every model; an item without a score (-inf) is not ranked.

    Raises:
        ValueError: The scores have another shape than (users asked about, items), or hold NaN.
    """
    wanted = (len(split), split.train.n_items)
    if scores.shape != wanted or np.isnan(scores).any():
        raise ValueError(f"expected scores of shape {wanted} without NaN, found shape {scores.shape}")
    orders = ranking(scores, split)
    counts = split.train.counts()
    tail = tail_items(counts)
    values = _values(orders, split, tail, self_information(counts, split.train.n_users))
    top = np.asarray([np.pad(order[:K], (0, K - len(order[:K])), constant_values=-1) for order in orders])
    top = top.reshape(len(split), K).astype(np.int64)
    shown = np.unique(top[top >= 0])
    first = np.asarray([target[0] for target in split.targets], dtype=np.int64)
    return Result(
        name, split.name, values, top, tail[first], split.tied, len(shown) / wanted[1], fit_s, score_ms
    )  # fmt: skip


def average(results: Sequence[Result]) -> Result:
    """Several fits of one model as one: the mean of every user's value; the lists shown are the first fit's.

    Raises:
        ValueError: There is none.
    """
    if not results:
        raise ValueError("expected at least one result to average, found none")
    values = {name: np.mean([result.values[name] for result in results], axis=0) for name in results[0].values}
    coverage, fit_s, score_ms = _means(results)
    return replace(results[0], values=values, coverage=coverage, fit_s=fit_s, score_ms=score_ms)


def pool(results: Sequence[Result]) -> Result:
    """A model's results on several splits, one after the other."""
    values = {name: np.concatenate([result.values[name] for result in results]) for name in results[0].values}
    coverage, fit_s, score_ms = _means(results)
    return Result(
        results[0].name,
        "pooled",
        values,
        np.concatenate([result.top for result in results]),
        np.concatenate([result.long_tail for result in results]),
        np.concatenate([result.tied for result in results]),
        coverage,
        fit_s,
        score_ms,
    )


def ranking(scores: NDArray[np.float32], split: Split) -> list[NDArray[np.int64]]:
    """Each user's ranked items, best first: everything that has a score and is not in the profile."""
    drawn = np.random.default_rng(SEED).permutation(scores.shape[1])
    masked = scores[:, drawn].astype(np.float64)
    place = np.argsort(drawn)
    ranked = []
    for row, profile in zip(masked, split.profiles, strict=True):
        row[place[profile.items]] = -np.inf
        order = np.argsort(-row, kind="stable")
        ranked.append(drawn[order[: int((row > -np.inf).sum())]])
    return ranked


def tail_items(counts: NDArray[np.int64], head: float = 0.2) -> NDArray[np.bool_]:
    """The items outside the `head` share of all items with the most interactions, shape (n_items,)."""
    tail = np.ones(len(counts), dtype=np.bool_)
    tail[np.argsort(-counts, kind="stable")[: round(head * len(counts))]] = False
    return tail


def self_information(counts: NDArray[np.integer], n_users: int) -> NDArray[np.float64]:
    """How surprising it is that someone has an item, in bits, shape (n_items,); an item of nobody counts as of one.

    Its mean over recommended items is their novelty.

    Source: Zhou et al., PNAS 2010, doi:10.1073/pnas.1000488107.
    """
    shares = np.clip(counts, 1, None).astype(np.float64) / max(1, n_users)
    return np.asarray(-np.log2(shares), dtype=np.float64)


def interval(
    values: NDArray[np.float64], groups: NDArray[np.int64] | None = None, *, level: float = 0.95, n_samples: int = 2000
) -> tuple[float, float]:
    """The interval of a mean, users (`groups`: the user of each value) drawn with replacement."""
    at = np.arange(len(values)) if groups is None else groups
    parts = [values[at == group].tolist() for group in np.unique(at)]
    return bootstrap_interval(parts, level=level, n_samples=n_samples, seed=SEED)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better one model is than another for the same users."""

    difference: float
    low: float
    high: float
    ratio: float
    """Ours divided by theirs."""
    ratio_low: float
    ratio_high: float

    @property
    def relative(self) -> str:
        """'+15.2 % (+3.1 % to +28.0 %)'."""
        return f"{self.ratio - 1:+.1%} ({self.ratio_low - 1:+.1%} to {self.ratio_high - 1:+.1%})"


def gain(
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    groups: NDArray[np.int64] | None = None,
    *,
    n_samples: int = 5000,
) -> Gain:
    """Compare the means of two models over the same requests, users drawn in pairs with replacement.

    Args:
        ours: One value per request, shape (n,).
        theirs: The other's, shape (n,), in the same order.
        groups: The user of each request, shape (n,), where a user has several; drawn as a whole.
        n_samples: How many times to draw.

    Raises:
        ValueError: The shapes differ or are empty.
    """
    if ours.shape != theirs.shape or not len(ours):
        raise ValueError(f"expected two equal, filled shapes, found {ours.shape} and {theirs.shape}")
    at = np.arange(len(ours)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums = np.stack([np.bincount(at, ours), np.bincount(at, theirs), np.bincount(at)])
    draws = np.random.default_rng(SEED).integers(0, sums.shape[1], size=(n_samples, sums.shape[1]))
    first, second, sizes = sums[:, draws].sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.nan_to_num(first / second, nan=1.0, posinf=np.finfo(np.float64).max)
    low, high = np.quantile((first - second) / sizes, [0.025, 0.975])
    ratio_low, ratio_high = np.quantile(ratios, [0.025, 0.975])
    ratio = float(ours.mean() / theirs.mean()) if theirs.mean() else float("inf")
    difference = float(ours.mean() - theirs.mean())
    return Gain(difference, float(low), float(high), ratio, float(ratio_low), float(ratio_high))


def _means(results: Sequence[Result]) -> tuple[float, float, float]:
    """Mean coverage, seconds to fit, milliseconds to score."""
    rows = [(result.coverage, result.fit_s, result.score_ms) for result in results]
    coverage, fit_s, score_ms = np.mean(rows, axis=0).tolist()
    return coverage, fit_s, score_ms


def _values(
    orders: list[NDArray[np.int64]], split: Split, tail: NDArray[np.bool_], surprise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    pairs = zip(orders, split.targets, strict=True)
    rows = [_measure(order, set(target.tolist()), tail, surprise) for order, target in pairs]
    names = _measure(np.zeros(0, np.int64), {0}, tail, surprise)
    return {name: np.asarray([row[name] for row in rows], dtype=np.float64) for name in names}


def _measure(
    order: NDArray[np.int64], wanted: set[int], tail: NDArray[np.bool_], surprise: NDArray[np.float64]
) -> dict[str, float]:
    """All metrics of one user's ranking."""
    ranked, top = order.tolist(), order[:K]
    return {
        "hr@10": float(not wanted.isdisjoint(ranked[:K])),
        "ndcg@10": metrics.ndcg_at_k(ranked[:K], wanted, K),
        "precision@10": metrics.precision_at_k(ranked, wanted, K),
        "mrr": metrics.reciprocal_rank(ranked, wanted),
        "recall@10": metrics.recall_at_k(ranked, wanted, K),
        "recall@50": metrics.recall_at_k(ranked, wanted, WIDE),
        "recall@100": metrics.recall_at_k(ranked, wanted, 2 * WIDE),
        "long_tail@10": float(tail[top].mean()) if len(top) else 0.0,
        "novelty@10": float(surprise[top].mean()) if len(top) else 0.0,
    }
