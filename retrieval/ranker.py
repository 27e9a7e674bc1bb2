"""From what the channels brought to a list: fused, within the limits, filled up, spread, with near misses beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence
from retrieval.channels.base import Channel
from retrieval.channels.tastes import candidate, eligible
from retrieval.channels.trend import TrendChannel
from retrieval.facts import CATALOG, all_facts, wanted_facts, with_wanted_facts
from retrieval.fusion.base import Fused, Fusion, Lists, Shown
from retrieval.fusion.lists import merge
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Op, Preference
from retrieval.ranking import (
    ORDERED,
    POOL,
    Ranked,
    breaches,
    broken_by,
    diversify,
    drop_doubles,
    known_ids,
    unknown_alone,
    wish_changes,
)
from retrieval.restraint import first_place
from retrieval.schema import CONTENT, SUITS_FROM, FieldKind
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex

WISHES, REPEAT, HOUSE = "wishes", "repeat", "house"
"""Shares of a score beside those of the channels: values wished for or against, that an item was shown before, and what
the house adds."""
SPARSE, SHOWN_UNKNOWN = 0.5, 2
"""A field that says something of fewer items than this hides much of what may fit: so many of that are shown apart."""
PASSED_OVER = 0.5
"""What the points of an item count that was shown in this conversation and not answered: it comes back where little
else fits."""

Shares = Mapping[str, Mapping[str, float]]
"""By channel and item id, what was added to a score."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """The stage after the channels; asks them again only for near misses. Holds no user."""

    catalog: Catalog
    settings: RetrievalSettings
    channels: Mapping[str, Channel]
    popularity: TrendChannel
    fusion: Fusion
    vectors: VectorIndex | None = None

    def rank(self, lists: Lists, preference: Preference, history: UserHistory, k: int, shown: Shown = ()) -> Ranked:
        """Fuse, enforce the limits, drop what is known, spread look-alikes; near misses where too few items fit."""
        fused = self.fusion.fuse(lists, preference, history, shown)
        keeps = breaches(self.catalog, preference.constraints) == 0
        fit, shares = self._fit(lists, fused, preference, history, keeps, max(2 * POOL, 4 * k), shown)
        fit = drop_doubles([*fit, *self._fill(fit, preference, history, keeps, k - len(fit))], self.catalog)
        chosen = self._with_mild_first(self.spread(fit, k, diversity=self.settings.diversity), fit, preference)
        parts = fused.parts(hit.item_id for hit in chosen)
        chosen = [
            replace(_shared(self._with_wanted(hit, preference), shares), parts=parts.get(hit.item_id, {}))
            for hit in chosen
        ]
        missing = max(k - len(chosen), SHOWN_UNKNOWN if self._is_sparse(preference) else 0)
        near = self._near(lists, preference, history, missing, is_short=len(chosen) < k) if missing else []
        broken = {hit.item_id: broken_by(self.catalog, hit.item_id, preference.constraints) for hit in near}
        near = [self._with_wanted(hit, preference) for hit in near]
        order = tuple(hit.item_id for hit in fit[:ORDERED])
        return Ranked(tuple(chosen), tuple(near), broken, fused.dimensions, fused.parts_are, order)

    def order(self, lists: Lists, preference: Preference, history: UserHistory, shown: Shown = ()) -> list[Candidate]:
        """All that the channels brought and that may be shown, fused, best first: nothing filled up nor spread."""
        fused = self.fusion.fuse(lists, preference, history, shown)
        keeps = breaches(self.catalog, preference.constraints) == 0
        candidates, shares = self._fit(lists, fused, preference, history, keeps, None, shown)
        return [_shared(hit, shares) for hit in candidates]

    def spread(self, candidates: Sequence[Candidate], k: int, *, diversity: float) -> list[Candidate]:
        """The best `k`, each traded against its likeness to those before (see `diversify`)."""
        if self.vectors is None:
            return list(candidates[:k])
        vectors = self.vectors.matrix[self.catalog.rows(hit.item_id for hit in candidates)]
        return diversify(candidates, np.asarray(vectors, dtype=np.float32), k, diversity=diversity)

    def _with_mild_first(
        self, chosen: list[Candidate], fit: Sequence[Candidate], preference: Preference
    ) -> list[Candidate]:
        """The list with something before strong content that was not asked for, where anything else fits."""
        pool = [*chosen, *fit]
        place = first_place(self.catalog, [hit.item_id for hit in pool], preference)
        if not place:
            return chosen
        first = pool[place]
        return [first, *(hit for hit in chosen if hit.item_id != first.item_id)][: len(chosen)]

    def _with_wanted(self, hit: Candidate, preference: Preference) -> Candidate:
        return with_wanted_facts(self.catalog, hit, preference)

    def _fit(
        self,
        lists: Lists,
        fused: Fused,
        preference: Preference,
        history: UserHistory,
        keeps: NDArray[np.bool_],
        most: int | None,
        shown: Shown = (),
    ) -> tuple[list[Candidate], Shares]:
        """The best of all lists that keep the limits, `most` of them or all; and what their scores are made of."""
        known, total = known_ids(self.catalog, preference, history), fused.points
        wished = {item_id: gain for item_id, gain in wish_changes(self.catalog, preference).items() if item_id in total}
        boosts = self.catalog.house.boosts
        boosted = {one: boost for one, boost in boosts.items() if one in total}
        open_ids = [item_id for item_id in total if item_id in self.catalog and item_id not in known]
        points = {
            item_id: total[item_id] + wished.get(item_id, 0.0) + boosted.get(item_id, 0.0)
            for item_id, is_kept in zip(open_ids, keeps[self.catalog.rows(open_ids)].tolist(), strict=True)
            if is_kept
        }
        passed_over = {
            twin for shown_list in shown for item_id in shown_list for twin in self.catalog.double_of(item_id)
        }
        lowered = {
            item_id: min(points[item_id], PASSED_OVER * points[item_id]) for item_id in passed_over if item_id in points
        }
        repeated = {item_id: score - points[item_id] for item_id, score in lowered.items()}
        shares = {**fused.shares, WISHES: wished, REPEAT: repeated, HOUSE: boosted}
        return drop_doubles(merge(lists, points | lowered, most=most or len(points)), self.catalog), shares

    def _fill(
        self,
        fit: Sequence[Candidate],
        preference: Preference,
        history: UserHistory,
        keeps: NDArray[np.bool_],
        missing: int,
    ) -> list[Candidate]:
        """Where the channels brought too few: other items that keep the limits, popular first, at the end.

        Of what nobody rated, as when all of a decade is new, what people speak of comes first.
        """
        if missing <= 0:
            return []
        open_rows = eligible(self.catalog, preference, history, keeps)
        open_rows[self.catalog.rows(twin for hit in fit for twin in self.catalog.double_of(hit.item_id))] = False
        rows = np.flatnonzero(open_rows)
        fame = self.popularity
        rows = rows[np.lexsort((-fame.spoken[rows], -fame.popularity[rows]))][: 2 * missing]
        lowest = min((hit.score for hit in fit), default=0.0)
        return [
            replace(
                candidate(self.catalog, row, CATALOG, 0.0, self._plain_reasons(row, preference)),
                score=lowest - 1e-3 * (rank + 1),
            )
            for rank, row in enumerate(rows.tolist())
        ]

    def _plain_reasons(self, row: int, preference: Preference) -> tuple[Evidence, ...]:
        """The facts that were asked for, else the first facts of the item."""
        item_id = self.catalog.items[row].item_id
        return wanted_facts(self.catalog, item_id, preference) or all_facts(self.catalog, item_id)[:2]

    def _is_sparse(self, preference: Preference) -> bool:
        """Whether a limit is on a field that says nothing of most items."""
        return any(self.catalog.known(constraint.field).mean() < SPARSE for constraint in preference.constraints)

    def _still_about_it(self, preference: Preference) -> NDArray[np.bool_]:
        """Rows that keep something of what was asked for by name: who asked for a person gets no other's items."""
        named = [constraint for constraint in preference.constraints if constraint.op is Op.IS]
        is_for_people = named and all(self.catalog.schema.field(constraint.field).people for constraint in named)
        if not is_for_people or preference.wishes or preference.liked:
            return np.ones(len(self.catalog), dtype=np.bool_)
        kept: NDArray[np.bool_] = np.logical_or.reduce([self.catalog.mask((constraint,)) for constraint in named])
        return kept

    def _told(self) -> NDArray[np.bool_]:
        """The rows of which more is known than a title: of the others it is never known whether they fit."""
        fields = [spec.name for spec in self.catalog.schema.descriptive if spec.kind is not FieldKind.NUMBER]
        if not fields:  # a catalog of numbers alone
            return np.ones(len(self.catalog), dtype=np.bool_)
        return np.asarray(np.logical_or.reduce([self.catalog.known(name) for name in fields]), dtype=np.bool_)

    def _near(
        self,
        by_channel: Mapping[str, Sequence[Candidate]],
        preference: Preference,
        history: UserHistory,
        missing: int,
        *,
        is_short: bool = True,
    ) -> list[Candidate]:
        """The best items of which it is not known whether they fit; else those that break one limit of this request.

        Two or more only where none breaks just one; none that breaks anything where the list is not short. What a user
        refuses for good ("I can't stand gore") is never relaxed, nor is for whom it is.
        """
        guards = {spec.name for spec in self.catalog.schema.of_role(SUITS_FROM, *CONTENT)}
        lasting = tuple(
            constraint for constraint in preference.constraints if constraint.lasting or constraint.field in guards
        )
        counts = breaches(
            self.catalog, [constraint for constraint in preference.constraints if constraint not in lasting]
        )
        keeps = self.catalog.mask(lasting)
        open_rows = eligible(self.catalog, preference, history, keeps & (counts > 0))
        open_rows &= self._still_about_it(preference)
        if not open_rows.any():
            return []
        open_unknown = open_rows & unknown_alone(self.catalog, preference.constraints) & self._told()
        if not (is_short or open_unknown.any()):
            return []
        allowed = open_unknown if open_unknown.any() else open_rows & (counts == counts[open_rows].min())
        relaxed = replace(preference, constraints=lasting)
        size = self.settings.pool_size
        lists = {
            name: self.catalog.house.without_hidden(
                self.channels[name].retrieve(relaxed, history, k=size, allowed=allowed)
            )
            for name in by_channel
            if name in self.channels
        }
        fused = self.fusion.fuse(lists, preference, history)
        candidates, shares = self._fit(lists, fused, preference, history, allowed, max(2 * POOL, 4 * missing))
        candidates += self._fill(candidates, preference, history, allowed, missing - len(candidates))
        return [_shared(hit, shares) for hit in drop_doubles(candidates, self.catalog)[:missing]]


def _shared(hit: Candidate, shares: Shares) -> Candidate:
    """An item with what each channel added to its score."""
    own = {name: added[hit.item_id] for name, added in shares.items() if added.get(hit.item_id)}
    return replace(hit, shares=own)
