"""Every benchmark, one after the other, never side by side: `python -m benchmarks` (what `make bench` runs).

Prints one Markdown report; --out writes the raw figures, --into puts the report between the marks of a document.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from rich.console import Console

from agent.serving import ServingError, resolve_gguf, wait_healthy
from agent.serving.health import free_port
from agent.settings import LlmSettings
from benchmarks import retrieval_latency, scripts, turn_cost, understanding
from benchmarks.report import environment, environment_lines, insert, share_by, table, wanted
from benchmarks.session import open_agent, warm
from retrieval.artifacts import default_cache
from retrieval.build import build
from retrieval.errors import IndexMissingError, RecommenderError
from retrieval.manifest import read_manifest
from retrieval.progress import console_progress
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings

START_S = 300.0
UNDERSTANDING_WANTED = 0.85
BEGIN, END = "<!-- results: written by python -m benchmarks -->", "<!-- end of results -->"
log = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's part of the report."""

    title: str
    text: str
    figures: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run."""

    turns: int | None = None
    """Of each understanding set."""
    scripts: int | None = None
    requests: int | None = None
    retrievals: int = 300


QUICK = Size(turns=5, scripts=4, requests=2, retrievals=60)


def main() -> int:
    """Run everything; 1 and a message when something needed is not there."""
    given = _parser().parse_args()
    size = QUICK if given.quick else Size()
    machine = environment()  # before there is any load of our own
    machine["command"] = _command(given)
    try:
        sections = run_all(given, size)
    except RecommenderError as error:
        log.print(str(error), style="red", highlight=False)
        return 1
    text = report(sections, machine)
    print(text)
    if given.out:
        figures = {"environment": machine, **{section.title: section.figures for section in sections}}
        given.out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if given.into:
        insert(given.into, text, BEGIN, END)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=RetrievalSettings().data_dir, help="built when it is not there")
    parser.add_argument("--llm-url", default="", help="left out: the embedded server is started and stopped")
    parser.add_argument("--model", default="", help="its name there; for the embedded server as in serve.sh")
    parser.add_argument(
        "--driver", choices=("auto", "tools", "schema", "offline"), default="auto", help="who leads the turns"
    )
    parser.add_argument("--quick", action="store_true", help="a small part of each, to see that everything runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="list what went wrong")
    parser.add_argument("--out", type=Path, help="write the raw figures as JSON, such as docs/benchmarks.json")
    parser.add_argument("--into", type=Path, help="put the report into a document such as docs/benchmarks.md")
    return parser


def _command(given: argparse.Namespace) -> str:
    """What was typed, without folders and addresses of this machine."""
    words = ["python -m benchmarks", *(["--quick"] if given.quick else []), f"--seed {given.seed}"]
    words += ["--llm-url URL"] if given.llm_url else []
    words += [f"--model {Path(given.model).name}"] if given.model else []
    words += [f"--driver {given.driver}"] if given.driver != "auto" else []
    return " ".join(words)


def run_all(given: argparse.Namespace, size: Size) -> list[Section]:
    """All sections. The model's server is gone before retrieval is timed.

    Raises:
        RecommenderError: The data cannot be built, or the model's server does not start.
    """
    _ensure_data(given.data)
    retriever = Retriever.open(RetrievalSettings(data_dir=given.data))
    for notice in retriever.notices:
        log.print(notice, style="yellow")
    with model_server(given.llm_url, given.model) as url:
        model = (given.model or "local") if given.llm_url else "local"
        llm = LlmSettings(url=url, model=model, driver=given.driver)
        sections = asyncio.run(with_model(retriever, llm, given, size))
    return [*sections, latency(retriever, size.retrievals, given.seed)]


def _ensure_data(data: Path) -> None:
    try:
        read_manifest(data)
    except IndexMissingError:
        with console_progress() as tell:
            build(RetrievalSettings(data_dir=data), tell, cache=default_cache())


@contextlib.contextmanager
def model_server(url: str, model: str) -> Iterator[str]:
    """The URL that was given, else that of an embedded server which ends with the block.

    Raises:
        ServingError: It does not start.
        ArtifactError: The model cannot be fetched.
    """
    if url:
        yield url
        return
    file, port = resolve_gguf(model, default_cache()), free_port()
    command = [sys.executable, "-m", "agent.serving", "embedded", "--model", str(file), "--port", str(port)]
    with tempfile.TemporaryFile() as errors:
        server = subprocess.Popen(command, stdout=errors, stderr=errors)
        try:
            with log.status("loading the language model"):
                wait_healthy(f"http://127.0.0.1:{port}", START_S, is_running=lambda: server.poll() is None)
            yield f"http://127.0.0.1:{port}/v1"
        except ServingError:
            errors.seek(0)
            log.print(errors.read()[-2000:].decode(errors="replace"), highlight=False, markup=False)
            raise
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


async def with_model(retriever: Retriever, llm: LlmSettings, given: argparse.Namespace, size: Size) -> list[Section]:
    """What needs the language model."""
    seed, verbose = given.seed, given.verbose
    sections = [await understood(retriever, llm, size.turns, seed=seed, verbose=verbose)]
    played = await scripts.run(
        retriever, url=llm.url, model=llm.model, driver=llm.driver, limit=size.scripts, seed=seed
    )
    text = scripts.report(played, seed=seed, verbose=verbose)
    sections.append(Section("Scripted conversations", text, scripts.figures(played, seed=seed)))
    answers = await turn_cost.run(
        retriever, url=llm.url, model=llm.model, driver=llm.driver, limit=size.requests, seed=seed
    )
    text = turn_cost.report(answers, verbose=verbose)
    sections.append(Section("Turn cost beside create_agent", text, turn_cost.figures(answers)))
    return sections


async def understood(retriever: Retriever, llm: LlmSettings, limit: int | None, *, seed: int, verbose: bool) -> Section:
    """Accuracy by field on the frozen and the open set."""
    names = ("frozen", "open")
    async with open_agent(retriever, url=llm.url, model=llm.model, seed=seed, driver=llm.driver) as agent:
        await warm(agent)
        scores = await understanding.run_all(names, agent, verbose=verbose, limit=limit)
    turns = {
        name: share_by((str(place), right) for place, right in enumerate(score.right["turn"]))
        for name, score in scores.items()
    }
    rows: list[tuple[str, ...]] = [
        (key, *(scores[name].row(key) for name in names)) for key in (*understanding.FIELDS, "turn")
    ]
    rows.append(("turn, with 95 % interval", *(str(turns[name]) for name in names)))
    goal = f"{UNDERSTANDING_WANTED:.0%}"
    rows.append((f"wanted {goal}", *(wanted(turns[name].value, UNDERSTANDING_WANTED, at_most=False) for name in names)))
    for what, members in (
        ("answer tokens of the steps, median", {name: scores[name].tokens for name in names}),
        ("seconds of the steps, median", {name: scores[name].seconds for name in names}),
        ("steps a turn, median", {name: scores[name].calls for name in names}),
    ):
        rows.append((what, *(f"{statistics.median(members[name]):.1f}" if members[name] else "none" for name in names)))
    figures: dict[str, JsonValue] = {
        name: {
            "right": {key: [*values] for key, values in score.right.items()},
            "tokens": [*score.tokens],
            "seconds": [*score.seconds],
            "calls": [*score.calls],
            "drivers": {**score.drivers},
        }
        for name, score in scores.items()
    }
    text = "A turn is right when its ending, likes, dislikes and every hard limit are.\n\n" + table(("", *names), rows)
    return Section("Understanding", text, figures)


def latency(retriever: Retriever, requests: int, seed: int) -> Section:
    """All channels, ranking and exploration, without a model."""
    retriever.warm()
    rows: list[tuple[object, ...]] = []
    figures: dict[str, JsonValue] = {}
    for parallel in (False, True):
        how = "side by side" if parallel else "one after the other"
        with log.status(f"retrieval latency, channels {how}"):
            times = retrieval_latency.measure(retriever, requests, seed, parallel=parallel)
        whole = times["whole request"]
        for step, values in times.items():
            if step == "whole request" or not parallel:
                cuts = [f"{np.percentile(values, cut):.1f}" for cut in (50, 95, 100)]
                rows.append((f"{step}, channels {how}" if values is whole else step, *cuts))
        figures[how] = {step: [round(value, 3) for value in values] for step, values in times.items()}
        p95 = float(np.percentile(whole, 95))
        goal = retrieval_latency.WANTED_MS
        rows.append((f"wanted p95 <= {goal:.0f} ms", "", f"{p95:.1f}", wanted(p95, goal)))
    text = f"{requests} made-up requests, seed {seed}, {len(retriever.catalog)} items.\n\n"
    return Section("Retrieval latency", text + table(("step", "p50 ms", "p95 ms", "max ms"), rows), figures)


def report(sections: list[Section], machine: dict[str, JsonValue]) -> str:
    """One Markdown text."""
    head = f"- command: `{machine['command']}`\n{environment_lines(machine)}"
    return "\n\n".join([head, *(f"### {section.title}\n\n{section.text}" for section in sections)])


if __name__ == "__main__":
    started = time.monotonic()
    code = main()
    log.print(f"{time.monotonic() - started:.0f} s in all")
    sys.exit(code)
