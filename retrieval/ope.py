"""Off-policy evaluation: what another policy would have earned, from the log of the one that ran.

Knows arrays only. An exposure is one guess that was shown; its reward must not depend on the other guesses of the
list. People are independent, the exposures of one person are not: intervals are over people.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import RecommenderError

Floats = NDArray[np.float64]
LEAST_SIZE = 100.0
"""Effective sample size below which nothing is said."""
LEAST_PEOPLE = 10
LEVEL = 0.975
"""Quantile at the upper end of a 95 % interval."""
CLOSE = 0.1
"""The mean weight is 1 where the log covers the target, give or take this and three quarters of its interval."""


class OverlapError(RecommenderError):
    """The log says too little about a policy, since it hardly ever showed what that policy would show."""


@dataclass(frozen=True, slots=True)
class Exposures:
    """Guesses as they were logged, as columns of equal length."""

    people: NDArray[np.int64]
    """Whose they were."""
    logged: Floats
    """Probability under the policy that ran, > 0."""
    target: Floats
    """Probability under the policy in question, >= 0."""
    rewards: Floats
    """What came of it, 1 for a like."""
    predicted: Floats
    """What a model expected of the shown item; 0 where there is none."""
    promised: Floats
    """What the model expects of the target policy in the same place: sum over the pool of target * predicted."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def __contains__(self, truth: float) -> bool:
        return self.low <= truth <= self.high


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy earns per guess, by three estimators."""

    inverse: Interval
    """Inverse propensity scoring, also called replay: unbiased, wide."""
    normalized: Interval
    """The same divided by the mean weight: a little biased, narrower."""
    doubly_robust: Interval
    """A model's expectation, corrected by the weighted errors: right where either of the two is."""
    size: float
    """The effective sample size, in exposures."""
    n: int


def evaluate(log: Exposures) -> Estimate:
    """Estimate the value of the target policy.

    Raises:
        OverlapError: The log covers too little of what the target would show.
        ValueError: The columns differ in length, or a logged probability is not positive.

    Sources: Horvitz and Thompson, JASA 1952, doi:10.1080/01621459.1952.10483446; Swaminathan and Joachims,
    NeurIPS 2015; Dudik, Langford and Li, ICML 2011; effective sample size after Kish, "Survey Sampling", 1965.
    """
    columns = (log.people, log.logged, log.target, log.rewards, log.predicted, log.promised)
    if len({len(column) for column in columns}) != 1:
        raise ValueError(f"expected columns of equal length, found lengths {tuple(len(column) for column in columns)}")
    if len(log.logged) and not (log.logged > 0).all():
        raise ValueError("expected logged probabilities above 0, found others: what was shown was possible")
    weights = log.target / np.maximum(log.logged, 1e-300)
    size = float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-300))
    _refuse_thin(log, weights, size)
    doubly = log.promised + weights * (log.rewards - log.predicted)
    ones = np.ones(len(weights))
    return Estimate(
        inverse=_ratio(log.people, weights * log.rewards, ones),
        normalized=_ratio(log.people, weights * log.rewards, weights),
        doubly_robust=_ratio(log.people, doubly, ones),
        size=size,
        n=len(weights),
    )


def _refuse_thin(log: Exposures, weights: Floats, size: float) -> None:
    n_people = len(np.unique(log.people))
    if size < LEAST_SIZE or n_people < LEAST_PEOPLE:
        raise OverlapError(
            f"expected an effective sample size of at least {LEAST_SIZE:.0f} from {LEAST_PEOPLE} people, found "
            f"{size:.0f} from {len(weights)} exposures of {n_people}: the log hardly shows what this policy would "
            "show. Log more, or let the running policy draw uniformly more often (its floor)."
        )
    covered = _ratio(log.people, weights, np.ones(len(weights)))
    if abs(covered.value - 1) > CLOSE + 0.75 * (covered.high - covered.low):
        raise OverlapError(
            f"expected weights of mean 1, found {covered.value:.2f}: this policy would often show what the log could "
            "never show, so its value cannot be told. Compare it in the open, on some of the people."
        )


def _ratio(people: NDArray[np.int64], above: Floats, below: Floats) -> Interval:
    """Mean of `above` by mean of `below`, with the interval over people by linearization.

    Where a few people with large weights carry the variance, the interval widens: Student's t with so many degrees of
    freedom as people contribute (Satterthwaite, Biometrics Bulletin 1946, doi:10.2307/3002019).
    """
    from scipy.stats import t

    _, who = np.unique(people, return_inverse=True)
    top, bottom = np.bincount(who, weights=above), np.bincount(who, weights=below)
    value = float(top.sum() / bottom.sum())
    left = top - value * bottom
    n, squares = len(top), left**2
    error = float(np.sqrt(n / max(1, n - 1) * squares.sum()) / bottom.sum())
    freedom = float(squares.sum() ** 2 / max(float((squares**2).sum()), 1e-300))
    reach = error * float(t.ppf(LEVEL, max(1.0, freedom)))
    return Interval(value, value - reach, value + reach)
