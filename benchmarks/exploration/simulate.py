"""Ten rounds of five items for many strangers side by side, with the product's own belief and policies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.exploration.people import Crowd
from benchmarks.exploration.replies import EVERY, Asker, Groups, sides
from retrieval.belief import Belief, TasteModel
from retrieval.belief_fit import TasteSettings
from retrieval.exploration.asking import Questions
from retrieval.exploration.choosing import Policy
from retrieval.exploration.pool import POOL, Kind, guess_pool
from retrieval.exploration.slots import guess_count
from retrieval.item_learning import Impressions, updated

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a simulated conversation runs."""

    rounds: int = 10
    slots: int = 5
    novelty: float = 0.3
    silence: float = 8.0
    """Patience with items that were shown and not answered; 0 where silence teaches nothing."""
    judged_after: int = 5
    """Rounds after which the ranking is judged."""
    pool: int = POOL
    answers: float = 0.0
    """How often the question that may come with a list is answered; 0 where none is asked."""
    told: int = 0
    """So many ratings of the held-out half are told for free after the first list."""
    shared: bool = False
    """Whether what one person answers to an item teaches for the others, after each round."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the table."""

    name: str
    policy: Policy | None = None
    """Fills the slots for guesses; None where there are none."""
    whole: Callable[[Belief, Bools, np.random.Generator, int], Rows] | None = None
    """Fills the whole list instead, for all people at once."""
    fresh: float = 0.0
    """Probability that the pool of a list holds unrated items only."""


@dataclass
class Outcome:
    """What came of one run; arrays by person unless said otherwise."""

    liked: NDArray[np.int64]
    """Liked items found by round, shape (n_people, rounds)."""
    shown: Bools
    """Shape (n_people, n_items)."""
    liked_tail: NDArray[np.int64]
    guesses: dict[Kind, NDArray[np.int64]]
    """How many guesses of each kind."""
    liked_guesses: dict[Kind, NDArray[np.int64]]
    ndcg: NDArray[np.float64]
    """Of the ranking after some rounds, NaN for people without a liked held-out item."""
    width: NDArray[np.float64]
    """Mean width of the belief before each round, shape (rounds,)."""


def simulate(
    model: TasteModel,
    answers: TasteSettings,
    counts: NDArray[np.int64],
    tail: Bools,
    people: Crowd,
    strategy: Strategy,
    rules: Rules,
    seed: int,
    questions: tuple[Questions, Groups] | None = None,
) -> Outcome:
    """Play all rounds.

    Args:
        model: The prior, fitted on others.
        answers: What an answer says.
        counts: Ratings of each item among those others, shape (n_items,).
        tail: Long-tail items, shape (n_items,).
        people: The strangers.
        strategy: Who fills the lists.
        rules: Of the conversation.
        seed: Of the policy's chance.
        questions: What can be asked, and the values and rows that it was made from; None where nothing is.
    """
    rng = np.random.default_rng([seed, 11])
    n, everyone = len(people), np.arange(len(people))
    belief, told = Belief(model, n), answers.answers(np.nan_to_num(people.weights))
    shown = people.known.copy()
    learn_known(belief, people, told)
    asker = None
    if questions is not None and rules.answers:
        would = sides(*questions, model.base, told, people)
        asker = Asker(questions[0], would, rules.answers, np.random.default_rng([seed, 13]))
    none = {kind: np.zeros(n, dtype=np.int64) for kind in Kind}
    out = Outcome(
        np.zeros((n, rules.rounds), dtype=np.int64),
        shown,
        np.zeros(n, dtype=np.int64),
        none,
        {kind: zeros.copy() for kind, zeros in none.items()},
        np.full(n, np.nan),
        np.zeros(rules.rounds),
    )
    impressions, factor = Impressions.none(model.n_items), np.ones(model.n_items)
    guessed = np.zeros(model.n_items, dtype=np.int64)
    for turn in range(rules.rounds):
        if turn == rules.judged_after:
            out.ndcg = ranking_quality(belief, people, shown & people.revealable)
        out.width[turn] = belief.uncertainty().mean()
        picks, kinds = _lists(belief, shown, counts, strategy, rules, rng, guessed)
        expected = np.take_along_axis(belief.mean(), picks, 1) / factor[picks] if rules.shared else None
        for slot in range(rules.slots):
            items = picks[:, slot]
            shown[everyone, items] = True
            revealed = people.revealable[everyone, items]
            liked = revealed & (people.weights[everyone, items] > 0)
            out.liked[:, turn] += liked
            out.liked_tail += liked & tail[items]
            for kind in Kind:
                guess = kinds[:, slot] == kind
                out.guesses[kind] += guess
                out.liked_guesses[kind] += guess & liked
            heard = everyone if rules.silence else np.flatnonzero(revealed)
            said = np.where(revealed, told[everyone, items], 0.0)
            noise_scale = np.where(revealed, 1.0, rules.silence or 1.0)
            belief.observe(heard, items[heard], said[heard], noise_scale[heard])
            if expected is not None:
                impressions = impressions.and_also(items, expected[:, slot], said)
        if turn == 0 and rules.told:
            shown |= tell(belief, people, told, rules.told, np.random.default_rng([seed, 19]))
        if asker is not None and turn % EVERY == 0:
            asker.ask(belief, picks)
        if rules.shared:
            belief.model, factor = updated(model, impressions, counts), impressions.factors(counts)
    out.shown = shown & ~people.known
    return out


