"""`rank`: what should have been recommended at each place of recorded dialogues."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.options import DialoguesFile, Seed, SkipBad, bar, open_catalog, open_dialogues, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.agent import Agent
    from agent.settings import Settings
    from eval.places import Query
    from eval.rankers import Answer

SYSTEM_HELP = "agent; popularity, content or cf (one of its channels alone); or zero-shot (the bare model)."


def rank(
    dialogues: DialoguesFile,
    out: Annotated[Path, typer.Option("--out", help="Write rankings here (JSONL).")],
    data: Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="Items to rank; the agent shows at most 10.")] = 10,
    system: Annotated[str, typer.Option("--system", help=SYSTEM_HELP)] = "agent",
    part: Annotated[str, typer.Option("--part", help="even or odd dialogues, by the SHA-256 of the id.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many turns, a fixed sample of all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run stopped.")] = False,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL; 'none' for no model.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Name of the model at that URL.")] = None,
    parallel: Annotated[int, typer.Option(help="Turns at once.", min=1, max=256)] = 1,
) -> None:
    """Ask at every assistant turn that recommends, given only what was said before; a turn without a list is a miss."""
    from agent.options import make_settings
    from eval.journal import begin
    from eval.places import asks
    from eval.predictions import Run, command_line, hardware, read_predictions, versions, write_run
    from eval.rankers import SYSTEMS
    from eval.splits import sample_places, selected
    from retrieval.errors import BadDataError

    if system not in SYSTEMS:
        raise BadDataError(f"--system: expected one of {', '.join(SYSTEMS)}, found {system!r}")
    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    folder = settings.retrieval.data_dir
    told = open_dialogues(dialogues, open_catalog(folder), skip_bad=skip_bad).dialogues
    places = sample_places(list(asks(selected(told, part))), limit)
    done = {kept.key for kept in begin(out, read_predictions, lambda made: made.error, resume=resume)}
    todo = [ask for ask in places if ask.key not in done]
    say(f"{len(places)} turns" + (f", {len(done)} done before" if done else ""))
    started, before = time.perf_counter(), time.process_time()
    if todo:
        asyncio.run(_answer(settings, system, todo, k, out, parallel))
    seconds = time.perf_counter() - started
    run = Run(
        system=system,
        command=command_line(),
        seed=seed,
        dialogues=str(dialogues),
        catalog=str(folder),
        part=part,
        limit=limit,
        turns=len(todo),
        seconds=seconds,
        cpu_s=time.process_time() - before,
        versions=versions(),
        hardware=hardware(),
    )
    write_run(out, run)
    say(f"{len(todo)} turns in {seconds:.1f} s")


async def _answer(settings: "Settings", system: str, todo: "Sequence[Query]", k: int, out: Path, parallel: int) -> None:
    from eval.journal import write_all

    async with _opened(settings, system, k) as answer:
        with bar("turns") as progress:
            await write_all(answer, todo, out, parallel=parallel, progress=progress)


@asynccontextmanager
async def _opened(settings: "Settings", system: str, k: int) -> "AsyncIterator[Answer]":
    """Who answers.

    Raises:
        BadDataError: A bare model is asked for, and no endpoint is named.
    """
    from agent.llm import make_chat_model, open_client
    from eval.rankers import AGENT, COMPONENTS, of_agent, of_component, zero_shot
    from eval.zero_shot import Proposer
    from retrieval.datasets import load_dataset
    from retrieval.errors import BadDataError
    from retrieval.retriever import Retriever

    if system == AGENT:
        agent = await load_agent(settings)
        try:
            await agent.warm()
            yield of_agent(agent, k)
        finally:
            await agent.aclose()
    elif system in COMPONENTS:
        yield of_component(Retriever.open(settings.retrieval), system, k)
    else:
        async with open_client(settings.llm) as client:
            model = make_chat_model(settings.llm, client)
            if model is None:
                raise BadDataError("no language model to ask. Name its endpoint: --llm-url http://127.0.0.1:8000/v1")
            yield zero_shot(Proposer(model, load_dataset(settings.retrieval.data_dir).catalog), k)


async def load_agent(settings: "Settings") -> "Agent":
    """The agent over the data folder."""
    from agent.build import build_agent

    return await build_agent(settings)
