"""Scores of ranked lists, all pure functions: what was found, how high, and how sure that is."""

import math
from collections.abc import Collection, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray


def recall_at_k(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """The share of the relevant items among the first `k`, from 0 to 1.

    Raises:
        ValueError: Nothing is relevant, or `k` is below 1.
    """
    _check(relevant, k)
    return len(set(ranked[:k]) & set(relevant)) / len(set(relevant))


def ndcg_at_k(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
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


def precision_at_k(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """The share of the first `k` places that hold a relevant item, from 0 to 1; an empty place counts as a miss.

    Raises:
        ValueError: Nothing is relevant, or `k` is below 1.
    """
    _check(relevant, k)
    return len(set(ranked[:k]) & set(relevant)) / k


def reciprocal_rank(ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> float:
    """One over the rank of the first relevant item, 0 where there is none; its mean over requests is the MRR.

    Raises:
        ValueError: Nothing is relevant.
    """
    _check(relevant, 1)
    wanted = set(relevant)
    return next((1 / rank for rank, item_id in enumerate(ranked, start=1) if item_id in wanted), 0.0)


def intra_list_diversity(vectors: NDArray[np.floating]) -> float:
    """Mean distance (1 - cosine) of the pairs of a list, from 0 to 2; NaN for less than two items.

    Args:
        vectors: One row of unit length per item, shape (n, dimension).

    Source: Ziegler et al., WWW 2005, doi:10.1145/1060745.1060754.
    """
    n = len(vectors)
    if n < 2:
        return math.nan
    total = vectors.sum(axis=0)
    squares = float((vectors * vectors).sum())
    return 1.0 - (float(total @ total) - squares) / (n * (n - 1))


def gini(counts: Sequence[float]) -> float:
    """How unevenly the counts are spread, from 0 (all alike) towards 1 (one has everything); NaN without counts.

    Source: Gini, 1912; used for recommendations by Fleder and Hosanagar, Management Science 2009.
    """
    values = np.sort(np.asarray(counts, dtype=np.float64))
    if not len(values) or values.sum() == 0:
        return math.nan
    ranks = np.arange(1, len(values) + 1)
    return float((2 * ranks - len(values) - 1) @ values / (len(values) * values.sum()))


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _check(relevant: Collection[Hashable], k: int) -> None:
    if not relevant or k < 1:
        raise ValueError(f"expected something relevant and k of at least 1, found {len(relevant)} and {k}")
