"""Fusions for another question: what will someone like in the coming weeks, rather than take next?

What comes next hangs on the last minutes; what comes later hangs on all of the past and on what is popular. `fit_later`
learns the weights of the members from a cut in time inside the log: the members are fitted on what was before it, and
what people took after it counts, many items per person. `fit_coming` is for those who come to a service now, for the
first time or again: what is popular with them leads, and the weights are fixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion.others.examples import score_all
from retrieval.fusion.others.fused import LONG_TERM as STRATEGY
from retrieval.fusion.others.fused import POPULARITY_NOW as COMING_STRATEGY
from retrieval.fusion.others.fused import Fitted, FusedModel, FusionSettings
from retrieval.fusion.others.members import MEMBERS, SavableModel
from retrieval.fusion.others.weighted import WEIGHTED, WeightedModel, WeightSettings
from retrieval.models.features import ItemFacts, ItemSide, open_items
from retrieval.models.log import Log
from retrieval.resources import Progress, silent

PULL = WeightSettings(pull=1000.0)
"""Few people come back, so weights stay near the first guess: the first member alone."""
LONG_TERM = FusionSettings(
    members=("items_plain", "trend", "ease_plain", "people", "facts", "texts"),
    strategy=STRATEGY,
    strategies=(WEIGHTED,),
    pool=100_000,
)
"""Chosen on earlier cuts in time than those of protocol two (docs/recommender.md)."""
POPULARITY_NOW = replace(LONG_TERM, members=("coming", "items_plain", "texts", "facts"), strategy=COMING_STRATEGY)
POPULARITY_NOW_WEIGHTS = (1.0, 0.15, 0.05, 0.05)
"""Of `COMING`'s members; chosen on cuts at 15 to 40 % of the ratings (docs/recommender.md)."""
BEFORE = 0.7
"""The share of the log, by time, that lies before the cut."""
LEAST_PEOPLE = 30
"""With fewer people who came back after the cut, nothing is learned."""
MOST_ITEMS = 10
"""A person who took more than so many afterwards counts as if they took so many."""


@dataclass(frozen=True, slots=True)
class _LongTermExample:
    """What one person took after the cut, among what was open to them."""

    scores: NDArray[np.float64]
    """Calibrated, shape (n_members, n_open)."""
    taken: NDArray[np.bool_]
    """Shape (n_open,)."""


def fit_long_term(
    train_log: Log,
    side: ItemSide,
    settings: FusionSettings = LONG_TERM,
    progress: Progress = silent,
    *,
    fitted: Fitted | None = None,
    weights: WeightSettings = PULL,
) -> FusedModel:
    """Fit the members, and learn their weights for what comes later.

    Args:
        train_log: All that may be known; nothing else is read.
        side: What is known of the items without interactions.
        settings: Which members; the first one is the first guess.
        progress: Told what is being fitted.
        fitted: Members that were fitted on all of this very log before, by name and 0.
        weights: How strongly the weights are drawn to the first member alone.
    """
    members = _members(train_log, side, settings, progress, fitted)
    examples = _examples(train_log, side, settings.members, progress)
    model = WeightedModel(weights, tuple(members), _learn(examples, len(members), weights).astype(np.float32))
    fused = FusedModel(settings, members, {WEIGHTED: model}, side, ItemFacts.of(train_log))
    if len(examples) >= LEAST_PEOPLE:
        return fused
    notice = (
        f"expected at least {LEAST_PEOPLE} people who came back later to learn the fusion from, found {len(examples)}: "
        "the lists of the channels are added up"
    )
    return replace(fused, settings=replace(settings, strategy=WEIGHTED), notices=(notice,))


def fit_popularity_now(
    train_log: Log, side: ItemSide, progress: Progress = silent, *, fitted: Fitted | None = None
) -> FusedModel:
    """Fit the members of `COMING`; nothing else is learned.

    Args:
        train_log: All that may be known; nothing else is read.
        side: What is known of the items without interactions.
        progress: Told what is being fitted.
        fitted: Members that were fitted on all of this very log before, by name and 0.
    """
    members = _members(train_log, side, POPULARITY_NOW, progress, fitted)
    weighted = WeightedModel(WeightSettings(), tuple(members), np.asarray(POPULARITY_NOW_WEIGHTS, dtype=np.float32))
    return FusedModel(POPULARITY_NOW, members, {WEIGHTED: weighted}, side, ItemFacts.of(train_log))


def _members(
    log: Log, side: ItemSide, settings: FusionSettings, progress: Progress, fitted: Fitted | None
) -> dict[str, SavableModel]:
    """The members, those that were not fitted before fitted now."""
    known = {} if fitted is None else fitted
    return {
        name: known[name, 0] if (name, 0) in known else MEMBERS[name].fit(log, side, progress)
        for name in settings.members
    }


def _examples(log: Log, side: ItemSide, names: Sequence[str], progress: Progress) -> list[_LongTermExample]:
    """People with a past before the cut who took something after it; none where no time is known."""
    if not len(log) or log.times.min() == log.times.max():
        return []
    moment = float(np.quantile(log.times, BEFORE))
    earlier, later = log.where(log.times < moment), log.where(log.times >= moment)
    profiles = list(earlier.profiles())
    people = [user for user in np.unique(later.users).tolist() if len(profiles[user])]
    if not people:
        return []
    members: Mapping[str, SavableModel] = {name: MEMBERS[name].fit(earlier, side, progress) for name in names}
    asked = [profiles[user] for user in people]
    stacked = np.stack(list(score_all(members, asked).values()))
    is_open = open_items(asked, log.n_items)
    taken = [np.isin(np.arange(log.n_items), later.items[later.users == user]) for user in people]
    return [
        _LongTermExample(stacked[:, i, is_open[i]].astype(np.float64), taken[i][is_open[i]])
        for i in range(len(people))
        if taken[i][is_open[i]].any()
    ]


def _learn(examples: Sequence[_LongTermExample], n_members: int, settings: WeightSettings) -> NDArray[np.float64]:
    """Weights under which what people took is most likely (multinomial logit), drawn towards the first member alone."""
    from scipy.optimize import minimize

    start = np.eye(n_members)[0]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        apart = weights - start
        total, slope = float(settings.pull * apart @ apart), 2.0 * settings.pull * apart
        for example in examples:
            score = weights @ example.scores
            shares = np.exp(score - score.max())
            shares /= shares.sum()
            share = min(example.taken.sum(), MOST_ITEMS) / example.taken.sum()
            total -= share * float(np.log(np.maximum(shares[example.taken], 1e-12)).sum())
            slope -= share * (
                example.scores[:, example.taken].sum(axis=1) - example.taken.sum() * (example.scores @ shares)
            )
        return total, slope

    bounds = [(0.0, None)] * n_members
    fitted = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": settings.steps})
    return np.asarray(fitted.x, dtype=np.float64)
