"""Options that several subcommands share, and what they print on the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.learning.transcripts import Transcripts
    from eval.catalogs import Loaded

DialoguesFile = Annotated[Path, typer.Option("--dialogues", help="JSONL, a dialogue a line; see docs/transcripts.md.")]
InteractionsFile = Annotated[Path | None, typer.Option("--interactions", help="Who did what with which item.")]
FactsFile = Annotated[Path | None, typer.Option("--facts", help="More values for items: item id, relation, value.")]
SchemaFile = Annotated[Path | None, typer.Option("--schema", help="The fields of the items (TOML).")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Go on without what cannot be read, and count it.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same figures.")]


def say(text: str) -> None:
    """A line on stderr."""
    if text:
        typer.echo(text, err=True)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr; its function takes how many are done and how many there are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def open_catalog(
    catalog: Path, interactions: Path | None = None, facts: Path | None = None, schema: Path | None = None
) -> "Loaded":
    """Read a catalog, or the one of a data folder, and say what could not be read."""
    from eval.catalogs import Loaded, describe_bad, load_catalog
    from retrieval.datasets import load_dataset

    if catalog.is_dir():
        return Loaded(load_dataset(catalog), ())
    loaded = load_catalog(catalog, interactions=interactions, facts=facts, schema=schema)
    say(describe_bad(loaded.bad))
    return loaded


def open_dialogues(path: Path, loaded: "Loaded | None", *, skip_bad: bool) -> "Transcripts":
    """Read dialogues, hold their ids against a catalog, and say what is wrong with them.

    Raises:
        BadDataError: Something is, and `skip_bad` is not set.
    """
    from agent.learning.transcripts import check_items, read_transcripts

    transcripts = read_transcripts(path, skip_bad=skip_bad)
    for row in transcripts.bad[:SHOWN]:
        say(f"left out: {path.name}:{row}")
    unknown = [] if loaded is None else check_items(transcripts, loaded.dataset.catalog, skip_bad=skip_bad)
    for problem in unknown[:SHOWN]:
        say(f"counts as not found: {path.name}:{problem}")
    if transcripts.bad or unknown:
        say(f"{len(transcripts.bad)} lines left out, {len(unknown)} item ids that the catalog does not have")
    return transcripts


SHOWN = 5
"""Problems of a kind that are listed one by one."""
