"""Adds up the channels' lists; a fitted strategy, where there is one, speaks for what the history says."""

from dataclasses import dataclass
from functools import partial

from retrieval.fusion.base import Fused, Lists, Shown
from retrieval.fusion.lists import SHARES, weighted_shares
from retrieval.fusion.others.learned import TASTE, LearnedFusion
from retrieval.fusion.others.request_weights import dimension_weights, request_weights, taste_weights
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.settings import RetrievalSettings


@dataclass(frozen=True, slots=True)
class ListsFusion:
    """Sums, votes and reciprocal ranks of lists."""

    catalog: Catalog
    settings: RetrievalSettings
    learned: LearnedFusion | None = None
    """Orders what fits someone's taste; without it only the channels' lists are added up."""

    def fuse(self, lists: Lists, preference: Preference, history: UserHistory, shown: Shown = ()) -> Fused:
        """See `retrieval.fusion.base.Fusion`; lists without candidates have no weight to give away."""
        judged = self.learned.judge(lists, preference, history) if self.learned is not None else None
        present = {name: weight for name, weight in self.settings.weights.items() if lists.get(name)}
        weights = request_weights(present, preference)
        sharing = SHARES.get(self.settings.fusion, weighted_shares)
        if judged is None:
            return Fused(sharing(lists, weights))
        weights = taste_weights(weights, preference)
        return Fused(
            sharing({**lists, TASTE: judged.candidates}, weights),
            dimension_weights(judged.dimensions, weights),
            partial(judged.parts, self.catalog),
            judged.parts_are,
        )
