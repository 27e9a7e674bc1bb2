"""`python -m eval DIALOGUES.jsonl`: how good the agent is on recorded dialogues."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.errors import RecommenderError

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.settings import Settings
    from eval.report import Report
    from eval.transcripts import Dialogue

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def evaluate(
    dialogues: Annotated[Path, typer.Argument(help="JSONL, a dialogue a line; see docs/transcripts.md.")],
    data: Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=10, help="How many items to ask for.")] = 10,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL; 'none' for no model.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Name of the model at that URL.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report here as JSON, and beside it as Markdown.")] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Ask the agent where a recorded assistant recommended something, and compare.

    The agent sees what was said before that turn, never the turn itself or a later one. Nothing is stored.
    """
    from agent.options import make_settings
    from eval.report import to_markdown
    from eval.transcripts import read_dialogues

    recorded = read_dialogues(dialogues)
    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    report = asyncio.run(_run(settings, recorded, k=k, seed=seed))
    typer.echo(to_markdown(report))
    if out is not None:
        out.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        out.with_suffix(".md").write_text(to_markdown(report), encoding="utf-8")


async def load_agent(settings: "Settings") -> "Agent":
    """The agent over the data folder."""
    from agent.build import build_agent

    return await build_agent(settings)


async def _run(settings: "Settings", recorded: "list[Dialogue]", *, k: int, seed: int) -> "Report":
    from eval.replay import replay
    from eval.report import make_report

    agent = await load_agent(settings)
    try:
        await agent.warm()
        with _bar() as progress:
            answers = await replay(agent, recorded, k=k, progress=progress)
        catalog = agent.retriever.catalog
        unknown = sum(item_id not in catalog for one in answers for item_id in one.relevant)
        return make_report(answers, k=k, unknown_relevant=unknown, seed=seed)
    finally:
        await agent.aclose()


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task("turns", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def main() -> None:
    """Run; an error that was raised on purpose ends in one line."""
    try:
        app(prog_name="python -m eval")
    except RecommenderError as error:
        sys.stderr.write(f"eval: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
