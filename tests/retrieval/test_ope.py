"""Off-policy estimates: a planted truth is found, intervals hold it, and thin logs are refused."""

import numpy as np
import pytest

from retrieval.ope import Exposures, OverlapError, evaluate

TRUTH = np.asarray([0.1, 0.2, 0.4, 0.6])
LOGGING = np.asarray([0.4, 0.3, 0.2, 0.1])
TARGET = np.asarray([0.1, 0.2, 0.3, 0.4])


def log_of(
    n: int,
    seed: int,
    *,
    target: np.ndarray = TARGET,
    logging: np.ndarray = LOGGING,
    model: np.ndarray | None = None,
) -> Exposures:
    rng = np.random.default_rng(seed)
    shown = rng.choice(len(TRUTH), size=n, p=logging)
    rewards = (rng.random(n) < TRUTH[shown]).astype(np.float64)
    model = np.zeros(len(TRUTH)) if model is None else model
    return Exposures(
        rng.integers(0, max(2, n // 10), n),
        logging[shown],
        target[shown],
        rewards,
        model[shown],
        np.full(n, float(target @ model)),
    )


def test_the_planted_value_is_found_and_held_by_the_intervals() -> None:
    truth = float(TARGET @ TRUTH)
    held = {"inverse": 0, "normalized": 0, "doubly_robust": 0}

    for seed in range(60):
        estimate = evaluate(log_of(2000, seed, model=TRUTH + 0.1))
        for name in held:
            interval = getattr(estimate, name)
            held[name] += truth in interval
            assert interval.value == pytest.approx(truth, rel=0.25)

    assert all(count >= 50 for count in held.values())


def test_a_good_model_narrows_the_interval_and_a_bad_one_does_not_bias() -> None:
    plain, good, bad = (evaluate(log_of(4000, 1, model=model)) for model in (None, TRUTH, 0.9 - TRUTH))

    def width(estimate) -> float:
        return estimate.doubly_robust.high - estimate.doubly_robust.low

    assert width(good) < width(plain)
    assert float(TARGET @ TRUTH) in bad.doubly_robust


def test_the_policy_that_ran_is_worth_what_it_earned() -> None:
    log = log_of(1000, 2, target=LOGGING)

    estimate = evaluate(log)

    assert estimate.size == pytest.approx(1000)
    assert estimate.inverse.value == pytest.approx(float(log.rewards.mean()))
    assert estimate.normalized.value == pytest.approx(estimate.inverse.value)


def test_a_policy_that_shows_what_the_log_never_shows_is_refused() -> None:
    log = log_of(3000, 3, logging=np.asarray([0.5, 0.5, 0.0, 0.0]))

    with pytest.raises(OverlapError, match="could never show"):
        evaluate(log)


def test_a_thin_log_is_refused_with_what_to_do() -> None:
    with pytest.raises(OverlapError, match=r"at least 100 .* found .* Log more"):
        evaluate(log_of(50, 4))
    with pytest.raises(OverlapError, match="at least 100"):
        evaluate(log_of(0, 4))


def test_columns_must_fit_together() -> None:
    log = log_of(200, 5)
    broken = Exposures(log.people, log.logged[:-1], log.target, log.rewards, log.predicted, log.promised)
    impossible = Exposures(log.people, log.logged * 0, log.target, log.rewards, log.predicted, log.promised)

    with pytest.raises(ValueError, match="equal length"):
        evaluate(broken)
    with pytest.raises(ValueError, match="above 0"):
        evaluate(impossible)
