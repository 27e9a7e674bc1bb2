"""From simulated runs to figures: means by person, ratios to greedy with paired intervals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from benchmarks.exploration.simulate import Outcome
from retrieval.exploration.pool import Kind

N_DRAWS = 2000
SURE = 1.96
"""Standard errors of a 95 % interval."""


def by_person(runs: Sequence[Outcome]) -> dict[str, NDArray[np.float64]]:
    """The mean over seeds of what each person got, shape (n_people,)."""
    with np.errstate(invalid="ignore"):
        return {
            "likes": np.mean([run.liked.sum(axis=1) for run in runs], axis=0),
            "longtail_likes": np.mean([run.liked_tail for run in runs], axis=0),
            "ndcg": np.nanmean(np.asarray([run.ndcg for run in runs]), axis=0),
        }


def summary(runs: Sequence[Outcome], new_items: NDArray[np.bool_] | None = None) -> dict[str, JsonValue]:
    """One strategy in figures."""
    people = by_person(runs)
    guesses = {kind: float(sum(run.guesses[kind].sum() for run in runs)) for kind in Kind}
    liked = {kind: float(sum(run.liked_guesses[kind].sum() for run in runs)) for kind in Kind}
    shown = float(sum(run.shown.sum() for run in runs))
    figures: dict[str, JsonValue] = {
        "likes": float(people["likes"].mean()),
        "likes_by_round": [float(value) for value in np.mean([run.liked.mean(axis=0) for run in runs], axis=0)],
        "longtail_likes": float(people["longtail_likes"].mean()),
        "coverage": float(np.mean([run.shown.any(axis=0).sum() for run in runs])),
        "ndcg": float(np.nanmean(people["ndcg"])),
        "width_by_round": [float(value) for value in np.mean([run.width for run in runs], axis=0)],
        "guess_share": sum(guesses.values()) / shown,
        "guesses": {
            kind.value: {"share_of_slots": guesses[kind] / shown, "liked": liked[kind] / max(1.0, guesses[kind])}
            for kind in Kind
        },
    }
    if new_items is not None:
        figures["new_item_share_of_slots"] = float(sum(run.shown[:, new_items].sum() for run in runs)) / shown
    return figures


def ratios(runs: Sequence[Outcome], greedy: Sequence[Outcome], seed: int = 0) -> dict[str, JsonValue]:
    """Everything as a ratio to greedy, with 95 % intervals from drawing people again, the same for both.

    Source: Efron, Annals of Statistics 1979, doi:10.1214/aos/1176344552.
    """
    ours, theirs = by_person(runs), by_person(greedy)
    n = len(ours["likes"])
    drawn = np.random.default_rng(seed).integers(0, n, size=(N_DRAWS, n))
    figures: dict[str, JsonValue] = {name: _ratio(ours[name], theirs[name], drawn) for name in ours}
    figures["coverage"] = _coverage(runs, greedy)
    return figures


def _ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64], drawn: NDArray[np.int64]) -> dict[str, JsonValue]:
    with np.errstate(divide="ignore", invalid="ignore"):
        sampled = np.nanmean(ours[drawn], axis=1) / np.nanmean(theirs[drawn], axis=1)
        ratio = float(np.nanmean(ours) / np.nanmean(theirs))
    return _interval(ratio, sampled)


def _coverage(runs: Sequence[Outcome], greedy: Sequence[Outcome]) -> dict[str, JsonValue]:
    """The ratio of the numbers of items shown to anybody, with the interval by leaving one person out at a time.

    Drawing people again would leave out a third of them and what only they were shown, so the jackknife it is: Efron
    and Stein, Annals of Statistics 1981, doi:10.1214/aos/1176345462.
    """
    ours, theirs = _covered(runs), _covered(greedy)
    ratio = float(ours[0] / theirs[0])
    without = ours[1:] / theirs[1:]
    n = len(without)
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    return {"ratio": ratio, "low": ratio - SURE * error, "high": ratio + SURE * error}


def _covered(runs: Sequence[Outcome]) -> NDArray[np.float64]:
    """Mean number of items shown to anybody, then to anybody but each person, shape (1 + n_people,)."""
    covered = []
    for run in runs:
        times = run.shown.sum(axis=0)
        alone = (run.shown & (times == 1)).sum(axis=1)
        whole = float((times > 0).sum())
        covered.append(np.concatenate(([whole], whole - alone)))
    return np.asarray(np.mean(covered, axis=0), dtype=np.float64)


def _interval(ratio: float, sampled: NDArray[np.float64]) -> dict[str, JsonValue]:
    finite = sampled[np.isfinite(sampled)]
    if not len(finite) or not np.isfinite(ratio):
        return {"ratio": None, "low": None, "high": None}
    low, high = np.quantile(finite, [0.025, 0.975])
    return {"ratio": ratio, "low": float(low), "high": float(high)}
