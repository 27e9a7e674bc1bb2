"""What the whole does and costs: new items, latency, diversity, the leak check of the fusion."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.recommender.harness import Gain, Learner, evaluate, gain
from benchmarks.recommender.leaks import check_leak
from benchmarks.recommender.ours import Ours
from benchmarks.recommender.splits import Split, leave_out
from eval.metrics import recall_at_k
from retrieval.candidates import Candidate
from retrieval.fusion.others.examples import best_open, score_all
from retrieval.fusion.others.fused import FusedModel, fit_fusion
from retrieval.fusion.others.members import MEMBERS
from retrieval.models import content
from retrieval.models.calibration import standardize
from retrieval.models.features import make_features
from retrieval.models.log import Log, Profile
from retrieval.ranking import diversify

CANDIDATES = 500
SHOWN = 20


@dataclass(frozen=True, slots=True)
class NewItems:
    """How items that nobody has rated yet find their people."""

    n_held: int
    n_users: int
    recall: Mapping[str, float]
    """recall@20 among the held-out items, by what scores them; 'random' is what drawing by lot would reach."""
    gains: Mapping[str, Gain]
    """Each against random."""


def new_items(ours: Ours, *, share: float = 0.1, draws: int = 3, seed: int = 7) -> NewItems:
    """Take a share of the items out of all training and ask who takes them; pooled over several draws."""
    log = ours.data.log
    rows: dict[str, list[NDArray[np.float64]]] = {}
    users, n_held = [], 0
    for draw in range(draws):
        rated = np.flatnonzero(log.counts() > 0)
        held = np.random.default_rng(seed + draw).choice(rated, size=round(share * len(rated)), replace=False)
        split = hold_out(log, held)
        for name, scores in _for_new(ours, split, held).items():
            rows.setdefault(name, []).append(_recalls(scores, split, held))
        chance = min(1.0, SHOWN / len(held))
        rows.setdefault("random", []).append(np.full(len(split), chance))
        users.append(split.users)
        n_held = len(held)
    pooled = {name: np.concatenate(parts) for name, parts in rows.items()}
    everyone = np.concatenate(users)
    gains = {name: gain(values, pooled["random"], everyone) for name, values in pooled.items() if name != "random"}
    return NewItems(
        n_held, len(np.unique(everyone)), {name: float(values.mean()) for name, values in pooled.items()}, gains
    )


def hold_out(log: Log, held: NDArray[np.int64]) -> Split:
    """Training without the held-out items; targets are the held-out items that each user with a past took."""
    inside = np.isin(log.items, held)
    train, later = log.where(~inside), log.where(inside)
    users, first = np.unique(later.users, return_index=True)
    split = Split("new items", train, users, tuple(np.split(later.items, first[1:])), np.zeros(len(users), np.bool_))
    return split.of(np.asarray([len(profile) > 0 for profile in split.profiles]))


def _for_new(ours: Ours, split: Split, held: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """Scores by content, by graph and by both; none of them has seen an interaction with the held-out items."""
    profiles = split.profiles
    texts = content.fit(ours.vectors).score(profiles)
    graph = ours.complex_model().score(profiles)
    facts = ours.member(split, "facts").score(profiles)
    among = np.zeros(split.train.n_items, dtype=np.bool_)
    among[held] = True
    masks = np.broadcast_to(among, texts.shape)
    parts = {"content (descriptions)": texts, "graph (shared facts)": facts, "graph (ComplEx)": graph}
    even = {name: standardize(scores, masks & np.isfinite(scores)) for name, scores in parts.items()}
    both = np.sum(list(even.values()), axis=0).astype(np.float32)
    return {**parts, "content + graph": both}


def _recalls(scores: NDArray[np.float32], split: Split, held: NDArray[np.int64]) -> NDArray[np.float64]:
    order = np.argsort(-scores[:, held], axis=1, kind="stable")[:, :SHOWN]
    pairs = zip(held[order].tolist(), split.targets, strict=True)
    return np.asarray([recall_at_k(ranked, target.tolist(), SHOWN) for ranked, target in pairs])


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one request, one thread, sorted out by step."""

    n: int
    scoring: tuple[float, float]
    """All members score all items: median and 95th percentile."""
    fusing: tuple[float, float]
    """Fusing, ranking and diversifying `CANDIDATES`."""
    fusing_processor: tuple[float, float]
    """The same in processor time, which other programs on the machine do not lengthen much."""


