"""What every fitted model can do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Profile


class Model(Protocol):
    """A fitted model: scores every item for any profile, also one that it was not fitted on."""

    @property
    def name(self) -> str:
        """The key of this model's scores, and the name of its folder."""
        ...

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Score all items for some people at once.

        Args:
            profiles: What each did, oldest first; the newest entries may be seconds old.

        Returns:
            Scores, shape (len(profiles), n_items), higher is better, not comparable between models; -inf where the
            model cannot tell (an item it never saw, a profile that says nothing to it). Items of the profile are
            scored as any others: leaving them out is the caller's business.
        """
        ...
