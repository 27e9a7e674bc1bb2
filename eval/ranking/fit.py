"""Learns a blend from recorded dialogues.

Counts over dialogues (popularity, co-mention, nearest places) would know the very place that they are to predict, so
each place gets its signals from dialogues of other folds. How much the trees may count is chosen on folds that they
were not trained on, and only a sure gain leaves the default: a handful of dialogues changes next to nothing.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.bootstrap import paired_difference
from eval.places import truths
from eval.ranking.blend import COLUMNS, Blend, candidates, columns_of, mixed, predict
from eval.ranking.features import GROUPS, Signals
from eval.ranking.knowledge import Lesson, Place, Records, learn
from eval.ranking.reading import ReadTurn, Situation, TurnReader
from eval.ranking.world import World
from eval.transcripts import Dialogue
from retrieval.resources import Progress, silent

if TYPE_CHECKING:
    import lightgbm

FOLDS = 5
LEAST_PLACES = 30
"""With fewer places trees are not even tried."""
SHARES = (0.25, 0.5, 0.75, 1.0)
NEGATIVES = 150
"""Candidates that were not recommended, per place, that the trees see."""
K = 10
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the trees grow."""

    bags: int = 3
    """So many forests with different seeds."""
    rounds: int = 150
    learning_rate: float = 0.06
    leaves: int = 15
    least_in_leaf: int = 40
    columns_share: float = 0.5
    rows_share: float = 0.8
    l2: float = 10.0
    seed: int = 0
    without: tuple[str, ...] = ()
    """Groups of signals to leave out, for ablations."""


@dataclass(frozen=True)
class Examples:
    """Candidates of many places, one below the other."""

    columns: NDArray[np.float32]
    """Shape (n_candidates, len(COLUMNS))."""
    right: NDArray[np.bool_]
    """Whether each was recommended there."""
    sizes: NDArray[np.int64]
    """How many candidates each place has."""
    answers: NDArray[np.int64]
    """How many items were recommended at each place, candidates or not."""
    dialogues: tuple[str, ...]
    """The dialogue of each place."""

    @property
    def found(self) -> float:
        """The share of recommended items that are candidates (the most that a ranker can find)."""
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        hits = [self.right[a:b].sum() for a, b in itertools.pairwise(starts)]
        return float(np.mean(np.asarray(hits) / np.maximum(self.answers, 1))) if len(hits) else 0.0


@dataclass(frozen=True)
class Fitted:
    """A blend, what it knows, and what choosing it showed."""

    blend: Blend
    records: Records
    notes: dict[str, float] = field(default_factory=dict)
    """Figures on folds kept aside; they are optimistic."""


def lessons_of(dialogues: Sequence[Dialogue], reader: TurnReader) -> list[Lesson]:
    """Read dialogues as lessons."""
    return [_lesson(dialogue, reader) for dialogue in dialogues]


def _lesson(dialogue: Dialogue, reader: TurnReader) -> Lesson:
    fresh = {truth.turn_index: truth.fresh for truth in truths([dialogue])}
    read: list[ReadTurn] = []
    situations: dict[int, Situation] = {}
    known: frozenset[int] = frozenset()
    for index, turn in enumerate(dialogue.turns):
        if fresh.get(index):
            situations[index] = Situation(tuple(read), known)
        read.append(reader.read(turn, known))
        known |= frozenset(read[-1].items)
    items = Situation(tuple(read), known).items
    places = []
    for index, situation in situations.items():
        targets = tuple(reader.catalog.rows(fresh[index]).tolist())
        places.append(Place(dialogue.dialogue_id, index, situation, targets, len(fresh[index])))
    return Lesson(dialogue.dialogue_id, items, tuple(places))


def fit(
    world: World, lessons: Sequence[Lesson], settings: FitSettings = FitSettings(), progress: Progress = silent
) -> Fitted:
    """Learn a blend; without enough to learn from it is the default.

    Args:
        world: The catalog and its interactions.
        lessons: Recorded dialogues.
        settings: How the trees grow.
        progress: Told what is done.
    """
    records = Records.of(world, lessons)
    n_places = sum(len(lesson.places) for lesson in lessons)
    if n_places < LEAST_PLACES or len(lessons) < 2 * FOLDS:
        logger.warning("%d places to learn from, at least %d wanted: the default stays", n_places, LEAST_PLACES)
        return Fitted(Blend((), 0.0), records, {"places": float(n_places)})
    return fit_examples(out_of_fold(world, lessons, progress), records, settings, progress)


def out_of_fold(world: World, lessons: Sequence[Lesson], progress: Progress = silent) -> list[Examples]:
    """The candidates of every place, fold by fold, each with what the other folds teach."""
    folds = [list(lessons[place::FOLDS]) for place in range(FOLDS)]
    return [_examples(world, folds, place, progress) for place in range(FOLDS)]


def fit_examples(
    tables: Sequence[Examples], records: Records, settings: FitSettings = FitSettings(), progress: Progress = silent
) -> Fitted:
    """Choose the share on folds kept aside (one forest each), then grow the trees on all of them."""
    aside = []
    for place, table in enumerate(tables):
        progress("trees", place, len(tables) + 1)
        others = grow([one for other, one in enumerate(tables) if other != place], replace(settings, bags=1))
        aside.append(predict(others, masked(table.columns, settings.without)))
    share, notes = choose_share(tables, aside)
    trees = grow(tables, settings) if share else ()
    progress("trees", len(tables) + 1, len(tables) + 1)
    return Fitted(Blend(trees, share), records, notes)


