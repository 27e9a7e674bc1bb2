"""How long all channels, ranking and exploration take on a built data folder, without a language model.

Run: python -m benchmarks.retrieval_latency [--data .reconteur/demo] [--requests 300] [--seed 0] [--parallel]
Wanted on the demo catalog: p95 of the whole request <= 60 ms on two cores.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.random import Generator
from rich.console import Console
from rich.table import Table

from retrieval.candidates import Candidate
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind
from retrieval.settings import RetrievalSettings

WORDS = (
    *("quiet", "clever", "dark", "warm", "funny", "strange", "slow", "tense", "gentle", "bold", "sad", "hopeful"),
    *("journey", "family", "war", "secret", "love", "city"),
)
WANTED_MS = 60.0
Times = dict[str, list[float]]


def main() -> None:
    """Time varied requests and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", action="store_true", help="run the channels side by side, as the agent does")
    args = parser.parse_args()
    console = Console()
    retriever = Retriever.open(RetrievalSettings(data_dir=args.data))
    for notice in retriever.notices:
        console.print(f"[yellow]{notice}[/yellow]")
    retriever.warm()
    times = measure(retriever, args.requests, args.seed, parallel=args.parallel)
    console.print(table(times, f"{args.requests} requests, seed {args.seed}, {len(retriever.catalog)} items"))
    whole = float(np.percentile(times["whole request"], 95))
    console.print(f"p95 {whole:.1f} ms, wanted {WANTED_MS:.0f} ms: {'reached' if whole <= WANTED_MS else 'missed'}")


def measure(retriever: Retriever, n: int, seed: int, *, parallel: bool) -> Times:
    """Milliseconds per step over `n` requests."""
    rng = np.random.default_rng(seed)
    users = retriever.dataset_users(500)
    times: Times = {}
    with ThreadPoolExecutor(max_workers=4) as pool:
        for _ in range(n):
            preference = request(retriever.catalog, rng)
            history = retriever.history_of(str(rng.choice(users))) if users and rng.random() < 0.5 else UserHistory()
            with stopwatch(times, "whole request"):
                serve(retriever, preference, history, rng, times, pool if parallel else None)
    return times


def serve(
    retriever: Retriever,
    preference: Preference,
    history: UserHistory,
    rng: Generator,
    times: Times,
    pool: ThreadPoolExecutor | None,
) -> None:
    """One request: all channels, ranking, exploration."""

    def run(name: str) -> list[Candidate]:
        with stopwatch(times, name):
            return retriever.run(name, preference, history)

    names = retriever.channel_names
    lists = dict(zip(names, (pool.map if pool else map)(run, names), strict=True))
    with stopwatch(times, "rank"):
        ranked = retriever.rank(lists, preference, history, preference.count)
    with stopwatch(times, "explore"):
        retriever.explore(ranked, preference, history, rng)


def request(catalog: Catalog, rng: Generator) -> Preference:
    """A made-up request: words, examples, limits and wishes in varying numbers."""
    schema = catalog.schema

    def draw(most: int) -> tuple[str, ...]:
        return tuple(catalog.items[row].item_id for row in rng.choice(len(catalog), rng.integers(0, most + 1)))

    limits = []
    for spec in (*schema.of_kind(FieldKind.CATEGORY)[:1], *schema.of_kind(FieldKind.NUMBER)[:1]):
        values, bounds = sorted(catalog.values(spec.name)), catalog.bounds(spec.name)
        if values and rng.random() < 0.4:
            limits.append(Constraint(spec.name, Op.IS, (str(rng.choice(values)),)))
        elif bounds and rng.random() < 0.4:
            limits.append(Constraint(spec.name, Op.MIN, (float(rng.uniform(*bounds)),)))
    names = [(spec.name, value) for spec in schema.of_kind(FieldKind.ENTITY) for value in catalog.values(spec.name)]
    wished = [names[place] for place in rng.integers(0, len(names), rng.integers(0, 3))] if names else []
    return Preference(
        text=" ".join(rng.choice(WORDS, rng.integers(1, 7))) if rng.random() < 0.8 else "",
        liked=draw(3),
        disliked=draw(2),
        constraints=tuple(limits),
        wishes=tuple(Wish(name, value) for name, value in wished),
        novelty=float(rng.random()),
        count=int(rng.integers(1, 11)),
    )


@contextmanager
def stopwatch(times: Times, step: str) -> Iterator[None]:
    """Note how long the block took, in milliseconds."""
    start = time.perf_counter()
    yield
    times.setdefault(step, []).append((time.perf_counter() - start) * 1000)


def table(times: Times, title: str) -> Table:
    """Percentiles per step."""
    drawn = Table("step", "p50 ms", "p95 ms", "max ms", title=title)
    for step, values in times.items():
        cuts = [np.percentile(values, 50), np.percentile(values, 95), np.max(values)]
        drawn.add_row(step, *(f"{cut:.2f}" for cut in cuts))
    return drawn


if __name__ == "__main__":
    main()
