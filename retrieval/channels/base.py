"""The one abstraction of the recommenders."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate
from retrieval.history import UserHistory
from retrieval.models.features import Dimension
from retrieval.preference import Preference


class Channel(Protocol):
    """A way to find candidates for what a user wants."""

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        ...

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Find up to `k` candidates, best first.

        Args:
            preference: What the user wants now; its liked, disliked and seen items are folded in at once.
            history: What is known from before.
            k: The most candidates to return.
            allowed: Rows of the catalog that may be returned, shape (n_items,); None allows all. A mask instead of a
                filter afterwards, so that strict limits still bring k candidates.

        Returns:
            Candidates without duplicates, without items that the user has seen or disliked, with finite scores and
            evidence. Empty where this channel knows nothing that helps.
        """
        ...


@runtime_checkable
class Scoring(Protocol):
    """A channel that can score every item, also those that are not among its best."""

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """Score all items by row of the catalog: what `retrieve` ranks by.

        Returns:
            Shape (n_items,), higher is better, not comparable between channels; -inf where the channel cannot tell.
            Known items are scored as any others; a NaN never occurs.
        """
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A channel that may have learned from a log what comes next, all models together."""

    def foreseen(self, preference: Preference, history: UserHistory) -> Mapping[Dimension, NDArray[np.float32]] | None:
        """What each dimension of interest adds to the score of every item, each shape (n_items,), finite.

        None where no log taught it, or nothing liked is known.
        """
        ...
