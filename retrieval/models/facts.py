"""What someone took, compared with every item by the values they share (people, themes, kinds), rare ones most."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from retrieval.models.log import Profile
from retrieval.models.recency import ages, fading
from retrieval.models.storage import load_model, save_model

NAME = "facts"
WHAT = "model of shared facts"


@dataclass(frozen=True, slots=True)
class FactsSettings:
    """Chosen on the validation interactions of protocol one (docs/recommender.md)."""

    recency: float = 1.0
    """Power by which older entries of a profile fade."""


@dataclass(frozen=True, slots=True)
class FactsModel:
    """Weighted values per item; needs no fitting."""

    settings: FactsSettings
    facts: csr_matrix
    """Rows of length 1, or 0 where nothing is known, shape (n_items, n_values)."""

    @property
    def name(self) -> str:
        """The key of this model's scores."""
        return NAME

    def score(self, profiles: Sequence[Profile]) -> NDArray[np.float32]:
        """Cosine to the fading mean of the profile, shape (len(profiles), n_items); -inf where nothing is known."""
        past = self._past(profiles) @ self.facts
        lengths = np.sqrt(np.asarray(past.multiply(past).sum(axis=1))).reshape(-1, 1)
        cosines = (self.facts @ past.toarray().T).T / np.maximum(lengths, 1e-9)
        known = np.diff(self.facts.indptr) > 0
        return np.where((lengths > 0) & known, cosines, -np.inf).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        arrays = {
            "data": self.facts.data,
            "indices": self.facts.indices,
            "indptr": self.facts.indptr,
            "shape": np.asarray(self.facts.shape),
        }
        save_model(folder, arrays, self.settings)

    @classmethod
    def load(cls, folder: Path) -> "FactsModel":
        """Read what `save` wrote.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored, settings = load_model(folder, WHAT, ("data", "indices", "indptr", "shape"), FactsSettings)
        n_items, n_values = stored.rows("shape").tolist()
        parts = (stored.floats("data"), stored.rows("indices"), stored.rows("indptr"))
        return cls(settings, csr_matrix(parts, shape=(n_items, n_values)))

    def _past(self, profiles: Sequence[Profile]) -> csr_matrix:
        """How much each entry of each profile counts, shape (len(profiles), n_items)."""
        starts = np.concatenate([[0], np.cumsum([len(profile) for profile in profiles])]).astype(np.int64)
        strengths = [fading(ages(profile.times), self.settings.recency) for profile in profiles]
        items = [profile.items for profile in profiles]
        return csr_matrix(
            (
                np.concatenate([np.zeros(0, np.float32), *strengths]),
                np.concatenate([np.zeros(0, np.int64), *items]),
                starts,
            ),
            shape=(len(profiles), self.facts.shape[0]),
        )


def fit(facts: csr_matrix, settings: FactsSettings | None = None) -> FactsModel:
    """There is nothing to learn; `facts` holds rows of length 1 or 0, shape (n_items, n_values)."""
    return FactsModel(settings or FactsSettings(), facts.tocsr().astype(np.float32))
