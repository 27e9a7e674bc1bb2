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
    found = [
        Moment(one.head(n), one.head(n), int(one.items[n]), float(one.weights[n]))
        for one in people
        for n in range(max(LEAST_PROFILE, len(one) - per_user), len(one))
    ]
    again = rng.permutation(len(found))[: int(short * len(found))].tolist()
    return found + [_shortened(found[i], rng) for i in again]


def _shortened(one: Moment, rng: np.random.Generator) -> Moment:
    n = int(np.exp(rng.uniform(0.0, np.log(len(one.past)))))
    newest = Profile(one.past.items[-n:], one.past.weights[-n:], one.past.times[-n:])
    return Moment(newest, one.past, one.target, one.liking)


def gather(
    found: Sequence[Moment],
    members: Mapping[str, Model],
    recall: Sequence[str],
    side: ItemSide,
    facts: ItemFacts,
    *,
    pool: int,
) -> Examples:
    """Candidates and features at each moment.

    Args:
        found: The moments.
        members: Fitted on a log that ends before the first of them.
        recall: The members whose sum chooses the candidates.
        side: What is known of the items.
        facts: What the members' log says of the items.
        pool: How many best candidates are considered. Moments whose target is not among them are left out; none is
            added by hand and none is drawn at random, since the learned odds would be off where it matters.
    """
    parts = [_part(batch, members, recall, side, facts, pool) for batch in _batches(found)]
    features = Features(
        np.concatenate([one.features.rows for one in parts]),
        np.concatenate([one.features.values for one in parts]),
        np.concatenate([one.features.people for one in parts]),
        tuple(members),
    )
    taken = np.concatenate([one.taken for one in parts])
    return Examples(features, taken, np.concatenate([one.liking for one in parts]))


def score_all(members: Mapping[str, Model], profiles: Sequence[Profile]) -> dict[str, NDArray[np.float32]]:
    """Calibrated scores of all items by member, each shape (len(profiles), n_items)."""
    return calibrate_all({name: one.score(profiles) for name, one in members.items()}, profiles)


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


def _batches(found: Sequence[Moment]) -> Iterator[Sequence[Moment]]:
    for begin in range(0, len(found), AT_ONCE):
        yield found[begin : begin + AT_ONCE]


def _part(
    batch: Sequence[Moment],
    members: Mapping[str, Model],
    recall: Sequence[str],
    side: ItemSide,
    facts: ItemFacts,
    pool: int,
) -> Examples:
    profiles = [one.profile for one in batch]
    targets = np.asarray([one.target for one in batch], dtype=np.int64)
    calibrated = score_all(members, profiles)
    rows, _ = best_open(calibrated, recall, open_items([one.past for one in batch], len(facts.counts)), pool)
    # where the target is not among the candidates there is nothing to learn: no ranking of these finds it
    found = (rows == targets[:, None]).any(axis=1)
    rows, targets = rows[found], targets[found]
    calibrated = {name: one[found] for name, one in calibrated.items()}
    profiles = [one for one, kept in zip(profiles, found.tolist(), strict=True) if kept]
    features = make_features(calibrated, profiles, rows, side, facts)
    liking = np.asarray([one.liking for one in batch], dtype=np.float32)[found]
    return Examples(features, rows == targets[:, None], liking)
