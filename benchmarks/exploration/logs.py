"""Simulated logs of guesses whose true values are known, to check the off-policy estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import Belief, TasteModel
from retrieval.exploration.pool import guess_pool
from retrieval.ope import Estimate, Exposures, OverlapError, evaluate
from retrieval.policies import EpsilonGreedy, Policy, Thompson, UniformGuesses, UpperBound

LOGGING: Policy = UpperBound()
TARGETS: Mapping[str, Policy] = {
    "epsilon-greedy": EpsilonGreedy(),
    "thompson": Thompson(),
    "uniform": UniformGuesses(),
}
N_LOGS, N_EXPOSURES, N_PEOPLE = 20, 20_000, 2_000
MOST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class SimulatedLog:
    """One log, seen from each target."""

    by_target: Mapping[str, Exposures]
    truth: Mapping[str, float]
    """The exact mean reward of each target over the log's own people."""


def simulate_log(
    model: TasteModel, counts: NDArray[np.int64], seed: int, *, people: int, exposures: int
) -> SimulatedLog:
    """People with drawn tastes who answered a little, and guesses drawn for them by the product's policy.

    The truth is drawn from the prior, the reward is a coin with the true probability, and the model that the doubly
    robust estimate leans on is the belief's own expectation, which is wrong wherever the taste is unlike it.
    """
    rng = np.random.default_rng([seed, 17])
    columns: dict[str, list[NDArray[np.float64]]] = {}
    truths: dict[str, list[float]] = {name: [] for name in TARGETS}
    each = exposures // people
    for person in range(people):
        belief, chances = _somebody(model, rng)
        pool = guess_pool(belief, np.ones(model.n_items, dtype=np.bool_), counts, rng=rng)
        rows = np.fromiter(pool, dtype=np.int64)
        lottery = LOGGING.lottery(belief, rows, 1)
        shown = np.asarray([int(lottery.draw(rng)[0]) for _ in range(each)])
        real, expected = chances[rows], belief.mean(rows)[0]
        _add(columns, "people", np.full(each, float(person)))
        _add(columns, "logged", lottery.inclusion()[shown])
        _add(columns, "rewards", (rng.random(each) < real[shown]).astype(np.float64))
        _add(columns, "predicted", expected[shown])
        for name, policy in TARGETS.items():
            inclusion = policy.lottery(belief, rows, 1).inclusion()
            truths[name].append(float(inclusion @ real))
            _add(columns, name, inclusion[shown])
            _add(columns, f"{name}:promised", np.full(each, float(inclusion @ expected)))
    flat = {name: np.concatenate(parts) for name, parts in columns.items()}
    seen = {
        name: Exposures(
            flat["people"].astype(np.int64),
            flat["logged"],
            flat[name],
            flat["rewards"],
            flat["predicted"],
            flat[f"{name}:promised"],
        )
        for name in TARGETS
    }
    return SimulatedLog(seen, {name: float(np.mean(values)) for name, values in truths.items()})


def judge(logs: Sequence[SimulatedLog]) -> dict[str, dict[str, dict[str, float]]]:
    """Relative errors and coverage by target and estimator; the truth is the mean over all simulated people."""
    judged: dict[str, dict[str, dict[str, float]]] = {}
    for name in logs[0].truth:
        truth = float(np.mean([simulated.truth[name] for simulated in logs]))
        estimates: list[Estimate] = []
        refused = 0
        for log in logs:
            try:
                estimates.append(evaluate(log.by_target[name]))
            except OverlapError:
                refused += 1
        judged[name] = {
            kind: {
                "truth": truth,
                "median_relative_error": float(
                    np.median([abs(getattr(estimate, kind).value / truth - 1) for estimate in estimates])
                ),
                "interval_coverage": float(np.mean([truth in getattr(estimate, kind) for estimate in estimates])),
                "effective_size": float(np.median([estimate.size for estimate in estimates])),
                "refused": float(refused),
            }
            for kind in ("inverse", "normalized", "doubly_robust")
            if estimates
        }
    return judged


def _somebody(model: TasteModel, rng: np.random.Generator) -> tuple[Belief, NDArray[np.float64]]:
    """A belief after a few answers of somebody with a drawn taste, and their true probability to like each item."""
    cluster = int(rng.choice(len(model.shares), p=model.shares))
    taste = model.centers[cluster] + rng.standard_normal(model.features.shape[1])
    own = np.sqrt(model.doubt) * rng.standard_normal(model.n_items)
    chances = np.clip(model.base + model.features @ taste + own, 0.005, 0.95)
    belief = Belief(model)
    n = int(rng.integers(0, MOST_ANSWERS + 1))
    rows = rng.choice(model.n_items, size=n, replace=False, p=model.base / model.base.sum())
    answers = (rng.random(n) < chances[rows]).astype(np.float64)
    belief.learn(model.features[rows], answers - model.base[rows], 2 * model.noise[rows] + model.doubt[rows])
    return belief, chances


def _add(columns: dict[str, list[NDArray[np.float64]]], name: str, values: NDArray[np.float64]) -> None:
    columns.setdefault(name, []).append(values)