def latency(ours: Ours, model: FusedModel, profiles: Sequence[Profile], n: int = 300) -> Latency:
    """Time one request at a time; the first ones warm up and are not counted."""
    scoring, fusing, processor = [], [], []
    for profile in [*profiles[:20], *profiles[:n]]:
        began = time.perf_counter()
        calibrated = score_all(model.members, [profile])
        scored, worked = time.perf_counter(), time.thread_time()
        _rank(ours, model, profile, calibrated)
        fused = time.perf_counter()
        scoring.append(1000 * (scored - began))
        fusing.append(1000 * (fused - scored))
        processor.append(1000 * (time.thread_time() - worked))
    return Latency(len(scoring) - 20, _summary(scoring[20:]), _summary(fusing[20:]), _summary(processor[20:]))


def _rank(
    ours: Ours, model: FusedModel, profile: Profile, calibrated: Mapping[str, NDArray[np.float32]]
) -> list[Candidate]:
    """From calibrated scores to ten diverse items."""
    is_open = np.ones((1, model.n_items), dtype=np.bool_)
    is_open[0, profile.items] = False
    recall = [name for name in model.members if MEMBERS[name].recalls]
    rows, _ = best_open(calibrated, recall, is_open, CANDIDATES)
    ranked = model.strategy.rank(make_features(calibrated, [profile], rows, ours.side, model.facts))[0]
    order = np.argsort(-ranked, kind="stable")[:50]
    items = ours.data.dataset.catalog.items
    best = [
        Candidate(items[row].item_id, score=float(ranked[at])) for at, row in zip(order, rows[0, order], strict=True)
    ]
    return diversify(best, ours.vectors[rows[0, order]], 10, diversity=0.2)


def _summary(values: Sequence[float]) -> tuple[float, float]:
    return float(np.quantile(values, 0.5)), float(np.quantile(values, 0.95))


@dataclass(frozen=True, slots=True)
class Spread:
    """What diversity costs."""

    diversity: float
    ndcg: float
    difference: float
    """The mean distance (1 - cosine of the descriptions) between two of the ten shown."""


def spreads(ours: Ours, scores: NDArray[np.float32], split: Split, levels: Sequence[float]) -> list[Spread]:
    """Re-rank everyone's best 50 by maximal marginal relevance, at several levels."""
    masked = scores.copy()
    for row, profile in zip(masked, split.profiles, strict=True):
        row[profile.items] = -np.inf
    best = np.argsort(-masked, axis=1, kind="stable")[:, :50]
    values = np.take_along_axis(masked, best, axis=1)
    return [_spread(ours, best, values, split, level) for level in levels]


def _spread(ours: Ours, best: NDArray[np.int64], values: NDArray[np.float32], split: Split, level: float) -> Spread:
    shown = np.full((len(split), split.train.n_items), -np.inf, dtype=np.float32)
    apart = []
    for at, (rows, scores) in enumerate(zip(best, values, strict=True)):
        known = np.isfinite(scores)
        pairs = zip(rows[known], scores[known], strict=True)
        candidates = [Candidate(str(row), score=float(score)) for row, score in pairs]
        taken = diversify(candidates, ours.vectors[rows[known]], 10, diversity=level)
        order = [int(candidate.item_id) for candidate in taken]
        shown[at, order] = -np.arange(len(order), dtype=np.float32)
        similarities = ours.vectors[order] @ ours.vectors[order].T
        apart.append(1 - (similarities.sum() - np.trace(similarities)) / max(1, len(order) * (len(order) - 1)))
    return Spread(level, evaluate(shown, split, name="mmr").mean("ndcg@10"), float(np.mean(apart)))


def fusion_leak(ours: Ours) -> tuple[int, int]:
    """Our whole chain on a log whose targets were drawn by lot; it must be at chance. Kept, as every fit.

    Returns:
        How many it guessed, of how many.

    Raises:
        LeakError: It guesses them.
    """

    def make(log: Log) -> Learner:
        return lambda train: fit_fusion(train, ours.side, ours.settings)

    place = ours.place("fused-leak", leave_out(ours.data.log, 1)).with_suffix(".json")
    if not place.is_file():
        result = check_leak(make, ours.data.log)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps([int(result.values["hr@10"].sum()), len(result.tied)]), encoding="utf-8")
    hits, n = json.loads(place.read_text(encoding="utf-8"))
    return int(hits), int(n)
