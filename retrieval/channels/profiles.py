"""What a user did and just said as a `Profile` for the fitted models; what is said now is newer than all the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.channels.tastes import taste_of
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.models.log import Profile
from retrieval.preference import Preference

REPELLED = -0.2
"""Strength of an item that a user hated; one disliked mildly counts nothing.

As a guess at what someone takes next, badly rated items are as good as others (validation of protocol one, EASE:
NDCG@10 .141 where all count 1, .130 with these strengths). In a conversation what was disliked must not attract.
"""


@dataclass(frozen=True, slots=True)
class FoldedProfile:
    """A profile, oldest first, that knows which entries were said in this conversation."""

    profile: Profile
    said: NDArray[np.bool_]

    @property
    def liked(self) -> NDArray[np.bool_]:
        """Which entries are liked."""
        return np.asarray(self.profile.weights > 0)

    def strengths(self, fresh: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,): what is said now counts more, and a dislike repels.

        Args:
            fresh: What a model would count them without knowing of the conversation, shape (n,).
        """
        weights = self.profile.weights
        strengths = np.where(weights < 0, np.where(weights <= -1, REPELLED * fresh, 0.0), fresh)
        boost = said_boost(int((~self.said).sum()))
        return np.where(self.said, boost * np.sign(weights) * fresh, strengths).astype(np.float32)


def folded_profile(catalog: Catalog, preference: Preference, history: UserHistory) -> FoldedProfile:
    """Fold this conversation's examples into the history as its newest entries."""
    taste = taste_of(catalog, preference, history)
    last = history.times
    newest = max(last.values(), default=0.0)
    times = np.asarray([last.get(catalog.items[row].item_id, 0.0) for row in taste.rows], dtype=np.float64)
    times[taste.said] = newest + 1.0
    order = np.argsort(times, kind="stable")
    profile = Profile(taste.rows[order].astype(np.int64), taste.weights[order], times[order])
    return FoldedProfile(profile, taste.said[order])


def said_boost(n_known: int) -> float:
    """What was said just now weighs more, the longer the history that it would drown in; at most tenfold."""
    return float(min(10.0, 3.0 + n_known / 10.0)) if n_known else 1.0
