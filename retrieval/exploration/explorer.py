"""Exploration over one catalog: what is believed of somebody, which guesses a list gets, what to ask.

Holds no user: everything is made from the preference and the history that are passed in.
"""

import copy
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from retrieval.belief import Belief, Floats, TasteModel
from retrieval.belief_fit import TasteSettings
from retrieval.belief_reading import Reader
from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.exploration.asking import Elicitation, Questions
from retrieval.exploration.choosing import Policy
from retrieval.exploration.pool import Kind, guess_pool
from retrieval.exploration.slots import guess_count
from retrieval.history import UserHistory
from retrieval.item_learning import PRIOR_EXPECTED, Impressions, updated
from retrieval.items import Catalog
from retrieval.policies import Slot, counterfactual_propensities
from retrieval.preference import Preference
from retrieval.ranking import Ranked, breaches, known_ids
from retrieval.schema import FieldKind

CHANNEL = "exploration"
ANSWERED = 0.3
"""How often a shown item is answered at all; a question is answered about as often as it is read."""
ASKABLE = 12
"""Only so many of the most common values are asked about."""

LEAST_SHARE, MOST_SHARE = 0.25, 0.75
"""Of what fits best: a value that fewer have, or more, is not asked about."""
IN_MOOD = 12
"""The least number of items with a value that was wished for among which guesses are drawn, instead of among all."""


