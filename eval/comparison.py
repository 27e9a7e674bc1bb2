"""Several runs over the same turns: scores of each, differences in pairs, and the worst dialogues to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.learning.transcripts import Dialogue
from eval.bootstrap import Difference, paired_difference
from eval.places import GroundTruth, ground_truths, within
from eval.predictions import SIDECAR, Run, read_predictions, read_run
from eval.scores import Scores, score_run, turn_values
from retrieval.datasets import Dataset
from retrieval.errors import BadDataError

SIDECARS = (SIDECAR, ".scores.json")
COMPARED = ("recall@1", "recall@5", "recall@10", "recall@20", "ndcg@10", "mrr")
WORST = 8


@dataclass(frozen=True, slots=True)
class WorstDialogue:
    """A dialogue where the first run found least."""

    dialogue: Dialogue
    recall: float
    places: tuple[tuple[GroundTruth, tuple[str, ...]], ...]
    """Each place with what was ranked first there (titles)."""


@dataclass(frozen=True)
class Comparison:
    """Everything that a report shows."""

    runs: dict[str, Scores]
    made: dict[str, Run]
    differences: tuple[Difference, ...]
    worst: tuple[WorstDialogue, ...]
    titles: dict[str, str]
    """Item id -> how it is written."""


def compare(
    paths: Sequence[Path],
    dialogues: Sequence[Dialogue],
    dataset: Dataset | None,
    *,
    ranked_only: bool = False,
    in_catalog: bool = False,
    seed: int = 0,
) -> Comparison:
    """Score runs on the turns that any of them ranked.

    Args:
        paths: What `rank` wrote; the first run is compared with the others.
        dialogues: What they are about.
        dataset: The catalog and its interactions.
        ranked_only: Only turns that all of them ranked.
        in_catalog: Leave out answers that the catalog does not have.
        seed: Of the bootstrap.

    Raises:
        BadDataError: A file cannot be read, or no turn is left.
    """
    made = {path.stem: read_run(path) for path in paths}
    by_run = {path.stem: {prediction.key: prediction for prediction in read_predictions(path)} for path in paths}
    sets = [set(answers) for answers in by_run.values()]
    keys = set.intersection(*sets) if ranked_only else set.union(*sets)
    places = [truth for truth in ground_truths(dialogues) if truth.key in keys]
    if in_catalog and dataset is not None:
        places = within(places, dataset.catalog)
    if not places:
        raise BadDataError("no turn of the dialogues was ranked by these runs. Are they about other dialogues?")
    runs = {name: score_run(list(answers.values()), places, dataset, seed=seed) for name, answers in by_run.items()}
    values = {
        name: turn_values(
            places, [answers[p.key].ranked if p.key in answers else () for p in places], "excluded", COMPARED
        )
        for name, answers in by_run.items()
    }
    names = list(by_run)
    differences = tuple(
        difference
        for other in names[1:]
        for difference in _differences(names[0], other, values[names[0]], values[other], places, seed)
    )
    first = by_run[names[0]]
    titles = {} if dataset is None else {item.item_id: item.label for item in dataset.catalog}
    ranked = {
        place.key: tuple(item.title or item.item_id for item in first[place.key].items[:10])
        if place.key in first
        else ()
        for place in places
    }
    return Comparison(runs, made, differences, _worst(dialogues, places, values[names[0]], ranked), titles)


def _differences(
    first: str,
    second: str,
    ours: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    theirs: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    places: Sequence[GroundTruth],
    seed: int,
) -> list[Difference]:
    kept = ~np.isnan(ours[:, 0])
    groups = [place.dialogue_id for place, is_kept in zip(places, kept, strict=True) if is_kept]
    return [
        Difference(
            first,
            second,
            metric,
            len(groups),
            *paired_difference(ours[kept, at].tolist(), theirs[kept, at].tolist(), groups, seed=seed),
        )
        for at, metric in enumerate(COMPARED)
    ]


def _worst(
    dialogues: Sequence[Dialogue],
    places: Sequence[GroundTruth],
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    ranked: dict[tuple[str, int], tuple[str, ...]],
) -> tuple[WorstDialogue, ...]:
    """Dialogues where least was found among the first ten, those with most places first."""
    at = COMPARED.index("recall@10")
    by_dialogue: dict[str, list[int]] = {}
    for row, place in enumerate(places):
        if not np.isnan(values[row, at]):
            by_dialogue.setdefault(place.dialogue_id, []).append(row)
    means = {name: float(values[rows, at].mean()) for name, rows in by_dialogue.items()}
    order = sorted(means, key=lambda name: (means[name], -len(by_dialogue[name]), name))[:WORST]
    known = {dialogue.dialogue_id: dialogue for dialogue in dialogues}
    return tuple(
        WorstDialogue(
            known[name], means[name], tuple((places[row], ranked[places[row].key]) for row in by_dialogue[name])
        )
        for name in order
    )
