"""`python -m benchmarks.exploration`: does exploring pay? Each part is kept in a folder, so that it is run once."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from rich.console import Console
from threadpoolctl import threadpool_limits

from benchmarks.exploration import logs
from benchmarks.exploration.document import write_document
from benchmarks.exploration.figures import ratios, summary
from benchmarks.exploration.people import crowd
from benchmarks.exploration.setting import Prior, Setting
from benchmarks.exploration.simulate import Outcome, Rules, Strategy, simulate
from benchmarks.exploration.speed import measure
from benchmarks.exploration.strategies import STRATEGIES, default_with
from benchmarks.report import environment
from retrieval.belief_fit import TasteSettings
from retrieval.errors import RecommenderError
from retrieval.policies import UpperBound

SEEDS = range(5)
CURVE_SEEDS = range(2)
N_KNOWN = 20
DIALS = (0.0, 0.2, 0.3, 0.5, 0.75, 1.0)
log = Console(stderr=True)
Figures = dict[str, JsonValue]


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing, then write docs/exploration.json and the tables of docs/exploration.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exploration", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path(".reconteur/demo"), help="built data folder (%(default)s)")
    parser.add_argument("--work", type=Path, default=Path(".reconteur/bench-exploration"), help="finished parts")
    parser.add_argument("--parts", nargs="*", choices=["all", *PARTS], help="run these again")
    parser.add_argument("--only", nargs="*", choices=[*PARTS], help="of the missing parts, run these alone")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where the document lies (%(default)s)")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    threadpool_limits(limits=1, user_api="blas")
    given.work.mkdir(parents=True, exist_ok=True)
    again = [*PARTS] if given.parts and "all" in given.parts else given.parts
    wanted = again or [name for name in given.only or PARTS if not (given.work / f"{name}.json").is_file()]
    try:
        setting = Setting.open(given.data) if wanted else None
        for name in wanted:
            started = time.monotonic()
            figures = PARTS[name](setting, given.data)  # type: ignore[arg-type]
            figures |= {"seconds": time.monotonic() - started, "commit": environment()["commit"]}
            (given.work / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
            log.print(f"{name}: {figures['seconds']:.0f} s")
    except RecommenderError as error:
        log.print(f"exploration: {error}")
        return 1
    parts = {name: json.loads(path.read_text()) for name in PARTS if (path := given.work / f"{name}.json").is_file()}
    write_document(parts, environment(), given.out)
    return 0


def runs_of(
    setting: Setting,
    prior: Prior,
    strategy: Strategy,
    *,
    rules: Rules | None = None,
    n_known: int = 0,
    seeds: Sequence[int] = SEEDS,
    tuning: bool = False,
) -> list[Outcome]:
    """One strategy on the held-out (or the tuning) users, once a seed."""
    users = setting.split.tuning if tuning else setting.split.test
    return [
        simulate(
            prior.model,
            prior.settings,
            prior.counts,
            prior.tail,
            crowd(setting.log, users, seed, n_known=n_known),
            strategy,
            rules or Rules(),
            seed,
            prior.questions,
        )
        for seed in seeds
    ]


def compared(setting: Setting, prior: Prior, strategies: Sequence[Strategy], **options: object) -> Figures:
    """Each strategy in figures and beside the first, which is greedy."""
    results: Figures = {}
    greedy: list[Outcome] = []
    for strategy in strategies:
        runs = runs_of(setting, prior, strategy, **options)  # type: ignore[arg-type]
        greedy = greedy or runs
        results[strategy.name] = {**summary(runs), "people": len(runs[0].liked), "to_greedy": ratios(runs, greedy)}
        log.print(f"  {strategy.name}")
    return results


def cold(setting: Setting, data: Path) -> Figures:
    """People who start with nothing."""
    return compared(setting, setting.prior(), STRATEGIES)


def dense(setting: Setting, data: Path) -> Figures:
    """People of whom 20 ratings are known."""
    return compared(setting, setting.prior(), STRATEGIES, n_known=N_KNOWN)


def literal(setting: Setting, data: Path) -> Figures:
    """Where an item that was shown and not answered teaches nobody anything."""
    prior, default = setting.prior(), default_with()
    deaf = runs_of(setting, prior, STRATEGIES[0], rules=Rules(silence=0.0))
    results: Figures = {"greedy, deaf": summary(deaf)}
    for name, strategy, rules in (
        ("default, deaf", default, Rules(silence=0.0)),
        ("greedy", STRATEGIES[0], Rules()),
        ("default", default, Rules()),
    ):
        runs = runs_of(setting, prior, strategy, rules=rules)
        results[name] = {**summary(runs), "to_greedy": ratios(runs, deaf)}
    return results


def fresh(setting: Setting, data: Path) -> Figures:
    """Where the ratings of 10 % of the items are withheld."""
    prior = setting.prior(withheld=True)
    results: Figures = {}
    greedy: list[Outcome] = []
    shared, asking = Rules(shared=True), Rules(shared=True, answers=1.0)
    for name, strategy, rules in (
        ("greedy", STRATEGIES[0], Rules()),
        ("greedy, learning from all", STRATEGIES[0], shared),
        ("default", default_with(), Rules()),
        ("default, learning from all", default_with(), shared),
        ("60% of guesses to new items", default_with(fresh=0.6), Rules()),
        ("60% of guesses to new items, learning from all", default_with(fresh=0.6), shared),
        ("all guesses to new items, learning from all", default_with(fresh=1.0), shared),
        ("all guesses to new items, learning from all, with questions", default_with(fresh=1.0), asking),
    ):
        runs = runs_of(setting, prior, strategy, rules=rules)
        greedy = greedy or runs
        results[name] = {**summary(runs, setting.new_items), "to_greedy": ratios(runs, greedy)}
        log.print(f"  {name}")
    return results


def asked(setting: Setting, data: Path) -> Figures:
    """With the question that may come with every other list, by how often it is answered."""
    prior = setting.prior()
    results: Figures = {}
    for n_known, chances in ((0, (1.0, 0.5)), (N_KNOWN, (1.0,))):
        people = f"{n_known} known, " if n_known else ""
        greedy = runs_of(setting, prior, STRATEGIES[0], n_known=n_known)
        for name, strategy in (("greedy", STRATEGIES[0]), ("default", default_with())):
            runs = runs_of(setting, prior, strategy, n_known=n_known)
            results[f"{people}{name}"] = {**summary(runs), "to_greedy": ratios(runs, greedy)}
        for chance in chances:
            for name, strategy in (("greedy", STRATEGIES[0]), ("default", default_with())):
                runs = runs_of(setting, prior, strategy, rules=Rules(answers=chance), n_known=n_known)
                results[f"{people}{name}, answered {chance:.0%}"] = {**summary(runs), "to_greedy": ratios(runs, greedy)}
                log.print(f"  {people}{name}, answered {chance:.0%}")
    return results


def bound(setting: Setting, data: Path) -> Figures:
    """What more knowledge could bring at the most: ratings told for free after greedy's first list."""
    prior = setting.prior()
    results: Figures = {}
    greedy = runs_of(setting, prior, STRATEGIES[0])
    for told in (0, 1, 3, 5, 10, 20):
        runs = runs_of(setting, prior, STRATEGIES[0], rules=Rules(told=told))
        results[f"{told}"] = {"likes": summary(runs)["likes"], "to_greedy": ratios(runs, greedy)}
    return results


