"""What each channel and each dimension of the default adds: taken away, the attention learned again, all else alike.

The members' scores and the examples are made once; only without a member that chooses candidates they are made anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.recommender.harness import Gain, Result, gain, sealed
from benchmarks.recommender.ours import Fitted, Ours, read_scores, save_scores
from benchmarks.recommender.splits import Split
from retrieval.fusion.others import attention
from retrieval.fusion.others.examples import Examples, gather, moments
from retrieval.fusion.others.fused import ATTENTION, FusedModel, dimensions_of
from retrieval.fusion.others.members import MEMBERS
from retrieval.models.features import Dimension, ItemFacts, feature_names

NDCG = "ndcg@10"


@dataclass(frozen=True, slots=True)
class Without:
    """What is lost when something is taken away."""

    taken: str
    members: tuple[str, ...]
    """The members taken away."""
    ndcg: float
    gain: Gain
    """Of the whole against what is left."""


@dataclass(frozen=True, slots=True)
class Take:
    """Something to take away."""

    name: str
    members: tuple[str, ...] = ()
    dimension: Dimension | None = None
    """With its facts about items, too: how they were liked, their numbers, how many took them."""


WHOLE = Take("nothing")


def takes(members: Sequence[str]) -> list[Take]:
    """Each member alone, then the members of each dimension."""
    of = {dimension: tuple(name for name in members if MEMBERS[name].dimension is dimension) for dimension in Dimension}
    groups = [
        Take(f"dimension {dimension}", gone, dimension)
        for dimension, gone in of.items()
        if gone and len(gone) < len(members)
    ]
    return [*(Take(f"channel {name}", (name,)) for name in members), *groups]


def ablation(ours: Ours, split: Split, tell: Callable[[str], None] = lambda _: None) -> tuple[Result, list[Without]]:
    """Take each channel and each dimension away.

    Args:
        ours: The default's settings.
        split: What to fit on and to ask.
        tell: Told the name of each row that was made.

    Returns:
        The whole with one network instead of three, as all others here; one entry per thing taken away.
    """
    made: dict[tuple[str, ...], Examples] = {}
    fitted: list[Fitted] = []

    def measured(take: Take) -> Result:
        place = ours.place(f"ablation {take.name}", split)
        if not place.is_file():
            fitted[:] = fitted or [ours.fitted(split)]
            save_scores(place, _fit(ours, split, fitted[0], take, made), split, 0.0)
            tell(take.name)
        return read_scores(place, split, take.name)

    whole = measured(WHOLE)
    changes = []
    for take in sorted(takes(ours.settings.members), key=lambda removal: _kept(ours, removal), reverse=True):
        rest = measured(take)
        change = gain(whole.values[NDCG], rest.values[NDCG])
        changes.append(Without(take.name, take.members, rest.mean(NDCG), change))
    order = [removal.name for removal in takes(ours.settings.members)]
    return whole, sorted(changes, key=lambda removal: order.index(removal.taken))


def _kept(ours: Ours, take: Take) -> tuple[str, ...]:
    """The members that are still there as candidates are chosen: those that only rank are silenced instead."""
    return tuple(name for name in ours.settings.members if name not in take.members or not MEMBERS[name].recalls)


def _fit(ours: Ours, split: Split, fitted: Fitted, take: Take, made: dict[tuple[str, ...], Examples]) -> FusedModel:
    """The default without something, with one network."""
    kept, log = _kept(ours, take), sealed(split.train)
    if kept not in made:
        made.clear()
        made[kept] = _examples(ours, split, fitted, kept)
    names = feature_names(kept, ours.side.numbers.shape[1])
    gone = {*take.members, *(f"place_{name}" for name in take.members)}
    speaks_for = {
        name: dimension
        for name, dimension in dimensions_of(names).items()
        if name not in gone and dimension is not take.dimension
    }
    settings = replace(ours.settings, members=kept, strategy=ATTENTION)
    examples = made[kept]
    strategy = attention.fit(
        examples.features,
        examples.taken,
        attention.columns_of(names, speaks_for),
        replace(settings.attention, seeds=1),
    )
    members = {name: fitted[name, 0] for name in kept}
    return FusedModel(settings, members, {ATTENTION: strategy}, ours.side, ItemFacts.of(log))


def _examples(ours: Ours, split: Split, fitted: Fitted, members: Sequence[str]) -> Examples:
    """As `retrieval.fusion.others.fused.fit_fusion` makes them."""
    settings, log = ours.settings, sealed(split.train)
    rng = np.random.default_rng(settings.seed)
    cases = moments(log, settings.cuts, settings.most_examples, rng, short=settings.short)
    past = {name: fitted[name, settings.cuts] for name in members}
    recalling = [name for name in members if MEMBERS[name].recalls]
    facts = ItemFacts.of(log.without_last(settings.cuts))
    return gather(cases, past, recalling, ours.side, facts, pool=settings.pool)
