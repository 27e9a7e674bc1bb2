"""What one person's answers to an item teach for the next: little rated items earn, or lose, their expected answer.

Knows arrays only; where the showings come from is the caller's business.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import TINY, Floats, TasteModel

FIRM = 1.0
"""So many expected answers weigh as much as what descriptions, facts and a model said before anybody was asked."""
PRIOR_EXPECTED = "untaught"
"""Under this name the log keeps what was expected of a guess before anything was learned from showings."""
WELL_KNOWN = 30
"""Items with at least so many ratings tell how often a shown item is answered at all."""


@dataclass(frozen=True)
class Impressions:
    """What came of showing items, summed over everybody; arrays by row, shape (n_items,)."""

    expected: Floats
    """What the belief expected of each showing, before anything was learned from showings."""
    answered: Floats
    """What was answered: 1 for loved, 0 for turned down or nothing."""

    @classmethod
    def none(cls, n_items: int) -> "Impressions":
        """Nothing was shown."""
        return cls(np.zeros(n_items), np.zeros(n_items))

    def and_also(self, rows: NDArray[np.int64], expected: Floats, answered: Floats) -> "Impressions":
        """With more of them, one a row; rows may repeat."""
        n = len(self.expected)
        return Impressions(
            self.expected + np.bincount(rows, weights=expected, minlength=n),
            self.answered + np.bincount(rows, weights=answered, minlength=n),
        )

    def factors(self, counts: NDArray[np.int64]) -> Floats:
        """By how much each item is answered more than was expected, drawn towards 1, shape (n_items,), > 0.

        A gamma prior whose weight is `FIRM` and the item's ratings, and Poisson answers; the mean of the posterior.

        Args:
            counts: Ratings of each item in the fit, shape (n_items,).

        Source: Clayton and Kaldor, "Empirical Bayes Estimates of Age-Standardized Relative Risks", Biometrics 1987,
        doi:10.2307/2532003.
        """
        known = counts >= WELL_KNOWN
        usual = (1.0 + self.answered[known].sum()) / (1.0 + self.expected[known].sum())
        weight = FIRM + counts
        factors: Floats = (weight + self.answered) / (weight + usual * np.maximum(self.expected, 0))
        return factors


def updated(model: TasteModel, impressions: Impressions, counts: NDArray[np.int64]) -> TasteModel:
    """The same model after what showings taught of its items; where nothing was shown it stays as it is.

    Args:
        model: As it was fitted.
        impressions: Of the model's items.
        counts: Ratings of each item in the fit, shape (n_items,).
    """
    factor = impressions.factors(counts)
    heard = np.maximum(impressions.expected, 0)
    return replace(
        model,
        base=model.base * factor,
        features=model.features * factor[:, None],
        doubt=model.doubt * (FIRM + counts) / np.maximum(FIRM + counts + heard, TINY),
    )
