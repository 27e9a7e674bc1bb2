"""`score` and `report`: how good rankings are, alone and side by side."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.options import (
    DialoguesFile,
    FactsFile,
    InteractionsFile,
    SchemaFile,
    Seed,
    SkipBad,
    open_catalog,
    open_dialogues,
    say,
)

InCatalog = Annotated[bool, typer.Option("--in-catalog", help="Leave out answers that the catalog does not have.")]


def score(
    dialogues: DialoguesFile,
    predictions: Annotated[Path | None, typer.Option("--predictions", help="What `rank` wrote.")] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Items, for coverage, novelty and the like.")
    ] = None,
    interactions: InteractionsFile = None,
    facts: FactsFile = None,
    schema: SchemaFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the scores here as JSON.")] = None,
    part: Annotated[str, typer.Option("--part", help="even or odd dialogues only.")] = "",
    ranked_only: Annotated[bool, typer.Option("--ranked-only", help="Score only turns that were ranked.")] = False,
    in_catalog: InCatalog = False,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Score rankings against what was recommended; without rankings, what users accepted in our own logs."""
    from eval.places import ground_truths, within
    from eval.predictions import read_predictions
    from eval.scores import acceptance, score_run
    from eval.splits import selected
    from eval.tables import acceptance_line, scores_table

    loaded = None if catalog is None else open_catalog(catalog, interactions, facts, schema)
    recorded = selected(open_dialogues(dialogues, loaded, skip_bad=skip_bad).dialogues, part)
    accepted = acceptance(recorded, seed=seed)
    if predictions is None:
        typer.echo(acceptance_line(accepted))
        return
    rankings = read_predictions(predictions)
    keys = {prediction.key for prediction in rankings}
    places = [truth for truth in ground_truths(recorded) if truth.key in keys or not ranked_only]
    if in_catalog and loaded is not None:
        places = within(places, loaded.dataset.catalog)
    extra = len(keys - {truth.key for truth in ground_truths(recorded)})
    if extra:
        say(f"{extra} rankings are for turns that recommend nothing, or that these dialogues do not have")
    scores = score_run(rankings, places, None if loaded is None else loaded.dataset, seed=seed)
    if accepted is not None:
        scores = scores.model_copy(update={"acceptance": accepted[0], "shown": accepted[1]})
    typer.echo(scores_table({predictions.stem: scores}))
    if accepted is not None:
        typer.echo(acceptance_line(accepted))
    if out is not None:
        out.write_text(scores.model_dump_json(indent=2) + "\n", encoding="utf-8")


def report(
    runs: Annotated[list[Path], typer.Argument(help="What `rank` wrote; the first is compared with the others.")],
    out: Annotated[Path, typer.Option("--out", help="Write report.html, .md and .json to this folder.")] = Path(
        "report"
    ),
    dialogues: Annotated[Path | None, typer.Option("--dialogues", help="If not those of the first run.")] = None,
    catalog: Annotated[Path | None, typer.Option("--catalog", help="If not that of the first run.")] = None,
    interactions: InteractionsFile = None,
    schema: SchemaFile = None,
    ranked_only: Annotated[bool, typer.Option("--ranked-only", help="Only turns that every run ranked.")] = False,
    in_catalog: InCatalog = False,
    seed: Seed = 0,
) -> None:
    """Compare runs over the same dialogues: one HTML page and one Markdown file."""
    from eval.comparison import SIDECARS, compare
    from eval.page import write_report
    from eval.predictions import read_run
    from retrieval.errors import BadDataError

    files = [path for path in runs if path.is_file() and not path.name.endswith(SIDECARS)]
    if not files:
        raise BadDataError("expected files that `rank --out` wrote, found none among those named")
    first = read_run(files[0])
    dialogues = dialogues or (Path(first.dialogues) if first.dialogues else None)
    if dialogues is None:
        raise BadDataError(
            f"nothing beside {files[0].name} says which dialogues it is about: name them with --dialogues"
        )
    items = catalog or (Path(first.catalog) if first.catalog else None)
    rated = interactions or (Path(first.interactions) if first.interactions else None)
    fields = schema or (Path(first.schema_file) if first.schema_file else None)
    loaded = None if items is None else open_catalog(items, rated, None, fields)
    transcripts = open_dialogues(dialogues, loaded, skip_bad=True)
    comparison = compare(
        files,
        transcripts.dialogues,
        None if loaded is None else loaded.dataset,
        ranked_only=ranked_only,
        in_catalog=in_catalog,
        seed=seed,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_report(comparison, out)
    typer.echo(f"{out / 'report.html'}\n{out / 'report.md'}")