@dataclass(frozen=True)
class Explorer:
    """Beliefs and guesses."""

    catalog: Catalog
    model: TasteModel
    settings: TasteSettings
    counts: NDArray[np.int64]
    """How many people rated each row, shape (n_items,)."""
    factors: Floats | None = None
    """By how much showings have raised what is expected of each row (`Impressions.factors`); None for not at all."""
    fitted: TasteModel | None = None
    """The model before showings taught anything; None where `model` is that."""

    @cached_property
    def guessed(self) -> NDArray[np.int64]:
        """How often each row was a guess so far, for anybody, shape (n_items,); `explore` goes on counting."""
        return np.zeros(len(self.catalog), dtype=np.int64)

    def updated(self, impressions: Impressions, guessed: NDArray[np.int64]) -> "Explorer":
        """The same after what showing items has taught.

        Args:
            impressions: What was expected of the guesses that were shown, and what came of them.
            guessed: How often each row was a guess, shape (n_items,).
        """
        fitted = self.fitted or self.model
        factors = impressions.factors(self.counts)
        explorer = replace(self, model=updated(fitted, impressions, self.counts), factors=factors, fitted=fitted)
        explorer.guessed[:] = guessed
        return explorer

    def within(self, catalog: Catalog) -> "Explorer":
        """The same over a catalog with the same rows, of which some may be hidden; guesses are counted together."""
        self.guessed  # noqa: B018  made before it is shared
        explorer = copy.copy(self)
        object.__setattr__(explorer, "catalog", catalog)
        return explorer

    def belief(self, preference: Preference, history: UserHistory, shown: Collection[str] = ()) -> Belief:
        """What is believed of one person; `shown` are ids that were shown and not answered."""
        return Reader(self.catalog, self.model, self.settings).belief(preference, history, shown)

    def explore(
        self,
        policy: Policy,
        ranked: Ranked,
        preference: Preference,
        history: UserHistory,
        rng: Generator,
        *,
        slots: int,
        shown: Collection[str] = (),
        nearness: NDArray[np.floating] | None = None,
        belief: Belief | None = None,
    ) -> tuple[Slot, ...]:
        """Sure items first, guesses at the end; a list that cannot be filled is not filled up with guesses.

        Args:
            policy: Who draws the guesses.
            ranked: What the recommenders are sure of.
            preference: Every one of its limits is kept.
            history: Seen and disliked items never come back.
            rng: The source of chance.
            slots: How many places the list has.
            shown: Ids that were shown in this conversation: never guessed again, and their silence is heard.
            nearness: How near each row is to what was asked for, shape (n_items,); None where nothing was.
            belief: The same that `belief` gives, where it is at hand.
        """
        sure = ranked.fit[: max(0, slots)]
        if belief is None:
            belief = self.belief(preference, history, shown)
        n = min(guess_count(slots, float(belief.uncertainty()[0]), preference.novelty), len(sure))
        if n == 0:
            return tuple(Slot(candidate) for candidate in sure)
        open_rows = self._open_rows(
            preference, history, {*shown, *(candidate.item_id for candidate in (*sure, *ranked.near))}
        )
        answered = {*history.seen(), *preference.liked, *preference.disliked, *preference.seen, *shown}
        tried = belief.tried(self.catalog.rows(item_id for item_id in answered if item_id in self.catalog))
        pool = self._without_doubles(
            guess_pool(belief, open_rows, self.counts, tried=tried, nearness=nearness, rng=rng, shown=self.guessed)
        )
        if not pool:
            return tuple(Slot(candidate) for candidate in sure)
        rows = np.fromiter(pool, dtype=np.int64, count=len(pool))
        lottery = policy.lottery(belief, rows, min(n, len(rows)))
        places = lottery.draw(rng)
        self.guessed[rows[places]] += 1
        others, width = counterfactual_propensities(belief, rows, len(places)), float(belief.uncertainty()[0])
        chances, whole = lottery.inclusion(), lottery.probability(places.tolist())
        kept = sure[: max(slots - len(places), 0)]
        guesses = (
            Slot(
                self._guess(int(rows[place]), pool[int(rows[place])], belief),
                exploratory=True,
                propensity=float(chances[place]),
                why=pool[int(rows[place])].value,
                list_propensity=whole,
                context=self._context(belief, rows, int(place), others, width),
            )
            for place in places.tolist()
        )
        known = {"width": width}
        return (*(Slot(candidate, list_propensity=whole, context=known) for candidate in kept), *guesses)

    def elicitation(
        self,
        belief: Belief,
        slots: tuple[Slot, ...],
        asked: Collection[str] = (),
        settled: Collection[str] = (),
        among: Sequence[str] = (),
    ) -> Elicitation | None:
        """The question that teaches more than any item of the list; None where there is none.

        Nobody who wants something of the eighties is asked about the nineties: fields with a limit are `settled`. And
        nobody is asked about what few, or nearly all, of the best (of the list, where `among` is empty) have: that has
        little to do with what they want.
        """
        items = [self.catalog.item(item_id) for item_id in among or [slot.candidate.item_id for slot in slots]]
        count = Counter((name, value) for item in items for name, values in item.values.items() for value in values)
        held = {value for value, number in count.items() if LEAST_SHARE <= number / len(items) <= MOST_SHARE}
        rows = self.catalog.rows(slot.candidate.item_id for slot in slots)
        noise = self.model.noise[rows] + self.model.doubt[rows]
        gains = belief.narrowing(self.model.features[rows], noise)[0]
        beside = ANSWERED * float(gains.max(initial=0.0))
        return self.questions.best(belief, beside=beside, asked=asked, settled=settled, held=held)

    @cached_property
    def questions(self) -> Questions:
        """What can be asked: two of the most common values of the first category."""
        return Questions.of(self.model, askable(self.catalog))

    def _open_rows(self, preference: Preference, history: UserHistory, shut: Collection[str]) -> NDArray[np.bool_]:
        catalog = self.catalog
        open_rows: NDArray[np.bool_] = np.asarray(breaches(catalog, preference.constraints) == 0)
        closed = known_ids(catalog, preference, history) | {
            twin for item_id in shut for twin in catalog.double_of(item_id)
        }
        open_rows[catalog.rows(closed)] = False
        wanted = [wish for wish in preference.wishes if wish.weight > 0]
        for wish in preference.wishes:
            if wish.weight < 0:
                open_rows[catalog.holders(wish.field, wish.value)] = False
        in_mood = np.zeros(len(catalog), dtype=np.bool_)
        strongest = max((wish.weight for wish in wanted), default=0.0)
        for wish in wanted:
            if wish.weight == strongest:
                in_mood[catalog.holders(wish.field, wish.value)] = True
        fitting: NDArray[np.bool_] = open_rows & in_mood
        return fitting if fitting.sum() >= IN_MOOD else open_rows

    def _without_doubles(self, pool: dict[int, Kind]) -> dict[int, Kind]:
        taken: set[str] = set()
        kept = {}
        for row, kind in pool.items():
            item_id = self.catalog.items[row].item_id
            if item_id not in taken:
                kept[row] = kind
                taken |= self.catalog.double_of(item_id)
        return kept

    def _context(
        self,
        belief: Belief,
        rows: NDArray[np.int64],
        place: int,
        others: Mapping[str, tuple[NDArray[np.float64], float]],
        width: float,
    ) -> dict[str, float]:
        """What off-policy evaluation needs of one guess: 'p:<policy>', 'v:<policy>', what was expected, width, pool."""
        expected = float(belief.mean(rows[[place]])[0, 0])
        factor = 1.0 if self.factors is None else float(self.factors[rows[place]])
        context = {"width": width, "pool": float(len(rows)), "expected": expected, PRIOR_EXPECTED: expected / factor}
        for name, (inclusion, value) in others.items():
            context[f"p:{name}"], context[f"v:{name}"] = float(inclusion[place]), value
        return context

    def _guess(self, row: int, kind: Kind, belief: Belief) -> Candidate:
        item = self.catalog.items[row]
        category = next(
            (
                (spec.name, value)
                for spec in self.catalog.schema.of_kind(FieldKind.CATEGORY)[:1]
                for value in item.values.get(spec.name, ())
            ),
            ("", ""),
        )
        score: Floats = belief.mean(np.asarray([row]))[0]
        evidence = Evidence(
            CHANNEL,
            EvidenceKind.GUESS,
            category[0],
            category[1],
            count=int(self.counts[row]),
            score=float(score[0]),
            text=kind.value,
        )
        return Candidate(item.item_id, {CHANNEL: float(score[0])}, (evidence,))


def askable(catalog: Catalog) -> list[tuple[str, list[tuple[str, NDArray[np.int64]]]]]:
    """The fields that are asked about, the values of each, and the rows that hold each value."""
    schema, offered = catalog.schema, []
    for spec in schema.of_kind(FieldKind.CATEGORY)[:1]:
        held = catalog.values(spec.name)
        offered.append((spec.name, sorted(held, key=lambda value: (-held[value], value))[:ASKABLE]))
    return [(field, [(value, catalog.holders(field, value)) for value in values]) for field, values in offered]
