"""`rank` and `fit`: what should have been recommended at each place of recorded dialogues."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.options import (
    CatalogFile,
    DialoguesFile,
    FactsFile,
    InteractionsFile,
    SchemaFile,
    Seed,
    SkipBad,
    bar,
    open_catalog,
    open_dialogues,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.agent import Agent
    from agent.settings import Settings
    from eval.places import Ask
    from eval.ranking.asking import LlmOptions
    from eval.ranking.likelihood import LikelihoodRanker
    from eval.ranking.run import OfflineRanker, Ranker
    from eval.transcripts import Dialogue
    from retrieval.datasets import Dataset
    from retrieval.resources import Progress

Part = Annotated[str, typer.Option("--part", help="even or odd dialogues only, by the SHA-256 of the id.")]
LIKELIHOOD_HELP = "A language model (folder or hub name) that says which of the best titles the dialogue makes likely."
SYSTEM_HELP = "default, popularity, cf, content, cf+popularity, zero-shot or agent."


def rank(
    catalog: CatalogFile,
    dialogues: DialoguesFile,
    out: Annotated[Path, typer.Option("--out", help="Write rankings here (JSONL).")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many items to rank.")] = 50,
    interactions: InteractionsFile = None,
    facts: FactsFile = None,
    schema: SchemaFile = None,
    intent: Annotated[str, typer.Option("--intent", help="llm or none: who reads the dialogue.")] = "none",
    system: Annotated[str, typer.Option("--system", help=SYSTEM_HELP)] = "default",
    blend: Annotated[Path | None, typer.Option("--blend", help="A blend that `fit` made.")] = None,
    train: Annotated[Path | None, typer.Option("--train", help="Dialogues to count popularity in.")] = None,
    part: Part = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many turns, a fixed sample of all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run stopped.")] = False,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Name of the model at that URL.")] = None,
    parallel: Annotated[int, typer.Option(help="Requests to the model at once.", min=1, max=256)] = 4,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder of the agent (--system agent).")] = None,
    likelihood: Annotated[str | None, typer.Option("--likelihood", help=LIKELIHOOD_HELP)] = None,
) -> None:
    """Rank the catalog at every assistant turn that recommends, given only what was said before."""
    from eval.places import asks
    from eval.predictions import Run, begin, command_line, hardware, versions, write_run
    from eval.ranking.asking import LlmOptions
    from eval.splits import sample_places, selected

    loaded = open_catalog(catalog, interactions, facts, schema)
    transcripts = open_dialogues(dialogues, loaded, skip_bad=skip_bad)
    kept = selected(transcripts.dialogues, part)
    places = sample_places(list(asks(kept)), limit)
    started = time.perf_counter()
    llm = LlmOptions.of(intent=intent, system=system, url=llm_url, model=llm_model, parallel=parallel, data=data)
    done = begin(out, resume=resume)
    todo = [ask for ask in places if ask.key not in done]
    say(f"{len(places)} turns, {len(done)} done before" if done else f"{len(places)} turns")
    ranker = None if llm.needs_no_ranker else _ranker(loaded.dataset, system, blend, _train(train, skip_bad))
    final = ranker if likelihood is None else _with_likelihood(ranker, likelihood, llm, loaded.dataset)
    set_up_s = time.perf_counter() - started
    before = time.process_time()
    seconds = _run(llm, final, todo, loaded.dataset, k, out)
    run = Run(
        system=llm.name_of(final),
        command=command_line(),
        seed=seed,
        dialogues=str(dialogues),
        catalog=str(catalog),
        interactions=str(interactions or ""),
        schema_file=str(schema or ""),
        part=part,
        limit=limit,
        turns=len(todo),
        seconds=seconds,
        cpu_s=time.process_time() - before,
        set_up_s=set_up_s,
        versions=versions(),
        hardware=hardware(),
    )
    write_run(out, run)
    if todo:
        rate = len(todo) / max(seconds, 1e-9)
        say(f"{len(todo)} turns in {seconds:.1f} s ({rate:.1f} a second), after {set_up_s:.1f} s")


def fit(
    catalog: CatalogFile,
    dialogues: DialoguesFile,
    out: Annotated[Path, typer.Option("--out", help="Write the blend to this folder.")],
    interactions: InteractionsFile = None,
    facts: FactsFile = None,
    schema: SchemaFile = None,
    part: Part = "",
    without: Annotated[list[str] | None, typer.Option("--without", help="Leave out a group of signals.")] = None,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Learn from recorded dialogues how much each signal counts, and what is recommended after what."""
    from eval.predictions import command_line, versions
    from eval.ranking.features import GROUPS
    from eval.ranking.fit import FitSettings, lessons_of
    from eval.ranking.fit import fit as learn_blend
    from eval.ranking.kept import save_blend
    from eval.ranking.reading import TurnReader
    from eval.ranking.world import build_world
    from eval.splits import selected
    from retrieval.errors import BadDataError

    if unknown := sorted(set(without or ()) - set(GROUPS)):
        raise BadDataError(f"--without: expected one of {', '.join(GROUPS)}, found {', '.join(unknown)}")
    loaded = open_catalog(catalog, interactions, facts, schema)
    transcripts = open_dialogues(dialogues, loaded, skip_bad=skip_bad)
    world = build_world(loaded.dataset)
    reader = TurnReader.of(loaded.dataset.catalog, world.popularity)
    lessons = lessons_of(selected(transcripts.dialogues, part), reader)
    settings = FitSettings(seed=seed, without=tuple(without or ()))
    with bar("fit") as progress:
        fitted = learn_blend(world, lessons, settings, lambda what, done, of: progress(done, of))
    manifest = save_blend(fitted, loaded.dataset.catalog, out, command=command_line(), seed=seed, versions=versions())
    figures = "; ".join(f"{name} {value:.3f}" for name, value in manifest.notes.items())
    typer.echo(f"{manifest.dialogues} dialogues, {manifest.places} places; trees count {manifest.share:g}; {figures}")


