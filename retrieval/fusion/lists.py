"""Many ranked lists become one: pure functions, the only place where scores of different channels meet."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, Pending

Fusion = Callable[[Mapping[str, Sequence[Candidate]], Mapping[str, float]], list[Candidate]]
"""Lists by channel, each best first, and weights by channel -> one list, best first."""
Shares = dict[str, dict[str, float]]
"""By channel and item id: what the channel adds to the item's fused score, which is the sum of them."""
Sharing = Callable[[Mapping[str, Sequence[Candidate]], Mapping[str, float]], Shares]
"""Lists by channel, each best first, and weights by channel -> what each adds."""

DAMPING = 60.0
"""In rank positions; a larger value flattens the lead of the first ranks."""


def min_max(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Stretch the scores of one list to 0..1, shape (n,); a list of equal scores becomes all 1."""
    values = np.asarray(scores, dtype=np.float64)
    if len(values) == 0:
        return values
    low, high = values.min(), values.max()
    return np.ones_like(values) if high - low < 1e-12 else (values - low) / (high - low)


def quantiles(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of the list that a score reaches or exceeds, in (0, 1], shape (n,); equal scores get equal shares."""
    values = np.asarray(scores, dtype=np.float64)
    return np.searchsorted(np.sort(values), values, side="right") / max(1, len(values))


def mixed(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Half by score, half by place: robust against one far outlier, yet it keeps a clear winner clear."""
    return 0.5 * min_max(scores) + 0.5 * quantiles(scores)


def weighted_sum(
    lists: Mapping[str, Sequence[Candidate]],
    weights: Mapping[str, float],
    *,
    calibrate: Callable[[NDArray[np.floating]], NDArray[np.float64]] = mixed,
) -> list[Candidate]:
    """Calibrate each list to 0..1, then add with weights; an item missing from a list gets 0 from it.

    Args:
        lists: Candidates by channel.
        weights: By channel; a channel without one counts 1.
        calibrate: Makes the scores of one list comparable to those of others.

    Returns:
        Merged candidates with `score` in 0..1, best first.
    """
    return merge(lists, summed(weighted_shares(lists, weights, calibrate=calibrate)))


def weighted_shares(
    lists: Mapping[str, Sequence[Candidate]],
    weights: Mapping[str, float],
    *,
    calibrate: Callable[[NDArray[np.floating]], NDArray[np.float64]] = mixed,
) -> Shares:
    """What each channel adds in `weighted_sum`."""
    total = sum(max(0.0, weights.get(channel, 1.0)) for channel, candidates in lists.items() if candidates) or 1.0
    shares: Shares = {}
    for channel, candidates in lists.items():
        raw = np.asarray([candidate.scores.get(channel, 0.0) for candidate in candidates], dtype=np.float64)
        share = max(0.0, weights.get(channel, 1.0)) / total
        shares[channel] = {
            candidate.item_id: share * value
            for candidate, value in zip(candidates, calibrate(raw).tolist(), strict=True)
        }
    return shares


def reciprocal_rank(
    lists: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float], *, damping: float = DAMPING
) -> list[Candidate]:
    """Reciprocal rank fusion: only places count, not scores.

    Source: Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114.
    """
    return merge(lists, summed(reciprocal_shares(lists, weights, damping=damping)))


def reciprocal_shares(
    lists: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float], *, damping: float = DAMPING
) -> Shares:
    """What each channel adds in `reciprocal_rank`."""
    return {
        channel: {
            candidate.item_id: weights.get(channel, 1.0) / (damping + rank)
            for rank, candidate in enumerate(candidates, start=1)
        }
        for channel, candidates in lists.items()
    }


def votes(lists: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float]) -> list[Candidate]:
    """Borda count: in a list of n the first gets n points, the last one."""
    return merge(lists, summed(vote_shares(lists, weights)))


def vote_shares(lists: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float]) -> Shares:
    """What each channel adds in `votes`."""
    return {
        channel: {
            candidate.item_id: weights.get(channel, 1.0) * (len(candidates) - rank) / max(1, len(candidates))
            for rank, candidate in enumerate(candidates)
        }
        for channel, candidates in lists.items()
    }


def summed(shares: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The fused score by item id."""
    points: dict[str, float] = {}
    for added in shares.values():
        for item_id, value in added.items():
            points[item_id] = points.get(item_id, 0.0) + value
    return points


FUSIONS: Mapping[str, Fusion] = {"weighted": weighted_sum, "reciprocal_rank": reciprocal_rank, "votes": votes}
"""By their names in the settings."""
SHARES: Mapping[str, Sharing] = {
    "weighted": weighted_shares,
    "reciprocal_rank": reciprocal_shares,
    "votes": vote_shares,
}
"""What each channel adds, by the same names."""


def merge(
    lists: Mapping[str, Sequence[Candidate]], points: Mapping[str, float], *, most: int | None = None
) -> list[Candidate]:
    """One candidate per item with all channels' scores and evidence, by points; equal points go by item id.

    Args:
        lists: Candidates by channel.
        points: The fused score by item id; 0 where absent.
        most: Only so many of the best that have points; all items where None.
    """
    if most is not None:
        best = set(sorted(points, key=lambda item_id: (-points[item_id], item_id))[:most])
        lists = {
            name: [candidate for candidate in candidates if candidate.item_id in best]
            for name, candidates in lists.items()
        }
    scores: dict[str, dict[str, float]] = {}
    evidence: dict[str, list[Sequence[Evidence]]] = {}
    for candidates in lists.values():
        for candidate in candidates:
            scores.setdefault(candidate.item_id, {}).update(candidate.scores)
            evidence.setdefault(candidate.item_id, []).extend((candidate.evidence,) if candidate.evidence else ())
    order = sorted(scores, key=lambda item_id: (-points.get(item_id, 0.0), item_id))
    return [
        Candidate(item_id, scores[item_id], Pending(_distinct, pieces) if pieces else (), points.get(item_id, 0.0))
        for item_id in order
        for pieces in (evidence[item_id],)
    ]


def _distinct(evidence_lists: Sequence[Sequence[Evidence]]) -> tuple[Evidence, ...]:
    """All pieces of several, in order, none twice."""
    return tuple(dict.fromkeys(piece for evidence in evidence_lists for piece in evidence))
