"""The recommender's benchmark: `python -m benchmarks.recommender` (what `make bench-recommender` runs).

Prints one Markdown report; --out writes the figures, --into puts the report between the marks of a document. Every
fit is kept under the cache, so a stopped run goes on where it was.
"""

import argparse
import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue
from threadpoolctl import threadpool_limits

from benchmarks.recommender import parts, report
from benchmarks.recommender.ablation import ablation
from benchmarks.recommender.data import movielens
from benchmarks.recommender.grids import GRIDS
from benchmarks.recommender.ours import Ours
from benchmarks.recommender.peers import Choice, Peers
from benchmarks.recommender.protocols import One, protocol_one, protocol_two
from benchmarks.report import environment, environment_lines

BEGIN, END = "<!-- results: written by python -m benchmarks.recommender -->", "<!-- end of results -->"
COMMAND = "python -m benchmarks.recommender"
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5)
Figures = dict[str, JsonValue]
Section = tuple[str, str, Figures]
Made = TypeVar("Made")


def main() -> None:
    """Run everything and report."""
    options = _arguments()
    began = environment()
    sections = list(_sections(options))
    text = _text(began, sections)
    print(text)
    if options.out:
        figures: Figures = {"environment": began, "command": COMMAND}
        for _, _, more in sections:
            figures |= more
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.into:
        insert(options.into, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", nargs="+", default=list(GRIDS), choices=list(GRIDS), help="which ones; all by default"
    )
    parser.add_argument("--peers-over-time", nargs="+", default=list(GRIDS), choices=list(GRIDS), help="protocol two's")
    parser.add_argument("--skip", nargs="+", default=[], choices=list(PARTS), help="sections to leave out")
    parser.add_argument("--through", default="", help="a command to put before each peer's task, such as a queue")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, such as docs/recommender.json")
    parser.add_argument("--into", type=Path, help="put the report into a document such as docs/recommender.md")
    return parser.parse_args()


def _sections(options: argparse.Namespace) -> list[Section]:
    data = movielens()
    peers, ours = Peers(through=options.through.split()), Ours(data)
    one = _told("protocol one", lambda: protocol_one(data, peers, ours, tuple(options.peers)))
    sections: list[Section] = [
        ("Protocol one: the last interaction", report.one_tables(one), {"protocol1": report.one_figures(one)}),
        ("Users with few interactions", report.few_table(one), {}),
    ]
    if "two" not in options.skip:
        two = _told("protocol two", lambda: protocol_two(data, peers, ours, _some(one, options)))
        sections.append(("Protocol two: cuts in time", report.two_tables(two), {"protocol2": report.two_figures(two)}))
    for name, (title, make) in PARTS.items():
        if make is not None and name not in options.skip:
            text, figures = _told(name, functools.partial(make, ours, one))
            sections.append((title, text, figures))
    return [*sections, ("The peers' search", report.search_table(one), {})]


def _some(one: One, options: argparse.Namespace) -> dict[str, Choice]:
    return {name: choice for name, choice in one.choices.items() if name in options.peers_over_time}


def _ablation(ours: Ours, one: One) -> tuple[str, Figures]:
    whole, without = ablation(ours, one.split, lambda name: print(f"ablation: {name}", file=sys.stderr, flush=True))
    rows: Figures = {it.taken: {"ndcg@10": round(it.ndcg, 5), "lost": report.gain_figures(it.gain)} for it in without}
    return report.ablation_table(whole, without), {
        "ablation": {"whole": round(whole.mean("ndcg@10"), 5), "without": rows}
    }


def _new_items(ours: Ours, one: One) -> tuple[str, Figures]:
    new = parts.new_items(ours)
    ratios: Figures = {name: report.gain_figures(it) for name, it in new.gains.items()}
    return report.new_items_table(new), {"new_items": {"recall@20": {**new.recall}, "against_random": ratios}}


def _speed(ours: Ours, one: One) -> tuple[str, Figures]:
    with threadpool_limits(1):
        latency = parts.latency(ours, ours.bare(one.split), one.split.profiles)
    fit_s = one.strategies["fused"].fit_s
    text = f"{report.latency_text(latency)} Fitting the default took {fit_s:.0f} s: its members twice, once without "
    text += "everyone's last interactions, and all strategies."
    return text, {
        "speed": {
            "fusing_ms_p95": latency.fusing[1],
            "fusing_processor_ms_p95": latency.fusing_processor[1],
            "scoring_ms_p95": latency.scoring[1],
            "fit_s": fit_s,
        }
    }


def _diversity(ours: Ours, one: One) -> tuple[str, Figures]:
    spreads = parts.spreads(ours, ours.default_scores(one.split), one.split, LEVELS)
    rows: list[JsonValue] = [
        {"diversity": it.diversity, "ndcg@10": it.ndcg, "difference": it.difference} for it in spreads
    ]
    return report.spread_table(spreads), {"diversity": rows}


def _leak(ours: Ours, one: One) -> tuple[str, Figures]:
    hits, n = parts.fusion_leak(ours)
    text = (
        f"Where each target is replaced by an item drawn by lot before anything is fitted, the default guesses {hits} "
    )
    text += f"of {n}; chance would guess about {10 * n / (ours.data.log.n_items - len(ours.data.log) / n):.0f}."
    return text, {"leak_check": {"hits": hits, "requests": n}}


PARTS: dict[str, tuple[str, Callable[[Ours, One], tuple[str, Figures]] | None]] = {
    "two": ("", None),
    "ablation": ("What each part adds", _ablation),
    "new": ("New items, without any rating", _new_items),
    "speed": ("Speed", _speed),
    "diversity": ("What diversity costs", _diversity),
    "leak": ("Leak check", _leak),
}


def _told(what: str, make: Callable[[], Made]) -> Made:
    began = time.perf_counter()
    made = make()
    print(f"{what}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return made


def _text(machine: Figures, sections: list[Section]) -> str:
    parts_ = [f"### {title}\n\n{text}" for title, text, _ in sections]
    return "\n\n".join([f"- command: `{COMMAND}`\n{environment_lines(machine)}", *parts_])


def insert(path: Path, text: str) -> None:
    """Put the report between the marks of a document.

    Raises:
        ValueError: The document lacks the marks.
    """
    old = path.read_text(encoding="utf-8")
    if BEGIN not in old or END not in old:
        raise ValueError(f"expected the marks {BEGIN} and {END} in {path.name}, found none")
    head, tail = old[: old.index(BEGIN) + len(BEGIN)], old[old.index(END) :]
    path.write_text(f"{head}\n{text}\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
