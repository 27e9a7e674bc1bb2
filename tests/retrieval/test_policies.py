"""Exploration: how many guesses, which ones, and that the logged probability is the true one."""

from collections import Counter

import numpy as np
import pytest

from retrieval.belief import Belief, TasteModel
from retrieval.belief_fit import TasteSettings, fit_taste
from retrieval.candidates import Candidate
from retrieval.datasets import Dataset
from retrieval.exploration.explorer import IN_MOOD, Explorer
from retrieval.exploration.lottery import Lottery
from retrieval.exploration.pool import Kind, guess_pool
from retrieval.history import Interaction, UserHistory
from retrieval.item_learning import PRIOR_EXPECTED, Impressions
from retrieval.items import Catalog, Item
from retrieval.models.log import Log
from retrieval.policies import (
    POLICIES,
    Greedy,
    Policy,
    Slot,
    Thompson,
    UniformGuesses,
    UpperBound,
    guess_count,
    summary,
)
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.ranking import Ranked
from tests.fakes import tea_schema

NOBODY = UserHistory()
PICKS = [policy() for policy in POLICIES.values()]


def model_of(n_items: int = 30, width: int = 3) -> TasteModel:
    rng = np.random.default_rng(1)
    return TasteModel(
        base=rng.random(n_items) * 0.3,
        features=rng.standard_normal((n_items, width)) * 0.2,
        noise=np.full(n_items, 0.1),
        doubt=np.linspace(0, 0.05, n_items),
        centers=np.zeros((2, width)) + np.asarray([[0.5], [-0.5]]),
        shares=np.asarray([0.5, 0.5]),
    )


@pytest.fixture(scope="module")
def explorer(teas: Dataset) -> Explorer:
    log = Log.of_dataset(teas)
    return Explorer(teas.catalog, fit_taste(log), TasteSettings(), log.counts())


def shown_by(
    explorer: Explorer,
    policy: Policy,
    preference: Preference,
    history: UserHistory = NOBODY,
    *,
    n_sure: int = 4,
    seed: int = 0,
    shown: tuple[str, ...] = (),
) -> tuple[Slot, ...]:
    closed = {*history.seen(), *preference.liked, *preference.disliked}
    fits = [item.item_id for item in explorer.catalog if item.item_id not in closed]
    fits = [
        item_id
        for item_id in fits
        if not any(
            not explorer.catalog.satisfies(explorer.catalog.item(item_id), limit) for limit in preference.constraints
        )
    ]
    ranked = Ranked(tuple(Candidate(item_id) for item_id in fits[:n_sure]))
    rng = np.random.default_rng(seed)
    return explorer.explore(policy, ranked, preference, history, rng, slots=preference.count, shown=shown)


