"""How many recommendations a second the real server gives without a model, and how long each takes.

Run: python -m benchmarks.throughput [SERVER ...] [--concurrency 32] [--seconds 20] [--rounds 1] [--seed 0] [--same 240]
A SERVER is a checkout with a fitted demo in .reconteur/demo; PATH:N starts it with N processes. Several are measured
in turns, so that a busy machine is fair to all of them: python -m benchmarks.throughput . .:2 ../older --rounds 3
With --same N each is asked the same N requests, and answers whose cards or reasons differ from the first one's fail.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.random import Generator
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from benchmarks import retrieval_latency
from benchmarks.report import spread
from retrieval.datasets import Dataset, load_dataset
from retrieval.preference import Preference

DEMO = Path(".reconteur/demo")
MESSAGES = Path(__file__).with_name("understanding_open.jsonl")
START_S, WARM_S = 180.0, 3.0
NEW_USERS, OLD_USERS = 100, 100
"""People whom the service does not know, and people of the catalog's ratings."""
Body = dict[str, JsonValue]
Cards = tuple[tuple[str, ...], ...]
"""The id of each card, its reason and its statements."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    name: str
    client: httpx.AsyncClient
    people: tuple[str, ...]
    pid: int

    def cpu_s(self) -> float:
        """Seconds of processor time that it and its children have used, by Linux's count."""
        home = Path("/proc", str(self.pid))
        children = [pid for path in home.glob("task/*/children") for pid in path.read_text().split()]
        stats = [
            Path("/proc", pid, "stat").read_text().rpartition(")")[2].split() for pid in (str(self.pid), *children)
        ]
        return sum(int(ticks) for stat in stats for ticks in stat[11:13]) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured."""

    seconds: float
    load: float
    """Of the machine at its start, by uptime's one-minute average."""
    times: list[float] = field(default_factory=list)
    """Seconds of each request that was answered."""
    failed: list[int] = field(default_factory=list)
    """Status of each request that was not."""
    cpu_s: float = 0.0
    """Processor time of the server: what it costs hardly hangs on what else runs on the machine."""
    asked: int = 0
    """Requests that this time was spent on, the last ones included."""


