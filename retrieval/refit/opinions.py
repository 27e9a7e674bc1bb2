"""What the users of a tenant said about items, as columns; and a dataset with it.

Nobody's opinion counts for strangers alone: an item counts once several accounts know it, an account that has said more
than a person can counts nothing, and every account has one vote about an item however often it gave it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.datasets import Dataset, Interactions
from retrieval.items import Catalog
from retrieval.manifest import hash_of
from retrieval.state import Feedback, FeedbackKind, StateStore
from retrieval.state.realms import tenant_of

SUPPORT = 3
"""An item counts where so many accounts have an opinion about it: one person is nobody's fashion."""
MOST = 1000
"""In items: an account that judged more is a list or a program, not a taste, and counts nothing for others."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """Columns of equal length, one row per account and item; accounts are numbers, in no order that tells who."""

    users: NDArray[np.int32]
    """From 0."""
    rows: NDArray[np.int32]
    """Row in the catalog."""
    weights: NDArray[np.float32]
    """-1 disliked, 0 seen, 1 liked."""
    times: NDArray[np.float64]
    """Seconds since 1970."""
    sought: NDArray[np.bool_]
    """Whether it answers no list that was shown here: said, imported, or clicked elsewhere."""
    left_out: int = 0
    """Accounts that judged more than `MOST` items."""
    accounts: tuple[tuple[str, str], ...] = ()
    """Realm and user id of each number, while they are read; they are written nowhere."""

    @property
    def people(self) -> int:
        """How many accounts are in it."""
        return len(np.unique(self.users))

    @property
    def until(self) -> float:
        """When the newest was given; 0 where there are none."""
        return float(self.times.max(initial=0.0))

    def __len__(self) -> int:
        return len(self.users)

    def where(self, kept: NDArray[np.bool_]) -> "Opinions":
        """Those of a mask, shape (len,)."""
        columns = (self.users[kept], self.rows[kept], self.weights[kept], self.times[kept], self.sought[kept])
        return Opinions(*columns, self.left_out, self.accounts)

    def supported(self) -> "Opinions":
        """Those about items that at least `SUPPORT` accounts have an opinion about."""
        return self.where(np.bincount(self.rows)[self.rows] >= SUPPORT) if len(self) else self


def read_opinions(state: StateStore, catalog: Catalog, tenant: str) -> Opinions:
    """What all users of a tenant said and did not take back; the last opinion of an account about an item counts.

    Args:
        state: Of any realm.
        catalog: Opinions about items that it lacks are left out.
        tenant: Whose users.
    """
    kept: dict[tuple[str, str], list[Feedback]] = {}
    left_out = 0
    for realm in (realm for realm in state.realms() if tenant_of(realm) == tenant):
        for user_id, given in state.of(realm).feedback_by_user().items():
            last = _last(feedback for feedback in given if feedback.item_id in catalog)
            left_out += len(last) > MOST
            if 0 < len(last) <= MOST:
                kept[realm, user_id] = last
    flat = [(user, feedback) for user, given in enumerate(kept.values()) for feedback in given]
    return Opinions(
        np.asarray([user for user, _ in flat], dtype=np.int32),
        catalog.rows(feedback.item_id for _, feedback in flat).astype(np.int32),
        np.asarray([feedback.kind.weight for _, feedback in flat], dtype=np.float32),
        np.asarray([feedback.created_at for _, feedback in flat], dtype=np.float64),
        np.asarray([feedback.exposure_id is None for _, feedback in flat], dtype=np.bool_),
        left_out,
        tuple(kept),
    )


def together(dataset: Dataset, opinions: Opinions) -> Dataset:
    """A dataset to fit on: with the opinions as those of people whom nobody can ask for by a name.

    Time in which nothing was recorded does not pass: the opinions begin where the dataset ends. Otherwise a log from
    years ago would count nothing beside the first click of today.
    """
    old = dataset.interactions
    gap = 0.0
    if len(opinions) and len(old) and (newest := float(old.timestamps.max())) > 0:
        gap = max(0.0, float(opinions.times.min()) - newest)
    n_people = int(opinions.users.max(initial=-1)) + 1
    merged = Interactions(
        (*old.user_ids, *(f"own {number}" for number in range(n_people))),
        tuple(item.item_id for item in dataset.catalog),
        np.concatenate([old.users, opinions.users + np.int32(len(old.user_ids))]).astype(np.int32),
        np.concatenate([old.rows, opinions.rows]).astype(np.int32),
        np.concatenate([old.weights, opinions.weights]).astype(np.float32),
        np.concatenate([old.timestamps, opinions.times - gap]).astype(np.float64),
    )
    joined = replace(dataset, interactions=merged)
    columns = (opinions.users, opinions.rows, opinions.weights, opinions.times)
    told = hash_of(dataset.fingerprint, *(column.tobytes().hex() for column in columns))
    joined.__dict__.update(catalog_hash=dataset.catalog_hash, fingerprint=told)  # saves hashing the whole dataset
    return joined


def _last(given: Iterable[Feedback]) -> list[Feedback]:
    """The last opinion about each item; 'seen' does not wipe one out."""
    latest: dict[str, Feedback] = {}
    for feedback in given:
        if feedback.kind is not FeedbackKind.SEEN or feedback.item_id not in latest:
            latest[feedback.item_id] = feedback
    return list(latest.values())