@pytest.mark.parametrize("slots", range(11))
@pytest.mark.parametrize("novelty", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("width", [0.0, 0.5, 1.0, 7.0])
def test_guesses_never_take_more_than_half(slots: int, novelty: float, width: float) -> None:
    assert 0 <= guess_count(slots, width, novelty) <= slots // 2


def test_guesses_fall_with_what_is_known_and_rise_with_the_dial() -> None:
    by_width = [guess_count(5, width, 0.3) for width in (1.0, 0.7, 0.4, 0.0)]
    by_dial = [guess_count(8, 1.0, dial / 10) for dial in range(11)]

    assert by_width == sorted(by_width, reverse=True)
    assert (by_width[0], by_width[-1]) == (1, 0)
    assert by_dial == sorted(by_dial)
    assert (by_dial[0], by_dial[-1]) == (0, 4)


def test_somebody_in_a_hurry_gets_no_guess(explorer: Explorer) -> None:
    quick = Preference(novelty=0.0, count=4)
    single = Preference(novelty=1.0, count=1)

    for preference in (quick, single):
        assert not any(slot.exploratory for slot in shown_by(explorer, UpperBound(), preference))


@pytest.mark.parametrize("policy", PICKS, ids=lambda strategy: strategy.name)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_logged_probability_is_the_frequency(policy: Policy, n: int) -> None:
    belief, rows, rng = Belief(model_of()), np.arange(5, 17), np.random.default_rng(3)
    lottery = policy.lottery(belief, rows, n)
    times = 4000

    drawn = [tuple(lottery.draw(rng).tolist()) for _ in range(times)]

    seen = Counter(place for rows_drawn in drawn for place in rows_drawn)
    expected = lottery.inclusion()
    assert np.isclose(expected.sum(), len(drawn[0]))
    for place in range(len(rows)):
        error = 4 * np.sqrt(expected[place] * (1 - expected[place]) / times) + 1e-9
        assert abs(seen[place] / times - expected[place]) <= error
    common, count = Counter(tuple(sorted(rows_drawn)) for rows_drawn in drawn).most_common(1)[0]
    assert abs(count / times - lottery.probability(common)) < 0.05


def test_the_probabilities_of_all_sets_sum_to_one() -> None:
    lottery = Lottery(np.asarray([[0, 1], [1, 0], [2, 3]]), size=4, floor=0.3)
    pairs = [(first, two) for first in range(4) for two in range(first)]

    assert np.isclose(sum(lottery.probability(pair) for pair in pairs), 1.0)
    assert np.isclose(lottery.probability((0, 1)), 0.7 * 2 / 3 + 0.3 / 6)


def test_optimism_prefers_what_is_uncertain() -> None:
    belief, rows = Belief(model_of()), np.arange(30)

    careful = UpperBound(0.0, floor=0.0).lottery(belief, rows, 5).sets[0]
    bold = UpperBound(5.0, floor=0.0).lottery(belief, rows, 5).sets[0]

    deviation = belief.deviation()[0]
    assert deviation[bold].mean() > deviation[careful].mean()
    assert set(careful.tolist()) == set(np.argsort(-belief.mean()[0])[:5].tolist())


def test_thompson_agrees_with_the_expectation_once_all_is_known() -> None:
    model = model_of()
    model = TasteModel(model.base, model.features, model.noise, np.zeros(30), model.centers, model.shares)
    belief = Belief(model)
    for _ in range(3):
        belief.learn(model.features, np.full(30, 0.1), np.full(30, 1e-7))

    sets = Thompson(floor=0.0).lottery(belief, np.arange(30), 1).sets

    assert set(sets.ravel().tolist()) == {int(belief.mean()[0].argmax())}


def test_greedy_never_guesses(explorer: Explorer) -> None:
    assert not any(slot.exploratory for slot in shown_by(explorer, Greedy(), Preference(novelty=1.0)))


@pytest.mark.parametrize("policy", PICKS, ids=lambda strategy: strategy.name)
def test_guesses_keep_the_limits_and_are_never_known_disliked_or_repeated(explorer: Explorer, policy: Policy) -> None:
    limits = (Constraint("price", Op.MAX, (20.0,)),)
    history = UserHistory.of("x", [Interaction("x", "tea:3", -1.0, 2.0)])
    preference = Preference(disliked=("tea:6",), constraints=limits, novelty=1.0, count=4)

    for seed in range(20):
        shown = shown_by(explorer, policy, preference, history, seed=seed, shown=("tea:7",))
        ids = [slot.candidate.item_id for slot in shown]
        guesses = {slot.candidate.item_id for slot in shown if slot.exploratory}
        assert len(set(ids)) == len(ids) <= 4
        assert len(guesses) <= 2
        assert not guesses & {"tea:3", "tea:6", "tea:7"}
        assert all(explorer.catalog.satisfies(explorer.catalog.item(item_id), limits[0]) for item_id in guesses)
        assert all(0 < slot.propensity <= 1 and 0 < slot.list_propensity <= 1 for slot in shown)


def test_limits_that_leave_two_items_leave_no_room_for_guesses(explorer: Explorer) -> None:
    two = {item.item_id for item in list(explorer.catalog)[:2]}
    limits = (Constraint("year", Op.MAX, (1994.0,)),)
    assert {item.item_id for item in explorer.catalog if explorer.catalog.satisfies(item, limits[0])} >= two

    shown = shown_by(explorer, UpperBound(), Preference(constraints=limits, novelty=1.0, count=5), n_sure=2)

    assert all(explorer.catalog.satisfies(explorer.catalog.item(slot.candidate.item_id), limits[0]) for slot in shown)
    assert sum(slot.exploratory for slot in shown) <= len(shown) / 2


def test_an_unwanted_value_is_no_guess(explorer: Explorer) -> None:
    preference = Preference(wishes=(Wish("kinds", "Black", -1.0),), novelty=1.0, count=6)

    for seed in range(20):
        guesses = [slot for slot in shown_by(explorer, UpperBound(), preference, seed=seed) if slot.exploratory]
        assert all("Black" not in explorer.catalog.item(slot.candidate.item_id).values["kinds"] for slot in guesses)


def crates(n_black: int, n_green: int = 30) -> Explorer:
    """An explorer of so many black and so many green teas."""
    kinds = ["Black"] * n_black + ["Green"] * n_green
    items = tuple(Item(f"tea:{row}", f"Crate {row}", values={"kinds": (kind,)}) for row, kind in enumerate(kinds))
    counts = np.ones(len(items), dtype=np.int64)
    return Explorer(Catalog(tea_schema(), items), model_of(len(items)), TasteSettings(), counts)


def guessed_kinds(explorer: Explorer, *wishes: Wish) -> set[str]:
    preference = Preference(wishes=wishes, novelty=1.0, count=6)
    shown = [slot for seed in range(10) for slot in shown_by(explorer, UniformGuesses(), preference, seed=seed)]
    guesses = [explorer.catalog.item(slot.candidate.item_id) for slot in shown if slot.exploratory]
    return {kind for item in guesses for kind in item.values["kinds"]}


def test_guesses_are_within_the_mood_where_enough_items_are() -> None:
    n_sure = 4
    enough, too_few = crates(IN_MOOD + n_sure), crates(IN_MOOD + n_sure - 1)

    assert guessed_kinds(enough, Wish("kinds", "Black")) == {"Black"}
    assert guessed_kinds(too_few, Wish("kinds", "Black")) == {"Black", "Green"}
    assert guessed_kinds(enough) == {"Black", "Green"}


def test_the_strongest_wish_sets_the_mood_of_guesses() -> None:
    kinds = guessed_kinds(crates(30), Wish("kinds", "Black", 1.0), Wish("kinds", "Green", 0.6))

    assert kinds == {"Black"}


def test_a_mood_does_not_bring_back_what_is_unwanted() -> None:
    assert guessed_kinds(crates(30), Wish("kinds", "Black", -1.0), Wish("kinds", "Black", 1.0)) <= {"Green"}


def test_a_pool_has_every_kind_of_guess_and_nothing_closed() -> None:
    model, open_rows = model_of(100), np.ones(100, dtype=np.bool_)
    open_rows[:10] = False
    counts = np.arange(100) - 5
    counts[counts < 0] = 0
    counts[50:55] = 0

    belief = Belief(model)
    first = guess_pool(belief, open_rows, counts, size=12)
    belief.learn(model.features[:10], np.full(10, 0.1), np.full(10, 0.05))
    pool = guess_pool(belief, open_rows, counts, size=12)

    assert set(first.values()) == {Kind.OTHER}
    assert set(pool.values()) == set(Kind)
    assert len(pool) == 12
    assert all(row >= 10 for row in pool)
    assert all(counts[row] == 0 for row, kind in pool.items() if kind is Kind.UNRATED)
    assert all(counts[row] >= 60 for row, kind in pool.items() if kind is Kind.OTHER)


def test_a_catalog_of_five_items_and_an_empty_pool_work() -> None:
    model = model_of(5)

    assert guess_pool(Belief(model), np.zeros(5, dtype=np.bool_), np.zeros(5, dtype=np.int64)) == {}
    pool = guess_pool(Belief(model), np.ones(5, dtype=np.bool_), np.zeros(5, dtype=np.int64))
    assert len(pool) == 5
    for policy in PICKS:
        assert (
            policy.lottery(Belief(model), np.fromiter(pool, dtype=np.int64), 2)
            .draw(np.random.default_rng(0))
            .max(initial=0)
            < 5
        )


def test_two_tabs_draw_from_the_same_belief(explorer: Explorer) -> None:
    preference = Preference(liked=("tea:1",), novelty=1.0, count=4)

    first, second = (explorer.belief(preference, NOBODY) for _ in range(2))

    assert np.array_equal(first.mean(), second.mean())
    one, other = (shown_by(explorer, UpperBound(), preference, seed=seed) for seed in (1, 2))
    assert [slot.candidate.item_id for slot in one][:2] == [slot.candidate.item_id for slot in other][:2]


def test_the_summary_names_every_item() -> None:
    slots = (Slot(Candidate("a")), Slot(Candidate("b"), True, 0.25, "other"))

    assert summary(slots) == {"a": 1.0, "b": 0.25}


def test_what_was_tried_often_makes_room_for_others() -> None:
    model, open_rows, counts = model_of(400), np.ones(400, dtype=np.bool_), np.arange(400)
    belief = Belief(model)
    belief.learn(model.features[:10], np.full(10, 0.1), np.full(10, 0.05))
    tried = np.zeros(400, dtype=np.int64)
    tried[:150] = 50

    pool = guess_pool(belief, open_rows, counts, rng=np.random.default_rng(0), shown=tried, size=40)

    assert not any(row < 150 for row, kind in pool.items() if kind is Kind.LITTLE_KNOWN)


def test_guesses_are_counted_as_they_are_shown_and_taught_items_rise(explorer: Explorer) -> None:
    n = len(explorer.catalog)
    fresh = explorer.updated(Impressions.none(n), np.zeros(n, dtype=np.int64))
    shown = shown_by(fresh, UniformGuesses(), Preference(novelty=1.0, count=4))
    guesses = fresh.catalog.rows(slot.candidate.item_id for slot in shown if slot.exploratory)

    answered = Impressions.none(n).and_also(guesses, np.full(len(guesses), 0.1), np.full(len(guesses), 5.0))
    taught = fresh.updated(answered, fresh.guessed)

    assert len(guesses)
    assert fresh.guessed.sum() == len(guesses) == fresh.guessed[guesses].sum()
    expected = guesses[fresh.model.base[guesses] > 0]  # what is raised by a factor rises where anything was expected
    assert len(expected)
    assert (taught.model.base[expected] > fresh.model.base[expected]).all()
    assert np.array_equal(taught.updated(answered, fresh.guessed).model.base, taught.model.base)
    again = shown_by(taught, UniformGuesses(), Preference(novelty=1.0, count=4))
    untaught = [slot.context[PRIOR_EXPECTED] for slot in again if slot.exploratory]
    assert min(untaught) >= 0 < max(untaught)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_tiny_catalog_is_explored_and_asked_about(teas: Dataset, n: int) -> None:
    catalog = Catalog(teas.catalog.schema, teas.catalog.items[:n])
    nothing = np.zeros(0, dtype=np.int64)
    log = Log.of(nothing, nothing, np.zeros(0), np.zeros(0), n_users=0, n_items=n)
    small = Explorer(catalog, fit_taste(log), TasteSettings(), log.counts())
    belief = small.belief(Preference(), NOBODY)

    shown = shown_by(small, UpperBound(), Preference(novelty=1.0, count=5), n_sure=3)

    assert len({slot.candidate.item_id for slot in shown}) == len(shown) <= n
    assert small.elicitation(belief, shown) is None or len(small.questions) > 0
