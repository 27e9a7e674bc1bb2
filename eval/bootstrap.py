"""How sure a mean is: intervals by drawing whole dialogues with replacement, for many metrics at once."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_SAMPLES = 2000


class Interval(NamedTuple):
    """A mean with the ends of its bootstrap interval; NaN where there is nothing to average."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more of something one run has than another, on the same turns or with the same users."""

    first: str
    second: str
    metric: str
    pairs: int
    gain: Interval
    not_above: float
    """Share of bootstrap draws in which it is not above 0."""

    def figures(self) -> dict[str, object]:
        """For JSON."""
        ends = {name: None if math.isnan(value) else value for name, value in self.gain._asdict().items()}
        return {**asdict(self), "gain": ends}


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
    if not groups:
        return [Interval(math.nan, math.nan, math.nan)] * values.shape[1]
    filled = ~np.isnan(values)
    sums, sizes = _by_group(np.where(filled, values, 0.0), groups), _by_group(filled.astype(np.float64), groups)
    times = _drawn(len(sums), n_samples, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.sum(axis=0) / sizes.sum(axis=0)
        drawn = (times @ sums) / (times @ sizes)
    ends = np.full((2, values.shape[1]), math.nan)
    known = ~np.isnan(means)
    ends[:, known] = np.nanquantile(drawn[:, known], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Interval(*map(float, bounds)) for bounds in zip(means, *ends, strict=True)]


def bootstrap_interval(
    groups: Sequence[Sequence[float]], *, level: float = 0.95, n_samples: int = N_SAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The interval of the mean of all values, given by group; NaN without values."""
    values = np.asarray([value for group in groups for value in group], dtype=np.float64)[:, None]
    names = [str(place) for place, group in enumerate(groups) for _ in group]
    return bootstrap_means(values, names, level=level, n_samples=n_samples, seed=seed)[0][1:]


def paired_difference(
    first: Sequence[float], second: Sequence[float], groups: Sequence[str], *, seed: int = 0
) -> tuple[Interval, float]:
    """How much better the first is than the second on the same turns, and the share of draws in which it is not.

    Returns:
        The mean difference with its interval, and the one-sided bootstrap probability (0..1) that it is not above 0.
    """
    values = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    interval = bootstrap_means(values[:, None], groups, seed=seed)[0]
    if not len(values):
        return interval, math.nan
    sums = _by_group(values, groups)
    return interval, float((_drawn(len(sums), N_SAMPLES, seed) @ sums <= 0).mean())


def _by_group(values: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """The sums of the rows of each group."""
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, np.asarray([names[name] for name in groups], dtype=np.int64), values)
    return sums


def _drawn(n_groups: int, n_samples: int, seed: int) -> NDArray[np.int64]:
    """How often each draw holds each group, shape (n_samples, n_groups)."""
    return np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_samples)
