"""What a user said and did, as rows and weights: shared by all channels so that they fold it in alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference

RECENT = 200
"""The oldest signals beyond this many say little about today."""


@dataclass(frozen=True, slots=True)
class KnownOpinions:
    """A user's opinions as catalog rows; what was said just now overrules what was known."""

    rows: NDArray[np.int64]
    weights: NDArray[np.float32]
    """From -1 to 1, per row."""
    said: NDArray[np.bool_]
    """Whether it was said in this conversation, per row; where the request gives examples, only these and dislikes."""

    @property
    def likes(self) -> bool:
        """Whether anything is liked."""
        return bool((self.weights > 0).any())


def taste_of(catalog: Catalog, preference: Preference, history: UserHistory) -> KnownOpinions:
    """Fold this conversation's examples into the history's last `RECENT` opinions."""
    known = {item_id: weight for item_id, weight in history.weights.items() if item_id in catalog}
    known = {item_id: weight for item_id, weight in known.items() if item_id not in preference.set_aside}
    weights = dict(list(known.items())[-RECENT:])
    now = dict.fromkeys(preference.liked, 1.0) | dict.fromkeys(preference.disliked, -1.0)
    now = {item_id: weight for item_id, weight in now.items() if item_id in catalog}
    weights |= now
    fresh = {*preference.examples, *preference.disliked} & set(now) if preference.examples else set(now)
    return KnownOpinions(
        rows=catalog.rows(weights),
        weights=np.asarray(list(weights.values()), dtype=np.float32),
        said=np.asarray([item_id in fresh for item_id in weights], dtype=np.bool_),
    )


def eligible(
    catalog: Catalog, preference: Preference, history: UserHistory, allowed: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Rows that may be returned: allowed, not known nor passed over in this conversation, and no doubles of those."""
    open_rows = np.ones(len(catalog), dtype=np.bool_) if allowed is None else allowed.astype(np.bool_, copy=True)
    known = {*history.seen(), *preference.closed}
    open_rows[catalog.rows(double for item_id in known for double in catalog.double_of(item_id))] = False
    return open_rows


def best_rows(scores: NDArray[np.floating], open_rows: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
    """The `k` best open rows with finite scores, best first; equal scores keep the catalog's order."""
    rows = np.flatnonzero(open_rows & np.isfinite(scores))
    if k <= 0 or len(rows) == 0:
        return np.zeros(0, dtype=np.int64)
    if len(rows) > 4 * k:
        cut = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        rows = rows[scores[rows] >= cut]
    return rows[np.argsort(-scores[rows], kind="stable")][:k].astype(np.int64)


def candidate(catalog: Catalog, row: int, channel: str, score: float, evidence: Sequence[Evidence]) -> Candidate:
    """One scored item of one channel."""
    return Candidate(catalog.items[row].item_id, {channel: score}, evidence)
