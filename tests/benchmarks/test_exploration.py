"""The simulation of strangers: halves that do not leak, lists without repeats, ratios that are right."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.exploration.document import headline, tables
from benchmarks.exploration.figures import ratios, summary
from benchmarks.exploration.logs import judge, simulate_log
from benchmarks.exploration.people import crowd, long_tail, of_users, split
from benchmarks.exploration.replies import Asker, Groups, sides
from benchmarks.exploration.simulate import Outcome, Rules, Strategy, ranking_quality, simulate, tell
from benchmarks.exploration.strategies import STRATEGIES
from retrieval.belief import Belief, TasteModel
from retrieval.belief_fit import TasteSettings, fit_taste
from retrieval.exploration.asking import Questions
from retrieval.exploration.pool import Kind
from retrieval.models.log import Log

SMALL = TasteSettings(width=4, clusters=2)
RULES = Rules(rounds=4, slots=4, judged_after=2, pool=12)


@pytest.fixture(scope="module")
def log() -> Log:
    rng = np.random.default_rng(0)
    side = rng.integers(0, 2, 200)
    half = np.arange(60) >= 30
    taken = rng.random((200, 60)) < np.where(half == side[:, None], 0.8, 0.1) * np.linspace(1, 0.4, 60)
    users, items = np.nonzero(taken)
    weights = rng.choice([-1.0, 0.0, 0.5, 1.0], size=len(users), p=[0.1, 0.2, 0.4, 0.3])
    return Log.of(users, items, weights, np.zeros(len(users)), n_users=200, n_items=60)


def played(log: Log, strategy: Strategy, seed: int = 0, **rules: float) -> Outcome:
    parts = split(200, n_test=20, n_tuning=10)
    fitted = of_users(log, parts.fit)
    people = crowd(log, parts.test, seed)
    settings = replace(RULES, **rules)  # type: ignore[arg-type]
    model = fit_taste(fitted, settings=SMALL)
    return simulate(model, SMALL, fitted.counts(), long_tail(fitted.counts()), people, strategy, settings, seed)


def test_nobody_is_in_two_sets_of_users() -> None:
    parts = split(943)

    everyone = np.concatenate((parts.test, parts.tuning, parts.fit))
    assert len(parts.test) == 300
    assert len(np.unique(everyone)) == 943


def test_the_two_halves_of_a_person_share_nothing(log: Log) -> None:
    users = split(200, n_test=20, n_tuning=10).test

    people = crowd(log, users, 1, n_known=3)

    rated = ~np.isnan(people.weights)
    assert not (people.revealable & people.held_out).any()
    assert (people.revealable <= rated).all()
    assert (people.known <= people.revealable).all()
    assert (people.known.sum(axis=1) == 3).all()
    assert not np.isin(of_users(log, split(200, n_test=20, n_tuning=10).fit).users, users).any()


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_every_strategy_shows_each_item_once_and_finds_only_revealable_likes(log: Log, strategy: Strategy) -> None:
    users = split(200, n_test=20, n_tuning=10).test
    people = crowd(log, users, 0)

    out = played(log, strategy)

    assert (out.shown.sum(axis=1) == 16).all()
    possible = (out.shown & people.revealable & (people.weights > 0)).sum(axis=1)
    assert (out.liked.sum(axis=1) == possible).all()
    assert out.width[0] == pytest.approx(1.0)
    assert (np.diff(out.width) < 0).all()


def test_greedy_beats_chance_on_planted_tastes(log: Log) -> None:
    by_name = {strategy.name: played(log, strategy) for strategy in STRATEGIES if strategy.name in ("greedy", "random")}

    assert by_name["greedy"].liked.sum() > 1.2 * by_name["random"].liked.sum()
    assert not any(by_name["greedy"].guesses[kind].any() for kind in Kind)


def test_the_same_seed_plays_the_same(log: Log) -> None:
    first, second = (played(log, STRATEGIES[3]) for _ in range(2))

    assert np.array_equal(first.shown, second.shown)


def test_where_silence_teaches_nothing_only_answers_narrow(log: Log) -> None:
    deaf, hearing = played(log, STRATEGIES[0], silence=0.0), played(log, STRATEGIES[0])

    assert deaf.width[-1] > hearing.width[-1]


def asking(model: TasteModel) -> tuple[Questions, Groups]:
    groups = [("half", [("low", np.arange(30)), ("high", np.arange(30, 60))])]
    return Questions.of(model, groups), groups


def test_people_answer_from_the_revealable_half_alone(log: Log) -> None:
    model, people = fit_taste(log, settings=SMALL), crowd(log, np.arange(20), 0)
    told = SMALL.answers(np.nan_to_num(people.weights))

    would = sides(*asking(model), model.base, told, people)
    changed = sides(*asking(model), model.base, np.where(people.held_out, 99.0, told), people)

    low, high = (np.where(people.revealable, told, 0)[:, rows].sum(axis=1) for rows in (slice(30), slice(30, None)))
    expected = np.sign(low / model.base[:30].sum() - high / model.base[30:].sum())
    assert (would[:, 0] == expected).all()
    assert np.array_equal(would, changed)


def test_an_answered_question_narrows_and_is_not_asked_twice(log: Log) -> None:
    model, people = fit_taste(log, settings=SMALL), crowd(log, np.arange(20), 0)
    questions, groups = asking(model)
    told = SMALL.answers(np.nan_to_num(people.weights))
    asker = Asker(questions, sides(questions, groups, model.base, told, people), 1.0, np.random.default_rng(0))
    belief, picks = Belief(model, 20), np.tile(np.arange(4), (20, 1))

    before = belief.uncertainty().mean()
    asker.ask(belief, picks)
    after = belief.uncertainty().mean()
    asker.ask(belief, picks)

    assert after < before
    assert belief.uncertainty().mean() == after
    assert 0 < asker.n_answered <= 20


def test_what_is_told_for_free_is_of_the_other_half(log: Log) -> None:
    model, people = fit_taste(log, settings=SMALL), crowd(log, np.arange(20), 0)
    told = SMALL.answers(np.nan_to_num(people.weights))

    told_items = tell(Belief(model, 20), people, told, 3, np.random.default_rng(0))

    assert not (told_items & people.revealable).any()
    assert (told_items.sum(axis=1) <= 3).all()
    assert told_items.any()


def test_what_one_person_answers_teaches_for_the_next(log: Log) -> None:
    alone, together = played(log, STRATEGIES[2]), played(log, STRATEGIES[2], shared=True)

    assert (together.shown.sum(axis=1) == alone.shown.sum(axis=1)).all()
    assert not np.array_equal(together.shown, alone.shown)


def test_a_strategy_beside_itself_has_the_ratio_one(log: Log) -> None:
    runs = [played(log, STRATEGIES[2], seed) for seed in range(2)]

    by_name = ratios(runs, runs)

    for name in ("likes", "coverage", "ndcg"):
        assert by_name[name] == {"ratio": 1.0, "low": 1.0, "high": 1.0}
    assert 0 < summary(runs)["guess_share"] <= 0.5  # type: ignore[operator]


def test_the_ranking_is_judged_by_the_held_out_half_alone(log: Log) -> None:
    people = crowd(log, np.arange(5), 0)
    model = fit_taste(log, settings=SMALL)
    told = np.where(people.held_out, 1.0, 0.0)

    class Oracle(Belief):
        def mean(self, rows=None):
            return told

    quality = ranking_quality(Oracle(model, 5), people, people.revealable)

    assert np.allclose(quality, 1.0)


def test_estimates_from_simulated_logs_are_near_their_truth(log: Log) -> None:
    model = fit_taste(log, settings=SMALL)
    logs = [simulate_log(model, log.counts(), seed, people=100, exposures=4000) for seed in range(3)]

    judged = judge(logs)

    assert set(judged) == {"epsilon-greedy", "thompson", "uniform"}
    assert all(kinds["doubly_robust"]["median_relative_error"] < 0.5 for kinds in judged.values())


def test_a_document_without_parts_says_so() -> None:
    assert set(headline({}).values()) == {None}
    assert "not run" in tables(
        {},
        {
            "date": "",
            "commit": "",
            "cpu": "",
            "cores": 1,
            "memory_gib": 1,
            "load_before": 0,
            "python": "",
            "versions": {},
        },
    )