def grow(tables: Sequence[Examples], settings: FitSettings) -> "tuple[lightgbm.Booster, ...]":
    """Grow forests with different seeds, each on other candidates that were not recommended."""
    return tuple(_grow(tables, settings, settings.seed * settings.bags + bag) for bag in range(settings.bags))


def _grow(tables: Sequence[Examples], settings: FitSettings, seed: int) -> "lightgbm.Booster":
    """Fit LambdaRank on all positives and some of the other candidates of each place.

    Source: Burges, "From RankNet to LambdaRank to LambdaMART", MSR-TR-2010-82; Ke et al., NeurIPS 2017 (LightGBM).
    """
    import lightgbm

    rng = np.random.default_rng(seed)
    picked = [_pick(table, rng) for table in tables]
    columns = masked(np.concatenate([one[0] for one in picked]), settings.without)
    data = lightgbm.Dataset(
        columns,
        label=np.concatenate([one[1] for one in picked]),
        group=np.concatenate([one[2] for one in picked]),
        feature_name=list(COLUMNS),
        params={"verbosity": -1},
    )
    parameters = {
        "objective": "lambdarank",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.least_in_leaf,
        "feature_fraction": settings.columns_share,
        "bagging_fraction": settings.rows_share,
        "bagging_freq": 1,
        "lambda_l2": settings.l2,
        "lambdarank_truncation_level": 30,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(parameters, data, num_boost_round=settings.rounds)


def masked(columns: NDArray[np.float32], without: Sequence[str]) -> NDArray[np.float32]:
    """The columns with the signals of some groups set to 0."""
    if not without:
        return columns
    names = {name for group in without for name in GROUPS[group]}
    gone = [place for place, name in enumerate(COLUMNS) if name.removeprefix("place_") in names]
    kept = columns.copy()
    kept[:, gone] = 0
    return kept


def choose_share(tables: Sequence[Examples], aside: Sequence[NDArray[np.float32]]) -> tuple[float, dict[str, float]]:
    """The largest share whose gain over the default at places kept aside is sure; 0 where none is."""
    dialogues = [name for table in tables for name in table.dialogues]
    base = _recalls(tables, aside, 0.0)
    notes = {"places": float(len(base)), "candidate_recall": float(np.mean([table.found for table in tables]))}
    notes["recall@10 share 0"] = float(np.mean(base))
    best, best_mean = 0.0, float(np.mean(base))
    for share in SHARES:
        found = _recalls(tables, aside, share)
        notes[f"recall@10 share {share:g}"] = float(np.mean(found))
        interval, _ = paired_difference(found, base, dialogues)
        if interval.low > 0 and np.mean(found) > best_mean:
            best, best_mean = share, float(np.mean(found))
    return best, notes


def _recalls(tables: Sequence[Examples], aside: Sequence[NDArray[np.float32]], share: float) -> list[float]:
    found = []
    for table, learned in zip(tables, aside, strict=True):
        default = table.columns[:, COLUMNS.index("default")]
        start = 0
        for size, answers in zip(table.sizes.tolist(), table.answers.tolist(), strict=True):
            part = slice(start, start + size)
            scores = mixed(learned[part], default[part], share)
            top = np.argsort(-scores, kind="stable")[:K]
            found.append(float(table.right[part][top].sum()) / max(answers, 1))
            start += size
    return found


def _pick(
    table: Examples, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """The candidates that trees are grown on; places without a right one teach nothing."""
    kept: list[NDArray[np.int64]] = []
    start = 0
    for size in table.sizes.tolist():
        good = table.right[start : start + size]
        if good.any():
            drawn = rng.permutation(np.flatnonzero(~good))[:NEGATIVES]
            kept.append(start + np.sort(np.concatenate([np.flatnonzero(good), drawn])))
        start += size
    rows = np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
    return table.columns[rows], table.right[rows], np.asarray([len(one) for one in kept], dtype=np.int64)


def _examples(world: World, folds: Sequence[Sequence[Lesson]], place: int, progress: Progress) -> Examples:
    """The places of one fold, with what the other folds teach."""
    progress("signals", place, len(folds))
    others = [lesson for other, fold in enumerate(folds) if other != place for lesson in fold]
    signals = Signals(world, learn(world, Records.of(world, others)))
    return examples(signals, [one for lesson in folds[place] for one in lesson.places])


def examples(signals: Signals, places: Sequence[Place]) -> Examples:
    """The candidates of some places."""
    columns, right = [], []
    for place in places:
        table = signals.of(place.situation)
        rows = candidates(table, place.situation.known)
        columns.append(columns_of(table, rows))
        right.append(np.isin(rows, place.targets))
    return Examples(
        np.concatenate(columns) if columns else np.zeros((0, len(COLUMNS)), dtype=np.float32),
        np.concatenate(right) if right else np.zeros(0, dtype=np.bool_),
        np.asarray([len(one) for one in right], dtype=np.int64),
        np.asarray([place.n_answers for place in places], dtype=np.int64),
        tuple(place.dialogue_id for place in places),
    )
