"""The commands for the house's rules. Heavy imports wait inside them."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from retrieval.errors import SettingsError
from retrieval.untrusted import visible

rules_app = typer.Typer(help="What the house decides about its items (rules.toml).", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")]


@rules_app.command("check")
def check_rules(
    data: Data = None,
    file: Annotated[Path | None, typer.Option("--file", help="Rules to try in place of those of the folder.")] = None,
    turns: Annotated[int, typer.Option(min=1, max=200, help="Turns for each thing a request may say.")] = 12,
    llm_url: Annotated[str | None, typer.Option(help="As for `serve`; 'none' for no model.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Name of the model at that URL.")] = None,
) -> None:
    """Read the rules, hold them against the catalog, and try them in turns of the agent."""
    from agent.options import make_settings

    settings = make_settings(data=data, llm_url=llm_url, llm_model=llm_model)
    settings = settings if file is None else settings.model_copy(update={"rules": str(file)})

    async def run() -> bool:
        from agent.build import build_agent
        from agent.rules_check import check

        agent, is_good = await build_agent(settings), True
        try:
            if agent.rules is None:
                raise SettingsError("expected rules.toml in the data folder, or --file, found neither.")
            async for line in check(agent, agent.rules, turns=turns):
                mark = "" if line.text.endswith(":") else "  ok  " if line.is_good else "  NO  "
                typer.echo(mark + visible(line.text))
                is_good = is_good and line.is_good
        finally:
            await agent.aclose()
        return is_good

    if not asyncio.run(run()):
        raise typer.Exit(1)
