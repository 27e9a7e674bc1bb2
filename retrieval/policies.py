"""Exploration: which guesses to mix into a list, and with what probability each of them was shown.

Knows candidates and counts only; which guesses are worth trying is prepared by `guess_pool`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.ranking import breaches, known_ids
from retrieval.schema import FieldKind

SETTLED = 12.0
"""In signals: a user of whom so much is known gets half the guesses of a new one."""
POOL = 24
KINDS = ("other", "other", "little_known", "unrated")
"""What is tried out: another category than those liked so far, a little known item, one that nobody rated yet."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a list as shown."""

    candidate: Candidate
    exploratory: bool = False
    propensity: float = 1.0
    """The probability that the policy put this item into the list, given the ranking and the pool of guesses."""
    why: str = ""
    """For a guess: what is tried out."""


class Policy(Protocol):
    """Decides which guesses are shown."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        ...

    def choose(
        self,
        ranked: Sequence[Candidate],
        guesses: Sequence[Candidate],
        *,
        slots: int,
        n_known: int,
        novelty: float,
        rng: Generator,
    ) -> tuple[Slot, ...]:
        """Fill a list.

        Args:
            ranked: What the recommenders are sure of, best first.
            guesses: The pool to draw guesses from; items that are in `ranked`'s shown part are left out.
            slots: How many places the list has.
            n_known: How many signals of this user are known, those of this conversation included.
            novelty: The dial, 0..1.
            rng: The source of chance.

        Returns:
            At most `slots` places, in the order to show, never more than half of them guesses.
        """
        ...


@dataclass(frozen=True, slots=True)
class Greedy:
    """Never guesses."""

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return "greedy"

    def choose(
        self,
        ranked: Sequence[Candidate],
        guesses: Sequence[Candidate],
        *,
        slots: int,
        n_known: int,
        novelty: float,
        rng: Generator,
    ) -> tuple[Slot, ...]:
        """The best, in their order."""
        return tuple(Slot(one) for one in ranked[: max(0, slots)])


@dataclass(frozen=True, slots=True)
class UniformGuesses:
    """Draws guesses uniformly and without replacement, so that each has the inclusion probability n / m exactly."""

    settled: float = SETTLED

    @property
    def name(self) -> str:
        """Logged with every exposure."""
        return "uniform-guesses"

    def choose(
        self,
        ranked: Sequence[Candidate],
        guesses: Sequence[Candidate],
        *,
        slots: int,
        n_known: int,
        novelty: float,
        rng: Generator,
    ) -> tuple[Slot, ...]:
        """Sure items first, guesses at the end; a list that cannot be filled is not filled up with guesses."""
        slots = max(0, slots)
        sure = ranked[:slots]
        shown = {one.item_id for one in sure}
        pool = [one for one in guesses if one.item_id not in shown]
        n = min(guess_count(slots, n_known, novelty, settled=self.settled), len(pool), len(sure))
        if n == 0 or slots <= 1:
            return tuple(Slot(one) for one in sure)
        kept = sure[: max(slots - n, 0)]
        drawn = sorted(rng.choice(len(pool), size=n, replace=False).tolist())
        found = (Slot(pool[place], True, n / len(pool), _why(pool[place])) for place in drawn)
        return (*(Slot(one) for one in kept), *found)


def guess_count(slots: int, n_known: int, novelty: float, *, settled: float = SETTLED) -> int:
    """How many of `slots` places go to guesses: falls with what is known, rises with the dial, at most half.

    At the usual dial (.3) a list of five has two guesses for a new user, then one, and none after some 100 signals.
    """
    if slots <= 1 or novelty <= 0:
        return 0
    ignorance = settled / (settled + max(0, n_known))
    share = min(1.0, novelty * (0.4 + 1.5 * ignorance))
    return int(min(slots // 2, np.floor(share * slots * 0.55 + 0.5)))


def guess_pool(
    catalog: Catalog,
    preference: Preference,
    history: UserHistory,
    *,
    nearness: NDArray[np.float32],
    counts: NDArray[np.int64],
    exclude: frozenset[str] = frozenset(),
    size: int = POOL,
) -> list[Candidate]:
    """Items worth a try: near to the wish, of kinds that the user has not liked yet, little known ones included.

    Args:
        catalog: The items.
        preference: Every one of its limits is kept.
        history: Seen and disliked items never come back.
        nearness: How near each row is to the wish, shape (n_items,), higher is nearer; equal where there is no wish.
        counts: How many people rated each row, shape (n_items,).
        exclude: Item ids that are shown already or were guessed before.
        size: The most candidates.

    Returns:
        Candidates with GUESS evidence, without doubles; the order carries no meaning for the policy.
    """
    rows = _open_rows(catalog, preference, history, exclude)
    tail = counts <= np.quantile(counts, 0.8) if len(counts) else np.zeros(0, dtype=np.bool_)
    tried = _tried_rows(catalog, preference, history)
    rows = rows[np.argsort(-nearness[rows], kind="stable")]
    near = rows[: max(size * 4, len(rows) // 20)]
    fresh = ~tried[near]
    groups = (
        near[fresh & ~tail[near]],
        near[fresh & tail[near]],
        near[~fresh & tail[near]],
        rows[counts[rows] == 0][:size],
    )
    chosen = _interleave(catalog, [group.tolist() for group in groups], size)
    return [_guess(catalog, row, kind, float(nearness[row]), int(counts[row])) for row, kind in chosen.items()]


def _interleave(catalog: Catalog, groups: Sequence[Sequence[int]], size: int) -> dict[int, str]:
    """Row -> kind of guess, taken from each group in turn, without doubles."""
    chosen: dict[int, str] = {}
    taken: set[str] = set()
    for turn in zip_longest(*groups):
        for row, kind in zip(turn, KINDS, strict=True):
            if row is None or row in chosen or catalog.items[row].item_id in taken:
                continue
            if len(chosen) == size:
                return chosen
            chosen[row] = kind
            taken |= catalog.double_of(catalog.items[row].item_id)
    return chosen


def known_signals(preference: Preference, history: UserHistory) -> int:
    """How many signals of a user are known: opinions, and what was said just now."""
    opinions = sum(1 for weight in history.weights().values() if weight)
    said = len(preference.liked) + len(preference.disliked) + len(preference.wishes)
    return opinions + said


def _open_rows(
    catalog: Catalog, preference: Preference, history: UserHistory, exclude: frozenset[str]
) -> NDArray[np.int64]:
    open_rows = breaches(catalog, preference.constraints) == 0
    shut = known_ids(catalog, preference, history) | {twin for one in exclude for twin in catalog.double_of(one)}
    open_rows[catalog.rows(shut)] = False
    for wish in preference.wishes:
        if wish.weight < 0:
            open_rows[catalog.holders(wish.field, wish.value)] = False
    return np.flatnonzero(open_rows).astype(np.int64)


def _tried_rows(catalog: Catalog, preference: Preference, history: UserHistory) -> NDArray[np.bool_]:
    """Rows that share a category with something liked, shape (n_items,)."""
    liked = catalog.rows((*history.liked()[-30:], *preference.liked)).tolist()
    tried = np.zeros(len(catalog), dtype=np.bool_)
    for name, value in {value for row in liked for value in _category_values(catalog, row)}:
        tried[catalog.holders(name, value)] = True
    return tried


def _category_values(catalog: Catalog, row: int) -> frozenset[tuple[str, str]]:
    item = catalog.items[row]
    names = [spec.name for spec in catalog.schema.of_kind(FieldKind.CATEGORY)[:1]]
    return frozenset((name, value) for name in names for value in item.values.get(name, ()))


def _guess(catalog: Catalog, row: int, kind: str, nearness: float, count: int) -> Candidate:
    item = catalog.items[row]
    category = next(iter(_category_values(catalog, row)), ("", ""))
    evidence = Evidence(
        "exploration", EvidenceKind.GUESS, category[0], category[1], count=count, score=nearness, text=kind
    )
    return Candidate(item.item_id, {"exploration": nearness}, (evidence,))


def _why(candidate: Candidate) -> str:
    return next((one.text for one in candidate.evidence if one.kind is EvidenceKind.GUESS), "")


def summary(slots: Sequence[Slot]) -> Mapping[str, float]:
    """The propensity of every shown item by id, for the log."""
    return {slot.candidate.item_id: slot.propensity for slot in slots}
