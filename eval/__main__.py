"""`python -m eval`: recorded dialogues in, rankings, scores and reports out; `--help` lists the subcommands."""

import sys

import typer

from eval.commands.auditing import audit
from eval.commands.converting import convert, make_catalog
from eval.commands.policies import policies
from eval.commands.ranking import rank
from eval.commands.scoring import report, score
from eval.commands.simulating import simulate
from retrieval.errors import RecommenderError

app = typer.Typer(
    help="How good recommendations in recorded dialogues are.",
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
app.command()(convert)
app.command(name="catalog")(make_catalog)
app.command()(rank)
app.command()(score)
app.command()(report)
app.command()(audit)
app.command()(policies)
app.command()(simulate)


def main() -> None:
    """Run; an error that was raised on purpose ends in one line."""
    try:
        app(prog_name="python -m eval")
    except RecommenderError as error:
        sys.stderr.write(f"eval: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
