"""`policies`: exploration policies compared offline, from the exposures that were logged."""

from pathlib import Path
from typing import Annotated

import typer


def policies(
    data: Annotated[Path | None, typer.Option("--data", help="Data folder (default: .reconteur/demo).")] = None,
    policy: Annotated[
        list[str] | None, typer.Option("--policy", help="Only this policy, by its logged name; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the estimates here as JSON.")] = None,
) -> None:
    """Estimate what other exploration policies would have earned, from the log of the one that ran."""
    from agent.options import make_settings
    from eval.policies import compare, read_guesses, to_markdown
    from retrieval.state import open_state

    settings = make_settings(data=data)
    with open_state(settings.retrieval) as state:
        report = compare(read_guesses(state), policy or ())
    typer.echo(to_markdown(report))
    if out is not None:
        out.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
