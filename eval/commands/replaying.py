"""`replay`: the agent answers at each place of recorded dialogues, and its cards are compared."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.options import Seed, bar
from eval.commands.ranking import load_agent

if TYPE_CHECKING:
    from agent.learning.transcripts import Dialogue
    from agent.settings import Settings
    from eval.cards import Report


def replay(
    dialogues: Annotated[Path, typer.Argument(help="JSONL, a dialogue a line; see docs/transcripts.md.")],
    data: Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=10, help="How many items to ask for.")] = 10,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL; 'none' for no model.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Name of the model at that URL.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report here as JSON, and beside it as Markdown.")] = None,
    seed: Seed = 0,
) -> None:
    """Ask the agent where a recorded assistant recommended something, and compare: cards, prose and seconds.

    The agent sees what was said before that turn, never the turn itself or a later one. Nothing is stored.
    """
    from agent.learning.transcripts import read_dialogues
    from agent.options import make_settings
    from eval.cards import to_markdown

    recorded = read_dialogues(dialogues)
    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    report = asyncio.run(_run(settings, recorded, k=k, seed=seed))
    typer.echo(to_markdown(report))
    if out is not None:
        out.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        out.with_suffix(".md").write_text(to_markdown(report), encoding="utf-8")


async def _run(settings: "Settings", recorded: "list[Dialogue]", *, k: int, seed: int) -> "Report":
    from eval.cards import make_report
    from eval.replay import replay as ask_all

    agent = await load_agent(settings)
    try:
        await agent.warm()
        with bar("turns") as progress:
            answers = await ask_all(agent, recorded, k=k, progress=progress)
        catalog = agent.retriever.catalog
        unknown = sum(item_id not in catalog for answer in answers for item_id in answer.relevant)
        return make_report(answers, k=k, unknown_relevant=unknown, seed=seed)
    finally:
        await agent.aclose()
