"""What someone took, compared with every item by description: works for items that nobody has taken yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Profile
from retrieval.models.profiles import by_mean, nearest
from retrieval.models.storage import load_model, save_model

NAME = "content"
WHAT = "content model"
ENOUGH = 50
"""Items per common direction; with fewer, what many share cannot be told from what some share."""


@dataclass(frozen=True, slots=True)
class ContentSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    near: int = 0
    """An item is scored by the mean over so many nearest entries of the profile; 0 compares with the profile's mean."""
    recency: float = 0.6
    """Power by which older entries of a profile fade."""
    opinions: float = 0.0
    """How much an opinion changes an entry's strength of 1: 1 makes loved 2 and hated 0."""
    common: int = 1
    """So many directions that most descriptions share, the mean first, are taken out of the vectors beforehand."""


@dataclass(frozen=True, slots=True)
class ContentModel:
    """Unit vectors of the items' descriptions."""

    settings: ContentSettings
    vectors: NDArray[np.float32]
    """Shape (n_items, d); zeros for an item without description."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Nearness to the profile, shape (len(profiles), n_items); -inf where the profile says nothing."""
        settings = self.settings
        if settings.near > 0:
            return nearest(
                self.vectors, profiles, recency=settings.recency, near=settings.near, opinions=settings.opinions
            )
        return by_mean(self.vectors, profiles, recency=settings.recency, opinions=settings.opinions)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {"vectors": self.vectors}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "ContentModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("vectors",), ContentSettings)
        return cls(settings, stored.floats("vectors"))


def fit(vectors: NDArray[np.float32], settings: ContentSettings | None = None) -> ContentModel:
    """Take the common directions out of the items' vectors, shape (n_items, d), and scale them to length 1.

    Source: Mu and Viswanath, "All-but-the-Top", ICLR 2018.
    """
    settings = settings or ContentSettings()
    centered = vectors.astype(np.float32)
    told = np.asarray(vectors.any(axis=1))
    if settings.common > 0 and int(told.sum()) >= ENOUGH * settings.common:
        centered[told] -= centered[told].mean(axis=0)
        _, directions = np.linalg.eigh((centered[told].T @ centered[told]).astype(np.float64))
        top = directions[:, ::-1][:, : settings.common - 1].astype(np.float32)
        centered -= centered @ top @ top.T
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    return ContentModel(settings, (centered / np.maximum(lengths, 1e-9)).astype(np.float32))
