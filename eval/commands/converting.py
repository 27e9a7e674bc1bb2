"""`convert` and `catalog`: other people's dialogues and film data as files of ours."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.options import SchemaFile, open_catalog, say

KINDS = "redial, inspired, opendialkg, chatlog or reconteur"


def convert(
    source: Annotated[Path, typer.Argument(help="The original file; for reconteur the data folder.")],
    kind: Annotated[str, typer.Option("--from", help=f"What it is: {KINDS}.")],
    out: Annotated[Path, typer.Option("--out", help="Write dialogues here (JSONL).")],
    catalog: Annotated[Path | None, typer.Option("--catalog", help="Items, to give titles their ids.")] = None,
    schema: SchemaFile = None,
    part: Annotated[str, typer.Option("--part", help="even or odd: by the last hex digit of the id's SHA-256.")] = "",
) -> None:
    """Turn recorded dialogues of another kind into ours."""
    from agent.learning.transcripts import write_dialogues
    from eval.readers import READERS
    from eval.splits import in_part
    from retrieval.errors import BadDataError

    if kind not in READERS:
        raise BadDataError(f"--from: expected {KINDS}, found {kind!r}")
    items = None if catalog is None else open_catalog(catalog, schema=schema).dataset.catalog
    dialogues = (dialogue for dialogue in READERS[kind](source, items) if in_part(dialogue.dialogue_id, part))
    say(f"{write_dialogues(out, dialogues)} dialogues in {out}")


def make_catalog(
    source: Annotated[Path, typer.Argument(help="The dataset's own list of films (JSONL, plain or .gz).")],
    kind: Annotated[str, typer.Option("--from", help="What it is: redial, facts or opendialkg.")],
    out: Annotated[Path, typer.Option("--out", help="Write items here (JSONL), and the schema beside (TOML).")],
    facts: Annotated[Path | None, typer.Option("--facts", help="Film facts to add.")] = None,
    more: Annotated[list[Path] | None, typer.Option("--more", help="Catalogs to add by title and year.")] = None,
    ratings: Annotated[Path | None, typer.Option("--ratings", help="MovieLens folder: ratings.csv, tags.csv.")] = None,
    interactions: Annotated[Path | None, typer.Option("--interactions-out", help="Write its ratings here.")] = None,
) -> None:
    """Make a catalog file of the film data that comes with dialogues."""
    from eval.readers import films

    all_films = films.make_catalog(kind, source, facts=facts, more=more or [])
    if ratings is not None and (ratings / "tags.csv").is_file():
        all_films = films.with_tags(all_films, ratings)
    films.write_catalog(all_films, out)
    say(f"{len(all_films)} films in {out}, their fields in {out.with_suffix('.toml')}")
    if ratings is not None:
        path = interactions or out.with_name("interactions.csv")
        say(f"{films.write_ratings(all_films, ratings, path)} ratings in {path}")
