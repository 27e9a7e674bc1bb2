"""Exploration: how many guesses, which ones, and that the logged probability is the true one."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.candidates import Candidate, EvidenceKind
from retrieval.datasets import Dataset
from retrieval.history import Interaction, UserHistory
from retrieval.policies import Greedy, UniformGuesses, guess_count, guess_pool, known_signals, summary
from retrieval.preference import Constraint, Op, Preference, Wish

SURE = [Candidate(f"sure{n}", score=1 - n / 10) for n in range(8)]
POOL = [Candidate(f"guess{n}") for n in range(7)]


def pool_of(
    teas: Dataset, preference: Preference, history: UserHistory | None = None, exclude: Sequence[str] = ()
) -> list[Candidate]:
    counts = np.bincount(teas.interactions.rows, minlength=len(teas.catalog)).astype(np.int64)
    nearness = np.linspace(1, 0, len(teas.catalog), dtype=np.float32)
    return guess_pool(
        teas.catalog,
        preference,
        history or UserHistory(),
        nearness=nearness,
        counts=counts,
        exclude=frozenset(exclude),
    )


@pytest.mark.parametrize("slots", range(11))
@pytest.mark.parametrize("novelty", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_known", [0, 5, 500])
def test_guesses_never_take_more_than_half(slots: int, novelty: float, n_known: int) -> None:
    rng = np.random.default_rng(0)

    shown = UniformGuesses().choose(SURE, POOL, slots=slots, n_known=n_known, novelty=novelty, rng=rng)

    guesses = [one for one in shown if one.exploratory]
    assert len(shown) == min(slots, len(SURE)) or len(guesses) > 0
    assert len(shown) <= slots
    assert len(guesses) * 2 <= len(shown)
    assert all(one.propensity == 1.0 for one in shown if not one.exploratory)


def test_guesses_fall_with_what_is_known_and_rise_with_the_dial() -> None:
    by_known = [guess_count(5, n, 0.3) for n in (0, 20, 50, 1000)]
    by_dial = [guess_count(8, 10, dial / 10) for dial in range(11)]

    assert by_known == sorted(by_known, reverse=True)
    assert (by_known[0], by_known[-1]) == (2, 0)
    assert by_dial == sorted(by_dial)
    assert (by_dial[0], by_dial[-1]) == (0, 4)


def test_somebody_who_wants_one_item_gets_no_guess() -> None:
    shown = UniformGuesses().choose(SURE, POOL, slots=1, n_known=0, novelty=1.0, rng=np.random.default_rng(0))

    assert [one.candidate.item_id for one in shown] == ["sure0"]
    assert not shown[0].exploratory


@pytest.mark.parametrize(("sure", "pool"), [([], POOL), (SURE, []), ([], [])])
def test_nothing_left_to_guess_means_no_guess(sure: list[Candidate], pool: list[Candidate]) -> None:
    shown = UniformGuesses().choose(sure, pool, slots=4, n_known=0, novelty=1.0, rng=np.random.default_rng(0))

    assert len(shown) == min(4, len(sure))
    assert not any(one.exploratory for one in shown)


def test_the_logged_propensity_is_the_frequency() -> None:
    rng, runs, seen = np.random.default_rng(7), 6000, Counter[str]()

    for _ in range(runs):
        shown = UniformGuesses().choose(SURE, [*POOL, SURE[0]], slots=6, n_known=0, novelty=1.0, rng=rng)
        seen.update(one.candidate.item_id for one in shown if one.exploratory)

    logged = {one.candidate.item_id: one.propensity for one in shown if one.exploratory}
    assert set(logged.values()) == {3 / 7}
    assert seen.keys() == {one.item_id for one in POOL}
    assert all(abs(count / runs - 3 / 7) < 0.03 for count in seen.values())
    assert summary(shown)["sure0"] == 1.0


def test_the_same_seed_makes_the_same_guesses() -> None:
    runs = [
        UniformGuesses().choose(SURE, POOL, slots=6, n_known=0, novelty=1.0, rng=np.random.default_rng(3))
        for _ in range(2)
    ]

    assert runs[0] == runs[1]


def test_greedy_never_guesses() -> None:
    shown = Greedy().choose(SURE, POOL, slots=3, n_known=0, novelty=1.0, rng=np.random.default_rng(0))

    assert [one.candidate.item_id for one in shown] == ["sure0", "sure1", "sure2"]


def test_the_pool_keeps_every_limit_and_leaves_out_what_is_known(teas: Dataset) -> None:
    limits = (Constraint("year", Op.MIN, (2000.0,)),)
    preference = Preference(liked=("tea:8",), disliked=("tea:9",), seen=("tea:5",), constraints=limits)
    history = UserHistory.of("u", [Interaction("u", "tea:10", -1.0, 1)])

    found = {one.item_id for one in pool_of(teas, preference, history, exclude=["tea:6"])}

    assert found == {"tea:7", "tea:11", "tea:12", "tea:13", "tea:14"}


def test_the_pool_holds_unrated_items_no_doubles_and_says_why(teas: Dataset) -> None:
    found = pool_of(teas, Preference(liked=("tea:0",)))

    ids = {one.item_id for one in found}
    assert {"tea:12", "tea:13", "tea:14"} <= ids
    assert not {"tea:5", "tea:15"} <= ids
    assert all(one.evidence[0].kind is EvidenceKind.GUESS and one.evidence[0].text for one in found)


def test_what_is_not_wanted_is_no_guess(teas: Dataset) -> None:
    found = {one.item_id for one in pool_of(teas, Preference(wishes=(Wish("notes", "honey", -1.0),)))}

    assert not found & {"tea:9", "tea:10", "tea:11", "tea:13"}


def test_limits_that_leave_nothing_leave_an_empty_pool(teas: Dataset) -> None:
    assert pool_of(teas, Preference(constraints=(Constraint("year", Op.MIN, (3000.0,)),))) == []


def test_signals_are_opinions_and_what_was_said() -> None:
    history = UserHistory.of("u", [Interaction("u", "a", 1.0, 1), Interaction("u", "b", 0.0, 2)])

    assert known_signals(Preference(liked=("c",), wishes=(Wish("notes", "honey"),)), history) == 3