def main() -> None:
    """Start the servers, measure them in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", default=["."])
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--same", type=int, default=0, help="compare the answers to so many requests instead")
    args = parser.parse_args()
    if args.same:
        differing = asyncio.run(compare(args.servers, args.same, args.seed))
        print("\n".join(f"{name}: {number} of {args.same} answers differ" for name, number in differing.items()))
        sys.exit(int(any(differing.values())))
    by_server = asyncio.run(measure(args.servers, args.concurrency, args.seconds, args.rounds, args.seed))
    Console().print(
        table(by_server, f"{args.concurrency} at once, {args.rounds} x {args.seconds:g} s, seed {args.seed}")
    )


async def measure(
    names: Sequence[str], concurrency: int, seconds: float, rounds: int, seed: int
) -> dict[str, list[Round]]:
    """Rounds by server; each round begins with a few seconds that do not count."""
    dataset = load_dataset(DEMO)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(started(name, dataset)) for name in names]
        by_server: dict[str, list[Round]] = {server.name: [] for server in servers}
        for number, server in itertools.product(range(rounds), servers):
            requests = bodies(dataset, server.people, np.random.default_rng([seed, number]))
            await play(server, requests, concurrency, WARM_S)
            by_server[server.name].append(await play(server, requests, concurrency, seconds))
    return by_server


async def compare(names: Sequence[str], requests: int, seed: int) -> dict[str, int]:
    """By server, how many answers to the same requests differ from those of the first one."""
    dataset, answers = load_dataset(DEMO), list[list[Cards]]()
    for name in names:
        async with started(name, dataset) as server:
            asked = itertools.islice(bodies(dataset, server.people, np.random.default_rng(seed)), requests)
            given = [await server.client.post("/api/recommend", json=body) for body in asked]
            answers.append([cards(response.raise_for_status().json()) for response in given])
    return {
        name: sum(first != other for first, other in zip(answers[0], others, strict=True))
        for name, others in zip(names, answers, strict=True)
    }


def cards(answer: Mapping[str, Any]) -> Cards:
    """What was recommended and why, without the guesses, which chance draws."""
    shown = (*answer.get("recommendations", ()), *answer.get("near_misses", ()))
    return tuple(
        (card["item_id"], card["reason"], *(why["statement"] for why in card["evidence"]))
        for card in shown
        if not card.get("exploratory")
    )


async def play(server: Server, requests: Iterator[Body], concurrency: int, seconds: float) -> Round:
    """So many clients, each of which asks again as soon as it is answered."""
    times: list[float] = []
    failed: list[int] = []
    load, used, asked = os.getloadavg()[0], server.cpu_s(), itertools.count()
    end = time.perf_counter() + seconds

    async def visit() -> None:
        while (begun := time.perf_counter()) < end:
            next(asked)
            answer = await server.client.post("/api/recommend", json=next(requests))
            if not answer.is_success:
                failed.append(answer.status_code)
            elif time.perf_counter() < end:
                times.append(time.perf_counter() - begun)

    await asyncio.gather(*(visit() for _ in range(concurrency)))
    return Round(seconds, load, times, failed, server.cpu_s() - used, next(asked))


def bodies(dataset: Dataset, people: Sequence[str], rng: Generator) -> Iterator[Body]:
    """Requests without end: half in words, half in fields; a third of them by nobody, the others by people."""
    cases = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    messages = [case["message"] for case in cases if not case["history"]]
    while True:
        who: Body = {"user": str(rng.choice(people))} if rng.random() < 2 / 3 else {}
        if rng.random() < 0.5:
            yield {**who, "message": messages[int(rng.integers(len(messages)))]}
        else:
            yield {**who, **in_fields(retrieval_latency.request(dataset.catalog, rng))}


def in_fields(wanted: Preference) -> Body:
    """A preference as the API takes it."""
    limits = [
        {"field": constraint.field, "op": str(constraint.op), "values": list(constraint.values)}
        for constraint in wanted.constraints
    ]
    return {
        "query": wanted.text,
        "liked": list(wanted.liked),
        "disliked": list(wanted.disliked),
        "constraints": limits,  # type: ignore[dict-item]
        "k": wanted.count,
        "novelty": wanted.novelty,
    }


@asynccontextmanager
async def started(name: str, dataset: Dataset) -> AsyncIterator[Server]:
    """The server of a checkout, with a state of its own that vanishes."""
    path, _, workers = name.partition(":")
    command = [sys.executable, "-m", "ui", "serve", "--no-page", "--llm-url", "none", "--port", "0"]
    command += ["--workers", workers] if workers else []
    with tempfile.TemporaryDirectory() as folder:
        state = {"RECONTEUR_RETRIEVAL__STATE_URL": f"sqlite:///{folder}/state.db"}
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=path,
            env={**os.environ, **state},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            address = await asyncio.wait_for(_address(process), START_S)
            async with httpx.AsyncClient(base_url=address, timeout=60, limits=httpx.Limits()) as client:
                yield Server(name, client, await _people(client, dataset), process.pid)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where it listens, once it is ready."""
    said = b""
    while process.stdout is not None and (line := await process.stdout.readline()):
        said += line
        if line.startswith(b"Ready: "):
            return line.split()[1].decode()
    raise RuntimeError(f"expected a server that says Ready, found one that ended after: {said.decode().strip()}")


async def _people(client: httpx.AsyncClient, dataset: Dataset) -> tuple[str, ...]:
    """Ids of people who are new, and of people with ratings of old."""
    old = []
    for dataset_user in dataset.interactions.user_ids[:OLD_USERS]:
        made = await client.post("/api/users", json={"dataset_user": str(dataset_user)})
        old.append(str(made.raise_for_status().json()["user_id"]))
    return (*(f"visitor-{number}" for number in range(NEW_USERS)), *old)


def table(by_server: dict[str, list[Round]], title: str) -> Table:
    """A line for each server: the median of its rounds, with the smallest and the largest."""
    made = Table("server", "requests/s", "p50 s", "p95 s", "CPU ms each", "failed", "load", title=title)
    for name, rounds in by_server.items():
        rates = [len(played.times) / played.seconds for played in rounds]
        cuts = [[float(np.percentile(played.times or [np.nan], cut)) for played in rounds] for cut in (50, 95)]
        loads = [played.load for played in rounds]
        cpu = [1000 * played.cpu_s / max(1, played.asked) for played in rounds]
        failed = sum(len(played.failed) for played in rounds)
        cells = (spread(rates, 1), spread(cuts[0], 2), spread(cuts[1], 2), spread(cpu), str(failed), spread(loads, 1))
        made.add_row(name, *cells)
    return made


if __name__ == "__main__":
    main()
