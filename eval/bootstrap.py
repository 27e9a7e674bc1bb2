"""How sure a mean is: intervals by drawing whole dialogues with replacement, for many metrics at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_SAMPLES = 2000


class Interval(NamedTuple):
    """A mean with the ends of its bootstrap interval; NaN where there is nothing to average."""

    mean: float
    low: float
    high: float


def bootstrap_means(
    values: NDArray[np.floating],
    groups: Sequence[str],
    *,
    level: float = 0.95,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """The mean of each column with its percentile interval, whole groups drawn with replacement.

    Args:
        values: A row per turn and a column per metric, shape (n_turns, n_metrics); NaN where a metric has no value.
        groups: The dialogue of each turn.
        level: How often such an interval holds the mean.
        n_samples: How many times to draw.
        seed: The same seed draws the same.

    Source: Efron, Annals of Statistics 1979, doi:10.1214/aos/1176344552.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    if not names:
        return [Interval(math.nan, math.nan, math.nan)] * values.shape[1]
    of = np.asarray([names[name] for name in groups])
    filled = ~np.isnan(values)
    sums, sizes = np.zeros((len(names), values.shape[1])), np.zeros((len(names), values.shape[1]))
    np.add.at(sums, of, np.where(filled, values, 0.0))
    np.add.at(sizes, of, filled)
    times = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.sum(axis=0) / sizes.sum(axis=0)
        drawn = (times @ sums) / (times @ sizes)
    ends = np.full((2, values.shape[1]), math.nan)
    known = ~np.isnan(means)
    ends[:, known] = np.nanquantile(drawn[:, known], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Interval(*map(float, bounds)) for bounds in zip(means, *ends, strict=True)]


def paired_difference(
    first: Sequence[float], second: Sequence[float], groups: Sequence[str], *, seed: int = 0
) -> tuple[Interval, float]:
    """How much better the first is than the second on the same turns, and the share of draws in which it is not.

    Returns:
        The mean difference with its interval, and the one-sided bootstrap probability (0..1) that it is not above 0.
    """
    values = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    interval = bootstrap_means(values[:, None], groups, seed=seed)[0]
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros(len(names))
    np.add.at(sums, np.asarray([names[name] for name in groups], dtype=np.int64), values)
    if not len(sums):
        return interval, math.nan
    drawn = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=N_SAMPLES) @ sums
    return interval, float((drawn <= 0).mean())
