"""`audit`: what was said in recorded dialogues, held against the catalog and against what the user said."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.options import (
    DialoguesFile,
    FactsFile,
    SchemaFile,
    Seed,
    SkipBad,
    bar,
    open_catalog,
    open_dialogues,
    say,
)

if TYPE_CHECKING:
    from eval.audit.claims import ClaimVerdict, Place


def audit(
    dialogues: DialoguesFile,
    catalog: Annotated[
        Path,
        typer.Option(
            "--catalog", help="Items: CSV, JSONL or Parquet (a .toml beside it is its schema), or a data folder."
        ),
    ],
    facts: FactsFile = None,
    schema: SchemaFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write each finding here, one JSON object a line.")] = None,
    unverifiable: Annotated[bool, typer.Option("--unverifiable", help="List what could not be checked, too.")] = False,
    held: Annotated[bool, typer.Option("--held", help="List what the catalog supports, too.")] = False,
    shown: Annotated[int, typer.Option("--shown", min=0, help="How many findings to print of each kind.")] = 10,
    part: Annotated[str, typer.Option("--part", help="even or odd dialogues only.")] = "",
    judge_url: Annotated[
        str | None, typer.Option("--judge-url", help="OpenAI-compatible base URL of a language model as judge.")
    ] = None,
    judge_model: Annotated[str | None, typer.Option("--judge-model", help="Name of the model at that URL.")] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="The same dialogues answered by another assistant: the judge compares."),
    ] = None,
    judge_limit: Annotated[int, typer.Option("--judge-limit", min=1, help="How many turns to judge.")] = 50,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Titles that the catalog lacks, claims it speaks against, ignored limits, repeats and items that the user knows.

    Unknown titles and claims need a judge. What cannot be checked is counted, and listed with --unverifiable.
    """
    from agent.settings import LlmSettings
    from eval.audit.auditor import Auditor
    from eval.audit.judging import judge_replies
    from eval.audit.report import to_text, wanted, write_findings
    from eval.splits import selected

    loaded = open_catalog(catalog, None, facts, schema).dataset.catalog
    transcripts = open_dialogues(dialogues, None, skip_bad=skip_bad)
    chosen = selected(transcripts.dialogues, part)
    others = open_dialogues(against, None, skip_bad=skip_bad).dialogues if against else None
    judged: Mapping[Place, ClaimVerdict] = {}
    quality = ""
    if judge_url:
        settings = LlmSettings(url=judge_url, model=judge_model or "local")
        judged, quality = judge_replies(settings, loaded, chosen, others, limit=judge_limit, seed=seed)
    with bar("dialogues") as progress:
        result = Auditor.of(loaded, judged).audit(chosen, progress)
    typer.echo(to_text(result, shown=shown, unverifiable=unverifiable, held=held))
    if transcripts.bad:
        say(f"{len(transcripts.bad)} lines could not be read and were not audited")
    if out is not None:
        write_findings(out, wanted(result, unverifiable=unverifiable, held=held))
    if quality:
        typer.echo(quality)
