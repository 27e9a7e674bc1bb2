"""Scores of ranked lists, all pure functions: what was found, how high, and how sure that is."""

import math
from collections.abc import Collection, Sequence

import numpy as np


def recall_at_k(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of the relevant items among the first `k`, from 0 to 1.

    Raises:
        ValueError: Nothing is relevant, or `k` is below 1.
    """
    _check(relevant, k)
    return len(set(ranked[:k]) & set(relevant)) / len(set(relevant))


def ndcg_at_k(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Normalized discounted cumulative gain with gains of 0 or 1, from 0 to 1; a repeated item gains once.

    Raises:
        ValueError: Nothing is relevant, or `k` is below 1.

    Source: Järvelin and Kekäläinen, TOIS 2002, doi:10.1145/582415.582418.
    """
    _check(relevant, k)
    wanted = set(relevant)
    first = dict.fromkeys(ranked[:k])
    gain = sum(_discount(ranked.index(item_id) + 1) for item_id in first if item_id in wanted)
    best = sum(_discount(rank) for rank in range(1, min(k, len(wanted)) + 1))
    return gain / best


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share (0..1) of the values does not exceed, by linear interpolation; NaN without values."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share)) if values else math.nan


def bootstrap_interval(
    groups: Sequence[Sequence[float]], *, level: float = 0.95, n_samples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The percentile interval of the mean over all values, whole groups drawn with replacement.

    Args:
        groups: The values by dialogue, since turns of one dialogue resemble each other.
        level: How often such an interval holds the mean.
        n_samples: How many times to draw.
        seed: The same seed draws the same.

    Returns:
        Lower and upper end; NaN without values.

    Source: Efron, Annals of Statistics 1979, doi:10.1214/aos/1176344552.
    """
    filled = [group for group in groups if len(group)]
    if not filled:
        return math.nan, math.nan
    sums = np.asarray([math.fsum(group) for group in filled])
    sizes = np.asarray([len(group) for group in filled], dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(filled), size=(n_samples, len(filled)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _check(relevant: Collection[str], k: int) -> None:
    if not relevant or k < 1:
        raise ValueError(f"expected something relevant and k of at least 1, found {len(relevant)} and {k}")
