"""From rankings and recorded dialogues to scores with intervals: all turns, and first, later, cold and warm ones.

A turn that a run did not rank, or where it failed, counts as one where nothing was found.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from agent.learning.transcripts import Dialogue
from eval.bootstrap import Interval, bootstrap_means
from eval.metrics import gini, intra_list_diversity, ndcg_at_k, precision_at_k, recall_at_k, reciprocal_rank
from eval.places import GroundTruth
from eval.predictions import Prediction
from retrieval.datasets import Dataset
from retrieval.schema import FieldKind

LEVEL = 0.95
RECALL_AT, PRECISION_AT, NDCG_AT = (1, 5, 10, 20, 50), (1, 5, 10), (10, 20)
LIST = 10
"""The list whose make-up (long tail, novelty, diversity ...) is looked at: the first ten."""
HEAD = 0.2
"""The most popular fifth of the catalog is its head, the rest its long tail."""

RANKING: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    **{f"recall@{k}": partial(recall_at_k, k=k) for k in RECALL_AT},
    **{f"precision@{k}": partial(precision_at_k, k=k) for k in PRECISION_AT},
    **{f"ndcg@{k}": partial(ndcg_at_k, k=k) for k in NDCG_AT},
    "mrr": reciprocal_rank,
}
MAKE_UP = ("long_tail_share", "novelty_bits", "intra_list_diversity", "popularity_percentile", "popularity_lift")
READINGS = ("excluded", "included")
"""Items that came up before are taken out of rankings and answers, or left in both."""


class Score(BaseModel):
    """A mean over turns with its bootstrap interval over dialogues."""

    mean: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, interval: Interval) -> "Score":
        """Not-a-number becomes None."""
        return cls(**{name: None if math.isnan(value) else value for name, value in interval._asdict().items()})


class Group(BaseModel):
    """The scores of some of the turns."""

    turns: int
    scores: dict[str, Score]


class Scores(BaseModel):
    """Everything that is measured of one run."""

    dialogues: int
    turns: int
    unranked_turns: int
    """Turns that the run did not rank, or failed at; they count as nothing found."""
    answers: int
    """Recorded recommendations."""
    answers_outside_catalog: int | None = None
    """Those of them that the catalog lacks; they count as not found."""
    level: float = LEVEL
    seed: int
    readings: dict[str, dict[str, Group]]
    """Reading -> group of turns -> scores."""
    make_up: dict[str, Score] = {}
    coverage: float | None = None
    """The share of the catalog that is in some list of ten."""
    gini: float | None = None
    """How unevenly the places in lists of ten are spread over the catalog."""
    outside_catalog_share: float | None = None
    """Of the titles that were named or ranked."""
    acceptance: Score | None = None
    """Clicked or liked per shown item, as recorded; None where it was not written down."""
    shown: int = 0
    seconds_p50: float | None = None
    seconds_p95: float | None = None


@dataclass(frozen=True)
class Crowd:
    """How popular each item is, and what items are like: for the make-up of lists."""

    counts: Mapping[str, float]
    n_users: float
    percentile: Mapping[str, float]
    """Item id -> share of the catalog that is less popular, ties in the middle."""
    head: frozenset[str]
    vectors: Mapping[str, NDArray[np.float32]]
    """Item id -> its values as a vector of unit length."""

    @classmethod
    def of(cls, dataset: Dataset, truths: Sequence[GroundTruth]) -> "Crowd":
        """Popularity by the interactions; without any, by the recorded recommendations."""
        ids = [item.item_id for item in dataset.catalog]
        table = dataset.interactions
        counts = np.bincount(np.asarray(table.rows), minlength=len(ids)).astype(np.float64)
        n_users = float(len(table.user_ids))
        if not counts.sum():
            rows = dataset.catalog.rows(item_id for truth in truths for item_id in truth.recommended)
            counts, n_users = np.bincount(rows, minlength=len(ids)).astype(np.float64), float(len(truths))
        order = np.argsort(-counts, kind="stable")
        head = frozenset(ids[row] for row in order[: round(HEAD * len(ids))])
        ordered = np.sort(counts)
        middle = (np.searchsorted(ordered, counts, "left") + np.searchsorted(ordered, counts, "right")) / 2 / len(ids)
        return cls(
            dict(zip(ids, counts, strict=True)), n_users, dict(zip(ids, middle, strict=True)), head, _vectors(dataset)
        )


def score_run(
    predictions: Sequence[Prediction], truths: Sequence[GroundTruth], dataset: Dataset | None = None, *, seed: int = 0
) -> Scores:
    """Score a run against what was recommended.

    Args:
        predictions: What the run ranks.
        truths: Every place of the dialogues that recommends something.
        dataset: The catalog and its interactions, for the make-up of lists; left out without.
        seed: Of the bootstrap.
    """
    by_key = {prediction.key: prediction for prediction in predictions}
    ranked = [by_key[truth.key].ranked if truth.key in by_key else () for truth in truths]
    seconds = [prediction.seconds for prediction in predictions if prediction.seconds is not None]
    scores = Scores(
        dialogues=len({truth.dialogue_id for truth in truths}),
        turns=len(truths),
        unranked_turns=sum(truth.key not in by_key or bool(by_key[truth.key].error) for truth in truths),
        answers=sum(len(truth.recommended) for truth in truths),
        seed=seed,
        readings={name: _reading(truths, ranked, name, seed=seed) for name in READINGS},
        seconds_p50=_quantile(seconds, 0.5),
        seconds_p95=_quantile(seconds, 0.95),
    )
    return scores if dataset is None else _with_make_up(scores, predictions, truths, ranked, dataset)


def turn_values(
    truths: Sequence[GroundTruth],
    ranked: Sequence[Sequence[str]],
    reading: str,
    metrics: Sequence[str] = tuple(RANKING),
) -> NDArray[np.float64]:
    """Metrics turn by turn, shape (n_turns, n_metrics); NaN where a turn has no answer in this reading."""
    values = np.full((len(truths), len(metrics)), math.nan)
    for row, (truth, items) in enumerate(zip(truths, ranked, strict=True)):
        excluded = reading == "excluded"
        relevant = truth.fresh if excluded else truth.recommended
        offered = [item_id for item_id in items if item_id not in truth.known] if excluded else list(items)
        if relevant:
            values[row] = [RANKING[name](offered, relevant) for name in metrics]
    return values


def acceptance(dialogues: Sequence[Dialogue], *, seed: int = 0) -> tuple[Score, int] | None:
    """The share of shown items that were clicked or liked, and how many were shown; None where nothing was noted.

    A turn's `accepted` counts; without it a later mention with `liked: true`.
    """
    values, groups = [], []
    for dialogue in dialogues:
        noted = any(turn.accepted is not None for turn in dialogue.turns)
        opinions = [opinion for turn in dialogue.turns for opinion in turn.mentions if opinion.liked is not None]
        if not noted and not opinions:
            continue
        liked = {opinion.item_id for opinion in opinions if opinion.liked}
        for turn in dialogue.turns:
            taken = liked if turn.accepted is None else set(turn.accepted)
            values += [float(item_id in taken) for item_id in turn.recommended]
            groups += [dialogue.dialogue_id] * len(turn.recommended)
    if not values:
        return None
    return Score.of(bootstrap_means(np.asarray(values)[:, None], groups, seed=seed)[0]), len(values)


def _reading(
    truths: Sequence[GroundTruth], ranked: Sequence[Sequence[str]], reading: str, *, seed: int
) -> dict[str, Group]:
    values = turn_values(truths, ranked, reading)
    groups = np.asarray([truth.dialogue_id for truth in truths])
    return {name: _group(values[kept], groups[kept], seed=seed) for name, kept in _kept(truths).items()}


def _kept(truths: Sequence[GroundTruth]) -> dict[str, NDArray[np.bool_]]:
    """The groups of turns that are scored apart."""
    before = np.asarray([len(truth.known) for truth in truths], dtype=np.int64)
    first = np.asarray([truth.is_first for truth in truths], dtype=np.bool_)
    return {
        "all": np.ones(len(truths), dtype=np.bool_),
        "first turn": first,
        "later turns": ~first,
        "0 items before": before == 0,
        "1-2 items before": (before >= 1) & (before <= 2),
        "3+ items before": before >= 3,
    }


def _group(values: NDArray[np.float64], groups: NDArray[np.str_], *, seed: int) -> Group:
    intervals = bootstrap_means(values, groups.tolist(), seed=seed)
    scores = {name: Score.of(interval) for name, interval in zip(RANKING, intervals, strict=True)}
    return Group(turns=int((~np.isnan(values[:, 0])).sum()), scores=scores)


def _with_make_up(
    scores: Scores,
    predictions: Sequence[Prediction],
    truths: Sequence[GroundTruth],
    ranked: Sequence[Sequence[str]],
    dataset: Dataset,
) -> Scores:
    catalog, crowd = dataset.catalog, Crowd.of(dataset, truths)
    table = np.asarray([_make_up(items[:LIST], truth, crowd) for items, truth in zip(ranked, truths, strict=True)])
    intervals = bootstrap_means(table, [truth.dialogue_id for truth in truths], seed=scores.seed) if len(table) else []
    shown = Counter(item_id for items in ranked for item_id in items[:LIST] if item_id in catalog)
    spread = [float(shown[item.item_id]) for item in catalog]
    return scores.model_copy(
        update={
            "answers_outside_catalog": sum(item_id not in catalog for truth in truths for item_id in truth.recommended),
            "make_up": {name: Score.of(interval) for name, interval in zip(MAKE_UP, intervals, strict=False)},
            "coverage": len(shown) / len(catalog),
            "gini": gini(spread) if shown else None,
            "outside_catalog_share": _foreign_share(predictions, dataset),
        }
    )


def _make_up(items: Sequence[str], truth: GroundTruth, crowd: Crowd) -> list[float]:
    """The columns of `MAKE_UP` for one list; NaN where the list has nothing to say."""
    known = [item_id for item_id in items if item_id in crowd.counts]
    if not known:
        return [math.nan] * len(MAKE_UP)
    surprise = [-math.log2(max(crowd.counts[item_id], 1.0) / max(1.0, crowd.n_users)) for item_id in known]
    percentile = float(np.mean([crowd.percentile[item_id] for item_id in known]))
    recorded = [crowd.percentile[item_id] for item_id in truth.fresh if item_id in crowd.percentile]
    return [
        float(np.mean([item_id not in crowd.head for item_id in known])),
        float(np.mean(surprise)),
        intra_list_diversity(np.stack([crowd.vectors[item_id] for item_id in known])),
        percentile,
        percentile - float(np.mean(recorded)) if recorded else math.nan,
    ]


def _foreign_share(predictions: Sequence[Prediction], dataset: Dataset) -> float | None:
    """Of the titles named (where a model named some) and the items ranked, the share that the catalog lacks."""
    named = sum(
        prediction.named if prediction.named is not None else len(prediction.items) for prediction in predictions
    )
    foreign = sum(
        prediction.foreign
        if prediction.foreign is not None
        else sum(item.item_id not in dataset.catalog for item in prediction.items)
        for prediction in predictions
    )
    return foreign / named if named else None


def _vectors(dataset: Dataset) -> dict[str, NDArray[np.float32]]:
    """Each item's categories (and years by decade) as a vector of unit length; items without any are like no other."""
    catalog = dataset.catalog
    names = [spec.name for spec in catalog.schema.of_kind(FieldKind.CATEGORY)]
    places = {(name, value.casefold()): 0 for name in names for value in catalog.values(name)}
    places = {key: place for place, key in enumerate(places)}
    vectors = {}
    for item in catalog:
        vector = np.zeros(len(places) + 1, dtype=np.float32)
        for name in names:
            vector[[places[name, value.casefold()] for value in item.values.get(name, ())]] = 1
        norm = float(np.linalg.norm(vector))
        vectors[item.item_id] = vector / norm if norm else vector
    return vectors


def _quantile(values: Sequence[float], share: float) -> float | None:
    return float(np.quantile(np.asarray(values), share)) if values else None
