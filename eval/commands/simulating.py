"""`simulate`: people who are made up of real people's likes talk to a recommender; how often do they find something?"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.options import InteractionsFile, SchemaFile, Seed, bar, open_catalog, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.simulation.opening import Partner
    from eval.simulation.taste import SimulatedTaste
    from retrieval.datasets import Dataset

USERS_HELP = "Who they are made of: a MovieLens folder, or interactions (CSV, JSONL, Parquet) with the catalog's ids."
SYSTEM_HELP = "agent, http (Reconteur's API), chat (any model), popularity, or filtered (popularity within the wishes)."


def simulate(
    runs: Annotated[list[Path] | None, typer.Argument(help="With --compare: what earlier runs wrote.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Compare runs, user by user; no new one.")] = False,
    users: Annotated[Path | None, typer.Option("--users", help=USERS_HELP)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the conversations here (JSONL).")] = None,
    system: Annotated[str, typer.Option("--system", help=SYSTEM_HELP)] = "agent",
    data: Annotated[Path | None, typer.Option("--data", help="Data folder: the catalog, and the agent's.")] = None,
    catalog: Annotated[Path | None, typer.Option("--catalog", help="Items, where there is no data folder.")] = None,
    interactions: InteractionsFile = None,
    schema: SchemaFile = None,
    n_users: Annotated[int | None, typer.Option("--n-users", min=1, help="So many users; else all.")] = None,
    draws: Annotated[int, typer.Option("--draws", min=1, help="So many users of each person, each drawn anew.")] = 1,
    turns: Annotated[int, typer.Option("--turns", min=1, max=50, help="Answers that a user hears at most.")] = 6,
    not_before: Annotated[
        datetime | None,
        typer.Option("--not-before", formats=["%Y-%m-%d"], help="Leave out people who were active earlier."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Base URL of the system (http, chat), ending in /v1.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Name of the model at --url.")] = "local",
    llm_url: Annotated[str | None, typer.Option(help="The agent's own model; 'none' for none.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Its name.")] = None,
    wordings: Annotated[
        Path | None, typer.Option("--wordings", help="What users say (TOML, as eval/data/simulation.toml).")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=256, help="Conversations at once (http, chat).")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run stopped.")] = False,
    seed: Seed = 0,
) -> None:
    """Let simulated users, who know no title to look for, talk to a recommender; or compare such runs."""
    from eval.simulation.opening import Partner
    from retrieval.errors import BadDataError

    if compare:
        _compare(runs or [], out, seed)
        return
    if users is None or out is None or runs:
        raise BadDataError("expected --users and --out, or --compare and files of earlier runs. See --help.")
    partner = Partner(system, url or "", model, data, llm_url, llm_model, wordings)
    partner.check()
    dataset = _dataset(data, catalog, interactions, schema, system)
    tastes = _tastes(users, dataset, not_before, n_users, seed, draws)
    parallel = parallel if system in ("http", "chat") else 1
    started = time.perf_counter()
    todo = _run(partner, dataset, tastes, out, turns=turns, seed=seed, parallel=parallel, resume=resume)
    _note(out, partner, users, data or catalog, todo, time.perf_counter() - started, seed)
    _show([out], None, seed)


def _run(
    partner: "Partner",
    dataset: "Dataset",
    tastes: "Sequence[SimulatedTaste]",
    out: Path,
    *,
    turns: int,
    seed: int,
    parallel: int,
    resume: bool,
) -> int:
    """Let everybody talk who has not yet; returns how many that were."""
    from functools import partial

    from eval.journal import begin, write_all
    from eval.simulation.opening import left_to_do, open_stage
    from eval.simulation.records import read_simulated
    from eval.simulation.run import talk

    kept = read_simulated(out) if resume and out.is_file() else []
    left_to_do(tastes, kept, seed=seed, turns=turns)
    done = begin(out, read_simulated, lambda told: told.simulated.error, resume=resume)
    todo = left_to_do(tastes, done, seed=seed, turns=turns)
    say(f"{len(tastes)} users" + (f", {len(done)} done before" if done else ""))

    async def talk_all() -> None:
        with bar("users") as progress:
            async with open_stage(partner, dataset, seed=seed, turns=turns) as stage:
                await write_all(partial(talk, stage), todo, out, parallel=parallel, progress=progress)

    if todo:
        asyncio.run(talk_all())
    return len(todo)


def _dataset(
    data: Path | None, catalog: Path | None, interactions: Path | None, schema: Path | None, system: str
) -> "Dataset":
    """The items, and what the recommender learned from."""
    from agent.options import make_settings
    from retrieval.datasets import load_dataset

    if catalog is not None and system != "agent":
        return open_catalog(catalog, interactions, None, schema).dataset
    return load_dataset(make_settings(data=data).retrieval.data_dir)


def _tastes(
    users: Path, dataset: "Dataset", not_before: datetime | None, count: int | None, seed: int, draws: int
) -> "Sequence[SimulatedTaste]":
    """The simulated users; BadDataError where nobody can be simulated."""
    from eval.simulation.drawing import draw_tastes
    from eval.simulation.people import read_people
    from retrieval.errors import BadDataError

    since = None if not_before is None else not_before.replace(tzinfo=UTC).timestamp()
    people = read_people(users, dataset.catalog, learned=dataset.interactions, not_before=since)
    say(people.describe())
    tastes = draw_tastes(people.persons, dataset.catalog, count=count, seed=seed, draws=draws)
    if not tastes:
        raise BadDataError(f"the likes of nobody in {users} share anything to wish for. Name other people.")
    return tastes


def _note(
    out: Path, partner: "Partner", users: Path, catalog: Path | None, todo: int, seconds: float, seed: int
) -> None:
    """Write beside the conversations how they came about."""
    from eval.predictions import Run, command_line, hardware, versions, write_run

    run = Run(
        system=partner.system,
        command=command_line(),
        seed=seed,
        dialogues=str(out),
        catalog=str(catalog or ""),
        interactions=str(users),
        turns=todo,
        seconds=seconds,
        versions=versions(),
        hardware=hardware(),
    )
    write_run(out, run)


def _compare(runs: "Sequence[Path]", out: Path | None, seed: int) -> None:
    from eval.comparison import SIDECARS
    from retrieval.errors import BadDataError

    files = [path for path in runs if not path.name.endswith(SIDECARS)]
    if len(files) < 2:
        raise BadDataError(f"--compare: expected two files or more that `simulate --out` wrote, found {len(files)}")
    _show(files, out, seed)


def _show(files: "Sequence[Path]", out: Path | None, seed: int) -> None:
    """The tables on stdout; the figures as JSON beside the first file, or where it was asked for."""
    from eval.simulation.records import read_simulated
    from eval.simulation.tables import compare_runs, report_json, simulation_tables

    scores, differences = compare_runs({path.stem: read_simulated(path) for path in files}, seed=seed)
    typer.echo(simulation_tables(scores, differences))
    where = out or files[0].with_name(f"{files[0].name}.scores.json")
    if out is not None or len(files) == 1:
        where.write_text(report_json(scores, differences) + "\n", encoding="utf-8")