def dial(setting: Setting, data: Path) -> Figures:
    """The trade-off: from no guess to half a list."""
    prior = setting.prior()
    greedy = runs_of(setting, prior, STRATEGIES[0], seeds=CURVE_SEEDS)
    results: Figures = {}
    for novelty in DIALS:
        runs = runs_of(setting, prior, default_with(), rules=Rules(novelty=novelty), seeds=CURVE_SEEDS)
        results[f"{novelty:g}"] = {**summary(runs), "to_greedy": ratios(runs, greedy)}
    return results


def worth(setting: Setting, data: Path) -> Figures:
    """What knowing more is worth: greedy's first lists after so many ratings for free, for the same people."""
    prior = setting.prior()
    users = setting.split.test
    enough = crowd(setting.log, users, 0, n_known=2 * N_KNOWN)
    results: Figures = {"people": len(enough)}
    for n_known in (0, 5, 10, 20, 40):
        liked = []
        for seed in SEEDS:
            many = crowd(setting.log, users, seed, n_known=2 * N_KNOWN)
            order = np.argsort(np.where(many.known, np.random.default_rng(seed).random(many.known.shape), 2.0), axis=1)
            told = np.zeros_like(many.known)
            np.put_along_axis(told, order[:, :n_known], True, axis=1)
            # what is known from the start cannot be found: the same ratings are closed for everyone
            people = replace(many, known=told, revealable=many.revealable & ~(many.known & ~told))
            run = simulate(
                prior.model, prior.settings, prior.counts, prior.tail, people, STRATEGIES[0], Rules(rounds=2), seed
            )
            liked.append(float(run.liked[:, 0].mean()))
        results[f"{n_known}"] = {"likes_in_first_list": float(np.mean(liked))}
    return results


def tuning(setting: Setting, data: Path) -> Figures:
    """How the settings were chosen, on the tuning users, who are neither fitted on nor tested on."""
    results: Figures = {}
    for width in (12, 20, 30):
        prior = setting.prior(tuning=True, settings=TasteSettings(width=width))
        for silence in (0.0, 3.0, 5.0, 8.0, 14.0):
            runs = runs_of(setting, prior, STRATEGIES[0], rules=Rules(silence=silence), tuning=True, seeds=range(3))
            results[f"greedy, width {width}, silence {silence:g}"] = summary(runs)
    prior = setting.prior(tuning=True)
    for optimism in (0.0, 0.5, 1.0):
        for floor in (0.1, 0.2, 0.35):
            strategy = Strategy("ucb", UpperBound(optimism, floor=floor))
            runs = runs_of(setting, prior, strategy, tuning=True, seeds=CURVE_SEEDS)
            results[f"ucb, optimism {optimism:g}, floor {floor:g}"] = summary(runs)
    return results


def judged(setting: Setting, data: Path) -> Figures:
    """Off-policy estimates beside known truths."""
    prior = setting.prior()
    simulated = [
        logs.simulate_log(prior.model, prior.counts, seed, people=logs.N_PEOPLE, exposures=logs.N_EXPOSURES)
        for seed in range(logs.N_LOGS)
    ]
    return {"targets": logs.judge(simulated)}  # type: ignore[dict-item]


def speed(setting: Setting, data: Path) -> Figures:
    """What exploring adds to a turn of the demo."""
    return measure(data)


PARTS: Mapping[str, Callable[[Setting, Path], Figures]] = {
    "cold": cold,
    "dense": dense,
    "asked": asked,
    "bound": bound,
    "literal": literal,
    "fresh": fresh,
    "dial": dial,
    "worth": worth,
    "ope": judged,
    "speed": speed,
    "tuning": tuning,
}

if __name__ == "__main__":
    sys.exit(main())
