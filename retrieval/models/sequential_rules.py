"""What people take soon after or before what someone has: counted pairs, the nearer the more, in a sparse matrix.

Source: Ludewig and Jannach, UMUAI 2018, doi:10.1007/s11257-018-9209-6 (sequential rules, whose weights fall with the
distance); here pairs count backwards, too, and what many have is held down on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from retrieval.models.log import Log, Profile
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model

NAME = "rules"
WHAT = "model of sequential rules"


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Chosen on the second last interactions of two logs (docs/recommender.md)."""

    nearness: float = 0.5
    """Power by which a pair counts less, the more interactions lie between."""
    backward: float = 0.5
    """What a pair counts for the first item of it, relative to the second."""
    given: float = 0.7
    """Power by which the fame of what someone has holds its pairs down."""
    fame: float = 0.3
    """The same of what is scored."""
    recency: float = 1.0
    """Power by which older entries of a profile fade."""
    longest: int = 50
    """Interactions of a user that far apart are no pair."""


TOGETHER = RuleSettings(nearness=0.0, backward=1.0, given=0.5, fame=0.5, recency=0.5)
"""The cosine between items, whatever their order: neighbors that fit in memory for any number of items."""


@dataclass(frozen=True, slots=True)
class RuleModel:
    """Weights between items."""

    settings: RuleSettings
    weights: csr_matrix
    """Weight of having the first item for the second, shape (n_items, n_items)."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Scores, shape (len(profiles), n_items); -inf for items without a pair and where nothing is known."""
        n_items = self.weights.shape[0]
        counted = [(row, profile) for row, profile in enumerate(profiles) if len(profile)]
        columns = [np.zeros(0, np.int64), *(profile.items for _, profile in counted)]
        rows = [np.zeros(0, np.int64), *(np.full(len(profile), row) for row, profile in counted)]
        strengths = [fading(ages(profile.times), self.settings.recency) for _, profile in counted]
        entries = np.concatenate([np.zeros(0, np.float32), *strengths])
        pasts = csr_matrix((entries, (np.concatenate(rows), np.concatenate(columns))), shape=(len(profiles), n_items))
        scores = (pasts @ self.weights).toarray()
        paired = np.bincount(self.weights.indices, minlength=n_items) > 0
        told = np.asarray([len(profile) > 0 for profile in profiles], dtype=np.bool_)
        return np.where(told[:, None] & paired[None, :], scores, -np.inf).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays = {"data": self.weights.data, "indices": self.weights.indices, "indptr": self.weights.indptr}
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "RuleModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("data", "indices", "indptr"), RuleSettings)
        parts = (stored.floats("data"), stored.rows("indices"), stored.rows("indptr"))
        n_items = len(parts[2]) - 1
        return cls(settings, csr_matrix(parts, shape=(n_items, n_items)))


def fit(log: Log, settings: RuleSettings | None = None) -> RuleModel:
    """Count the pairs of everyone; those of one time count alike in both directions."""
    settings = settings or RuleSettings()
    shape = (log.n_items, log.n_items)
    age = np.concatenate([np.zeros(0), *(ages(profile.times) for profile in log.profiles())])
    nowhere = np.zeros(0, dtype=np.int64)
    total = csr_matrix((np.zeros(0, dtype=np.float32), (nowhere, nowhere)), shape=shape)
    for apart in range(1, settings.longest + 1):
        same = log.users[apart:] == log.users[:-apart]
        if not same.any():
            break
        first, second = log.items[:-apart][same], log.items[apart:][same]
        distance = (age[:-apart] - age[apart:])[same]
        near = np.maximum(distance, 1.0) ** -settings.nearness
        tied = (1.0 + settings.backward) / 2.0
        forward, backward = (np.where(distance > 0, share, tied) * near for share in (1.0, settings.backward))
        total = total + csr_matrix((forward.astype(np.float32), (first, second)), shape=shape)
        total = total + csr_matrix((backward.astype(np.float32), (second, first)), shape=shape)
    counts = np.maximum(log.counts(), 1).astype(np.float64)
    weights = diags(counts**-settings.given) @ total @ diags(counts**-settings.fame)
    return RuleModel(settings, csr_matrix(weights, dtype=np.float32))
