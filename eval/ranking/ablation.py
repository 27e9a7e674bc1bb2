"""What each group of signals adds: one forest grown with some of the groups, scored on dialogues kept aside.

The candidates stay those of all signals: a row says what ordering by its groups can do, not what finding by them can.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.bootstrap import bootstrap_means, paired_difference
from eval.ranking.blend import COLUMNS, predict
from eval.ranking.features import GROUPS
from eval.ranking.fit import Examples, FitSettings, grow
from eval.scores import Score
from eval.tables import shown, table

AT = (1, 5, 10, 20, 50)


def ablate(
    train: Sequence[Examples], test: Examples, settings: FitSettings
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Group by group added, then all, then each left out: a name, and recall at `AT` per place of the test."""
    every = tuple(GROUPS)
    for count in range(1, len(every)):
        yield "+ " + every[count - 1], _recall(train, test, settings, every[count:])
    yield "all", _recall(train, test, settings, ())
    for group in every:
        yield "all but " + group, _recall(train, test, settings, (group,))


def ablation_table(rows: Sequence[tuple[str, NDArray[np.float64]]], dialogues: Sequence[str], *, seed: int) -> str:
    """The figures with intervals, and how far each is from all groups at 10, place by place."""
    whole = dict(rows)["all"][:, AT.index(10)]
    lines = []
    for name, values in rows:
        scores = [shown(Score.of(one)) for one in bootstrap_means(values, dialogues, seed=seed)]
        gain, _ = paired_difference(values[:, AT.index(10)].tolist(), whole.tolist(), dialogues, seed=seed)
        lines.append([name, *scores, "" if name == "all" else f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"])
    return table(["signals", *(f"recall@{k}" for k in AT), "@10 against all"], lines)


def without_groups(columns: NDArray[np.float32], groups: Sequence[str]) -> NDArray[np.float32]:
    """The columns with some groups blank; the default's score is blank, too, since it rests on several groups."""
    if not groups:
        return columns
    gone = {name for group in groups for name in GROUPS[group]} | {"default"}
    kept = columns.copy()
    kept[:, [place for place, name in enumerate(COLUMNS) if name.removeprefix("place_") in gone]] = 0
    return kept


def _recall(
    train: Sequence[Examples], test: Examples, settings: FitSettings, without: Sequence[str]
) -> NDArray[np.float64]:
    blank = [
        Examples(without_groups(one.columns, without), one.right, one.sizes, one.answers, one.dialogues)
        for one in train
    ]
    scores = predict(grow(blank, settings), without_groups(test.columns, without))
    return recalls(test, scores)


def recalls(test: Examples, scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Recall at `AT` for each place, shape (n_places, len(AT))."""
    found = np.zeros((len(test.sizes), len(AT)))
    start = 0
    for place, size in enumerate(test.sizes.tolist()):
        order = np.argsort(-scores[start : start + size], kind="stable")
        right = test.right[start : start + size][order]
        found[place] = [right[:k].sum() / max(int(test.answers[place]), 1) for k in AT]
        start += size
    return found
