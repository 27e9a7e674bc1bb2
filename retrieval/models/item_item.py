"""What the linear item-item models share: weights between the rated items, read with the entries of a profile."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Profile
from retrieval.models.pairs import product
from retrieval.models.storage import load_model, save_model

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class ItemItemModel(ABC, Generic[Settings]):
    """A score is a sum over the entries of a profile; a model says how it was fitted and how the entries fade."""

    name: ClassVar[str]
    """The key of this model's scores."""
    what: ClassVar[str]
    """What it is called where it is missing."""
    kind: ClassVar[type[Any]]
    """The class of its settings."""

    settings: Settings
    rows: NDArray[np.int64]
    """Catalog row of each place, ascending, shape (m,)."""
    weights: NDArray[np.float32]
    """Weight of having the first item for the second, shape (m, m)."""
    n_items: int

    @abstractmethod
    def strengths(self, profile: Profile) -> NDArray[np.float32]:
        """How much each entry counts, shape (n,)."""

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores of the rated items, shape (len(profiles), n_items); -inf for others and where nothing is known."""
        signals = np.zeros((len(profiles), len(self.rows)), dtype=np.float32)
        for i, profile in enumerate(profiles):
            places, is_known = self._places(profile.items)
            signals[i, places] = self.strengths(profile)[is_known]
        told: NDArray[np.bool_] = np.asarray(signals.any(axis=1))
        return self._spread(product(signals[told], self.weights), told)

    def score_entries(self, items: NDArray[np.int64], strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of one person whose entries have these strengths, shape (n_items,); a negative one repels."""
        places, is_known = self._places(items)
        scores = strengths[is_known].astype(np.float32) @ self.weights[places]
        told = np.asarray([len(places) > 0])
        return np.asarray(self._spread(scores[None, :][told], told)[0])

    def contributions(
        self, items: NDArray[np.int64], strengths: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What each entry adds to the score of some items, shape (n, len(rows)); 0 where one has no place."""
        places, is_known = self._places(items)
        columns, known = self._places(rows)
        parts = np.zeros((len(items), len(rows)), dtype=np.float32)
        parts[np.ix_(is_known, known)] = self.weights[np.ix_(places, columns)] * strengths[is_known][:, None]
        return parts

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {
            "rows": self.rows,
            "weights": self.weights,
            "n_items": np.asarray([self.n_items]),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, cls.what, ("rows", "weights", "n_items"), cls.kind)
        return cls(settings, stored.rows("rows"), stored.floats("weights"), int(stored.rows("n_items")[0]))

    def _places(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The places of those items that have one, and which they are."""
        if len(self.rows) == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(len(items), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.rows, items), len(self.rows) - 1)
        is_known = self.rows[at] == items
        return at[is_known].astype(np.int64), is_known

    def _spread(self, scores: NDArray[np.float32], told: NDArray[np.bool_]) -> NDArray[np.float32]:
        """From places to catalog rows, shape (len(told), n_items); -inf for people who are not told of.

        Args:
            scores: Of those told of, shape (n_told, m).
            told: Of whom anything is known, shape (n,).
        """
        spread = np.full((len(told), self.n_items), -np.inf, dtype=np.float32)
        spread[np.ix_(told, self.rows)] = scores
        return spread