def learn_known(belief: Belief, people: Crowd, told: NDArray[np.float64]) -> None:
    """What was known before the first round, one rating of everyone at a time."""
    columns = [np.flatnonzero(row) for row in people.known]
    for place in range(max((len(column) for column in columns), default=0)):
        who = np.asarray([person for person, column in enumerate(columns) if place < len(column)], dtype=np.int64)
        items = np.asarray([columns[person][place] for person in who.tolist()], dtype=np.int64)
        belief.observe(who, items, told[who, items], np.ones(len(who)))


def tell(belief: Belief, people: Crowd, told: NDArray[np.float64], n: int, rng: np.random.Generator) -> Bools:
    """Let some ratings of the held-out half be learned; which ones, shape (n_people, n_items)."""
    closed = ~np.isnan(people.weights) & ~people.revealable
    order = np.argsort(np.where(closed, rng.random(closed.shape), 2.0), axis=1)[:, :n]
    is_told = np.zeros(closed.shape, dtype=np.bool_)
    for place in range(n):
        who = np.flatnonzero(closed[np.arange(len(people)), order[:, place]])
        items = order[who, place]
        is_told[who, items] = True
        belief.observe(who, items, told[who, items], np.ones(len(who)))
    return is_told


def best(scores: NDArray[np.float64], shut: Bools, k: int) -> Rows:
    """The k highest open items of each person, best first, shape (n_people, k)."""
    open_scores = np.where(shut, -np.inf, scores)
    top = np.argpartition(-open_scores, k, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(open_scores, top, 1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(top, order, 1), dtype=np.int64)


def ranking_quality(belief: Belief, people: Crowd, shut: Bools) -> NDArray[np.float64]:
    """NDCG@10 on the held-out half; what was revealed is left out of the ranking."""
    wanted = people.held_out
    ranked = best(belief.mean(), shut | people.known, 10)
    discount = 1 / np.log2(np.arange(2, 12))
    gain = (np.take_along_axis(wanted, ranked, 1) * discount).sum(axis=1)
    n = np.minimum(wanted.sum(axis=1), 10)
    ideal = np.concatenate(([np.nan], np.cumsum(discount)))[n]
    quality: NDArray[np.float64] = gain / ideal
    return quality


def _lists(
    belief: Belief,
    shown: Bools,
    counts: Rows,
    strategy: Strategy,
    rules: Rules,
    rng: np.random.Generator,
    guessed: Rows,
) -> tuple[Rows, NDArray[np.object_]]:
    """The lists of everyone and, for each place, the kind of guess ('' for none)."""
    kinds = np.full((len(belief), rules.slots), "", dtype=object)
    if strategy.whole is not None:
        return strategy.whole(belief, shown, rng, rules.slots), kinds
    picks = best(belief.mean(), shown, rules.slots)
    if strategy.policy is None:
        return picks, kinds
    widths = belief.uncertainty()
    for person in range(len(belief)):
        n = guess_count(rules.slots, float(widths[person]), rules.novelty)
        if n == 0:
            continue
        sure = picks[person, : rules.slots - n]
        open_rows = ~shown[person]
        open_rows[sure] = False
        if strategy.fresh and rng.random() < strategy.fresh and (open_rows & (counts == 0)).any():
            open_rows &= counts == 0
        own = belief.person(person)
        tried = own.tried(np.flatnonzero(shown[person]))
        pool = guess_pool(own, open_rows, counts, tried=tried, size=rules.pool, rng=rng, shown=guessed)
        rows = np.fromiter(pool, dtype=np.int64)
        drawn = rows[strategy.policy.lottery(own, rows, min(n, len(rows))).draw(rng)]
        guessed[drawn] += 1
        picks[person, rules.slots - len(drawn) :] = drawn
        kinds[person, rules.slots - len(drawn) :] = [pool[row] for row in drawn.tolist()]
    return picks, kinds
