"""Reads who rated what in a MovieLens folder (movies.csv, ratings.csv); films are linked by title and year."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.readers.naming import item_id_of
from retrieval.datasets.movielens import natural_title
from retrieval.errors import BadDataError
from retrieval.history import Interaction
from retrieval.ingest.rows import Scale
from retrieval.items import Catalog

SCALE = Scale(0.5, 5.0)


@dataclass(frozen=True, slots=True)
class RatedFilms:
    """The ratings of films that the catalog has, and when each user rated the first film of all."""

    interactions: tuple[Interaction, ...]
    first_seen: Mapping[str, float]
    """User id -> seconds since 1970, films outside the catalog included."""


def is_movielens(path: Path) -> bool:
    """Whether a path is a folder of MovieLens files."""
    return (path / "movies.csv").is_file() and (path / "ratings.csv").is_file()


def read_movielens(folder: Path, catalog: Catalog) -> RatedFilms:
    """The ratings of a folder; films are linked by title and year, one year off at most.

    Raises:
        BadDataError: A file cannot be read.
    """
    interactions: list[Interaction] = []
    first: dict[str, float] = {}
    try:
        links = _links(folder, catalog)
        for row in _rows(folder / "ratings.csv"):
            user_id, stamp = row["userId"], float(row["timestamp"])
            first[user_id] = min(stamp, first.get(user_id, stamp))
            if item_id := links.get(row["movieId"]):
                interactions.append(Interaction(user_id, item_id, SCALE.weight(float(row["rating"])), stamp))
    except (OSError, KeyError, ValueError) as error:
        raise BadDataError(f"expected MovieLens' movies.csv and ratings.csv in {folder}, found: {error}") from error
    return RatedFilms(tuple(interactions), first)


def _links(folder: Path, catalog: Catalog) -> dict[str, str]:
    """MovieLens' film ids -> item ids."""
    links = {}
    for row in _rows(folder / "movies.csv"):
        year = re.search(r"\((\d{4})\)\s*$", row["title"])
        title, other = natural_title(row["title"])
        names = (f"{name} ({year[1]})" if year else name for name in (title, *other))
        item_id = next(
            (linked_id for linked_id in (item_id_of(name, catalog) for name in names) if linked_id in catalog), None
        )
        if item_id is not None:
            links[row["movieId"]] = item_id
    return links


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as read:
        yield from csv.DictReader(read)
