"""What a fusion learns from: moments of people's pasts, each with what was taken next, seen by models that knew less.

The models are fitted without everyone's last interactions; then the fusion learns to guess exactly those. Nothing that
is guessed was in what a model was fitted on, nor in the profile that it reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.models.base import Model
from retrieval.models.features import Features, ItemFacts, ItemSide, calibrate_all, make_features, open_items
from retrieval.models.log import Log, Profile

LEAST_PROFILE = 3
"""Shorter pasts say too little."""
AT_ONCE = 256
"""Profiles scored in one batch."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A person's past, and what came next."""

    profile: Profile
    """What the models are told."""
    past: Profile
    """All of it: what they had is no candidate."""
    target: int
    liking: float
    """The weight that they gave it."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates at many moments, with what was taken."""

    features: Features
    taken: NDArray[np.bool_]
    """Shape (n, m); one candidate per line."""
    liking: NDArray[np.float32]
    """How the one that was taken was liked, shape (n,)."""

    def __len__(self) -> int:
        return len(self.taken)


def moments(log: Log, n_cuts: int, most: int, rng: np.random.Generator, *, short: float = 0.0) -> list[Moment]:
    """The last `n_cuts` interactions of everyone as moments, at most about `most` of them, people drawn at random.

    Args:
        log: What people did.
        n_cuts: How many moments of each person.
        most: Of these.
        rng: For what is drawn.
        short: Share of moments that come a second time with only the newest entries told, as many as a draw says that
            is as likely between 1 and 2 as between 10 and 20: in a conversation, pasts are short.
    """
    per_user = max(1, n_cuts)
    people = [profile for profile in log.profiles() if len(profile) > LEAST_PROFILE]
    if len(people) * per_user > most:
        drawn = rng.choice(len(people), size=max(1, most // per_user), replace=False)
        people = [people[i] for i in np.sort(drawn)]
    examples = [
        Moment(profile.head(n), profile.head(n), int(profile.items[n]), float(profile.weights[n]))
        for profile in people
        for n in range(max(LEAST_PROFILE, len(profile) - per_user), len(profile))
    ]
    again = rng.permutation(len(examples))[: int(short * len(examples))].tolist()
    return examples + [_shortened(examples[i], rng) for i in again]


def _shortened(moment: Moment, rng: np.random.Generator) -> Moment:
    n = int(np.exp(rng.uniform(0.0, np.log(len(moment.past)))))
    newest = Profile(moment.past.items[-n:], moment.past.weights[-n:], moment.past.times[-n:])
    return Moment(newest, moment.past, moment.target, moment.liking)


def gather(
    cases: Sequence[Moment],
    members: Mapping[str, Model],
    recall: Sequence[str],
    side: ItemSide,
    facts: ItemFacts,
    *,
    pool: int,
) -> Examples:
    """Candidates and features at each moment.

    Args:
        cases: The moments.
        members: Fitted on a log that ends before the first of them.
        recall: The members whose sum chooses the candidates.
        side: What is known of the items.
        facts: What the members' log says of the items.
        pool: How many best candidates are considered. Moments whose target is not among them are left out; none is
            added by hand and none is drawn at random, since the learned odds would be off where it matters.
    """
    parts = [_part(batch, members, recall, side, facts, pool) for batch in _batches(cases)]
    features = Features(
        np.concatenate([part.features.rows for part in parts]),
        np.concatenate([part.features.values for part in parts]),
        np.concatenate([part.features.people for part in parts]),
        tuple(members),
    )
    taken = np.concatenate([part.taken for part in parts])
    return Examples(features, taken, np.concatenate([part.liking for part in parts]))


def score_all(members: Mapping[str, Model], profiles: Sequence[Profile]) -> dict[str, NDArray[np.float32]]:
    """Calibrated scores of all items by member, each shape (len(profiles), n_items)."""
    return calibrate_all({name: member.score(profiles) for name, member in members.items()}, profiles)


def best_open(
    calibrated: Mapping[str, NDArray[np.float32]], recall: Sequence[str], is_open: NDArray[np.bool_], pool: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `pool` open items with the largest sum over the recalling members, and that sum for all items.

    Returns:
        Rows, best first, shape (n, min(pool, n_items)); sums, -inf where not open, shape (n, n_items).
    """
    names = [name for name in recall if name in calibrated] or list(calibrated)
    total = np.where(is_open, np.sum([calibrated[name] for name in names], axis=0), -np.inf)
    n_items = total.shape[1]
    pool = min(pool, n_items)
    if pool < n_items:
        best = np.argpartition(-total, pool - 1, axis=1)[:, :pool]
    else:
        best = np.broadcast_to(np.arange(n_items), total.shape)
    order = np.argsort(-np.take_along_axis(total, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1).astype(np.int64), total.astype(np.float32)


def _batches(cases: Sequence[Moment]) -> Iterator[Sequence[Moment]]:
    for begin in range(0, len(cases), AT_ONCE):
        yield cases[begin : begin + AT_ONCE]


def _part(
    batch: Sequence[Moment],
    members: Mapping[str, Model],
    recall: Sequence[str],
    side: ItemSide,
    facts: ItemFacts,
    pool: int,
) -> Examples:
    profiles = [moment.profile for moment in batch]
    targets = np.asarray([moment.target for moment in batch], dtype=np.int64)
    calibrated = score_all(members, profiles)
    rows, _ = best_open(calibrated, recall, open_items([moment.past for moment in batch], len(facts.counts)), pool)
    # where the target is not among the candidates there is nothing to learn: no ranking of these finds it
    is_recalled = (rows == targets[:, None]).any(axis=1)
    rows, targets = rows[is_recalled], targets[is_recalled]
    calibrated = {name: scores[is_recalled] for name, scores in calibrated.items()}
    profiles = [profile for profile, kept in zip(profiles, is_recalled.tolist(), strict=True) if kept]
    features = make_features(calibrated, profiles, rows, side, facts)
    liking = np.asarray([moment.liking for moment in batch], dtype=np.float32)[is_recalled]
    return Examples(features, rows == targets[:, None], liking)