def ablate(
    catalog: CatalogFile,
    dialogues: DialoguesFile,
    interactions: InteractionsFile = None,
    facts: FactsFile = None,
    schema: SchemaFile = None,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """What each group of signals adds: learn from the even part of the dialogues, score on the odd part."""
    from eval.ranking.ablation import ablate as leave_out
    from eval.ranking.ablation import ablation_table
    from eval.ranking.features import Signals
    from eval.ranking.fit import FitSettings, examples, lessons_of, out_of_fold
    from eval.ranking.knowledge import Records, learn
    from eval.ranking.reading import TurnReader
    from eval.ranking.world import build_world
    from eval.splits import selected

    loaded = open_catalog(catalog, interactions, facts, schema)
    told = open_dialogues(dialogues, loaded, skip_bad=skip_bad).dialogues
    world = build_world(loaded.dataset)
    reader = TurnReader.of(loaded.dataset.catalog, world.popularity)
    train, aside = (lessons_of(selected(told, part), reader) for part in ("even", "odd"))
    test = examples(
        Signals(world, learn(world, Records.of(world, train))), [place for lesson in aside for place in lesson.places]
    )
    rows = []
    for name, values in leave_out(out_of_fold(world, train), test, FitSettings(bags=1, seed=seed)):
        rows.append((name, values))
        say(f"{name}: {values.mean(axis=0).round(3).tolist()}")
    typer.echo(f"candidate recall {test.found:.3f}\n\n{ablation_table(rows, test.dialogues, seed=seed)}")


def _train(path: Path | None, skip_bad: bool) -> "Sequence[Dialogue]":
    return () if path is None else open_dialogues(path, None, skip_bad=skip_bad).dialogues


def _ranker(dataset: "Dataset", system: str, blend: Path | None, train: "Sequence[Dialogue]") -> "OfflineRanker":
    """The ranker that was asked for.

    Raises:
        BadDataError: There is no such system, or it lacks what it needs.
    """
    from eval.ranking.features import Signals
    from eval.ranking.fit import lessons_of
    from eval.ranking.kept import load_blend
    from eval.ranking.knowledge import Records, learn
    from eval.ranking.rankers import NEEDS_DIALOGUES, SYSTEMS, WeightedSum
    from eval.ranking.reading import TurnReader
    from eval.ranking.run import OfflineRanker
    from eval.ranking.world import build_world
    from retrieval.errors import BadDataError

    name = "default" if system == "zero-shot" else system
    if name not in SYSTEMS:
        raise BadDataError(f"--system: expected {SYSTEM_HELP[:-1]}, found {system!r}")
    if name in NEEDS_DIALOGUES and not train:
        raise BadDataError(f"--system {name} counts what is recommended in dialogues: name some with --train")
    world = build_world(dataset)
    reader = TurnReader.of(dataset.catalog, world.popularity)
    if blend is not None:
        learned, records, _ = load_blend(blend, dataset.catalog)
        return OfflineRanker(Signals(world, learn(world, records)), reader, learned)
    knowledge = learn(world, Records.of(world, lessons_of(train, reader))) if train else None
    return OfflineRanker(Signals(world, knowledge), reader, WeightedSum(name, SYSTEMS[name]))


def _with_likelihood(
    ranker: "OfflineRanker | None", model: str, llm: "LlmOptions", dataset: "Dataset"
) -> "LikelihoodRanker":
    """The ranker with a language model's likelihoods.

    Raises:
        BadDataError: It does not go together with what else was asked for, or there is no such model.
    """
    from eval.ranking.likelihood import LikelihoodRanker, TitleLikelihood
    from retrieval.errors import BadDataError

    if ranker is None or llm.intent != "llm":
        raise BadDataError("--likelihood: expected --intent llm and a system that ranks by itself, found another")
    return LikelihoodRanker(ranker, TitleLikelihood.load(model, dataset.catalog))


def _run(
    llm: "LlmOptions", ranker: "Ranker | None", todo: "Sequence[Ask]", dataset: "Dataset", k: int, out: Path
) -> float:
    """Rank what is left to do; returns the seconds it took."""
    from eval.ranking.run import OfflineRanker, write_rankings

    with bar("turns") as progress:
        started = time.perf_counter()
        if ranker is not None and not (llm.asks_model and isinstance(ranker, OfflineRanker)):
            write_rankings(ranker, todo, dataset.catalog, k, out, lambda what, done, of: progress(done, of))
        elif todo:
            offline = ranker if isinstance(ranker, OfflineRanker) else None
            asyncio.run(_ask(llm, offline, todo, dataset, k, out, lambda what, done, of: progress(done, of)))
        return time.perf_counter() - started


async def _ask(
    llm: "LlmOptions",
    ranker: "OfflineRanker | None",
    todo: "Sequence[Ask]",
    dataset: "Dataset",
    k: int,
    out: Path,
    progress: "Progress",
) -> None:
    """Ask a model or the agent.

    Raises:
        BadDataError: No endpoint is named.
    """
    from agent.llm import make_chat_model, open_client
    from agent.options import make_settings
    from eval.ranking.asking import answer_all, of_agent, with_proposals, zero_shot
    from eval.ranking.proposals import Proposer
    from retrieval.errors import BadDataError

    settings = make_settings(data=llm.data, llm_url=llm.url, llm_model=llm.model)
    if llm.system == "agent":
        agent = await load_agent(settings)
        try:
            await answer_all(of_agent(agent, k, dataset.catalog), todo, out, parallel=llm.parallel, progress=progress)
        finally:
            await agent.aclose()
        return
    async with open_client(settings.llm) as client:
        model = make_chat_model(settings.llm, client)
        if model is None:
            raise BadDataError("no language model to ask. Name its endpoint: --llm-url http://127.0.0.1:8000/v1")
        proposer = Proposer(model, dataset.catalog, reads=ranker is not None)
        answer = zero_shot(proposer, k) if ranker is None else with_proposals(proposer, ranker, k)
        await answer_all(answer, todo, out, parallel=llm.parallel, progress=progress)


async def load_agent(settings: "Settings") -> "Agent":
    """The agent over the data folder."""
    from agent.build import build_agent

    return await build_agent(settings)
