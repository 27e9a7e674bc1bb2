"""Makes catalog files of the film data that dialogue datasets come with, and interactions of MovieLens ratings.

What it writes is a catalog like any other: items (JSONL), a schema beside it (TOML), interactions (CSV).
"""

import gzip
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd
from pydantic import JsonValue

from retrieval.errors import BadDataError
from retrieval.titles import normalize_title

Record = Mapping[str, JsonValue]
SOURCES = ("redial", "facts", "opendialkg")
LONGEST_TEXT = 2000
LISTS = ("genres", "subgenres", "themes", "directors", "cast", "writers")


@dataclass(frozen=True, slots=True)
class Film:
    """One line of the catalog file."""

    item_id: str
    title: str
    year: int | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synopsis: str = ""
    aka: tuple[str, ...] = ()
    movielens_id: str = ""

    @property
    def key(self) -> tuple[str, int | None]:
        """What two sources agree on when they speak of the same film."""
        return normalize_title(self.title), self.year

    def with_more(self, other: "Film") -> "Film":
        """This film with the lists and the text of another source added."""
        lists = {name: _unique((*self.lists.get(name, ()), *other.lists.get(name, ()))) for name in LISTS}
        text = self.synopsis if other.synopsis in self.synopsis else f"{self.synopsis} {other.synopsis}".strip()
        aka = _unique((*self.aka, *other.aka))
        return replace(self, lists=lists, synopsis=text[:LONGEST_TEXT], aka=aka)

    def line(self) -> str:
        """The film as JSON."""
        row: dict[str, object] = {"item_id": self.item_id, "title": self.title, "year": self.year}
        row |= {name: list(self.lists[name]) for name in LISTS if self.lists.get(name)}
        row |= {"synopsis": self.synopsis, "aka": list(self.aka)}
        return json.dumps({name: value for name, value in row.items() if value is not None}, ensure_ascii=False)


def make_catalog(source: str, path: Path, *, facts: Path | None = None, more: Sequence[Path] = ()) -> list[Film]:
    """The films of a dataset's own catalog, with what other sources know of them.

    Args:
        source: One of `SOURCES`.
        path: The catalog of ReDial or OpenDialKG, or (for 'facts') the film facts themselves.
        facts: Film facts to add: by ReDial's id, else by title and year.
        more: Catalog files (item_id, title, year, lists) to add by title and year.

    Raises:
        BadDataError: A file cannot be read, or the source is unknown.
    """
    if source not in SOURCES:
        raise BadDataError(f"expected one of {', '.join(SOURCES)} to make a catalog of, found {source!r}")
    read = {"redial": _of_redial, "facts": _of_facts, "opendialkg": _of_opendialkg}[source]
    films = [read(record) for record in _records(path)]
    if facts is not None:
        films = _with_facts(films, [*_records(facts)])
    for other in more:
        by_key = {film.key: film for film in map(_of_catalog, _records(other))}
        films = [film.with_more(by_key[film.key]) if film.key in by_key else film for film in films]
    return list({film.item_id: film for film in films}.values())


def write_catalog(films: Sequence[Film], out: Path) -> None:
    """Write the items, and beside them the schema that names their fields."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(film.line() + "\n" for film in films), encoding="utf-8")
    schema = files("eval").joinpath("data/films.toml").read_text(encoding="utf-8")
    out.with_suffix(".toml").write_text(schema, encoding="utf-8")


def with_tags(films: Sequence[Film], folder: Path) -> list[Film]:
    """The films with the words that MovieLens users tagged them with (tags.csv) among their themes.

    Raises:
        BadDataError: The file cannot be read.
    """
    said = _movielens(folder / "tags.csv")
    tags = said["tag"].str.strip().str.lower().groupby(said["movieId"]).agg(tuple)
    added = [
        replace(film, lists={**film.lists, "themes": (*film.lists.get("themes", ()), *tags.get(film.movielens_id, ()))})
        for film in films
    ]
    return [replace(film, lists={**film.lists, "themes": _unique(film.lists["themes"])}) for film in added]


def write_ratings(films: Sequence[Film], folder: Path, out: Path) -> int:
    """MovieLens ratings (ratings.csv) of the films of a catalog, as an interactions file.

    Returns:
        How many ratings there are.

    Raises:
        BadDataError: There is no ratings.csv in the folder.
    """
    ids = {film.movielens_id: film.item_id for film in films if film.movielens_id}
    rated = _movielens(folder / "ratings.csv").assign(item_id=lambda table: table["movieId"].map(ids)).dropna()
    rated = rated.rename(columns={"userId": "user_id"})[["user_id", "item_id", "rating", "timestamp"]]
    rated.to_csv(out, index=False)
    return len(rated)


def _movielens(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadDataError(f"expected MovieLens' {path.name} in {path.parent}, found: {error}") from error


def _records(path: Path) -> Iterator[Record]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise BadDataError(f"{path.name}:{number}: expected a JSON object")
                yield record
    except (OSError, ValueError) as error:
        raise BadDataError(f"cannot read {path}: {error}") from error


def _of_redial(record: Record) -> Film:
    """A line of ReDial's catalog; facts that are marked as another film's are left out."""
    film = Film(
        str(record["id"]),
        str(record["title"]),
        _year(record.get("year")),
        movielens_id=_plain(record.get("movielens_id")),
    )
    if record.get("facts_check") == "conflict":
        return film
    return replace(film, lists=_lists(record), synopsis=_plain(record.get("plot")))


def _of_facts(record: Record) -> Film:
    redial = _texts(record.get("redial_ids"))
    text = f"{_plain(record.get('plot'))} {_plain(record.get('extract'))}".strip()
    return Film(
        redial[0] if redial else str(record["id"]),
        str(record["title"]),
        _year(record.get("year")),
        {**_lists(record), "subgenres": _texts(record.get("wikipedia_genres"))},
        text[:LONGEST_TEXT],
        _texts(record.get("alt_titles")),
        _plain(record.get("movielens_id")),
    )


def _of_opendialkg(record: Record) -> Film:
    lists = {name: _unique(_texts(record.get(source))) for name, source in _OPENDIALKG.items()}
    return Film(f"odkg:{record['id']}", str(record["name"]), _year(record.get("year")), lists)


_OPENDIALKG = {"genres": "genre", "directors": "director", "cast": "actor", "writers": "writer"}


def _of_catalog(record: Record) -> Film:
    item_id = _plain(record.get("item_id")) or _plain(record.get("id"))
    return Film(
        item_id,
        str(record["title"]),
        _year(record.get("year")),
        {**_lists(record), "themes": _texts(record.get("themes"))},
        _plain(record.get("synopsis")),
        _texts(record.get("aka")),
    )


def _with_facts(films: list[Film], records: list[Record]) -> list[Film]:
    by_id = {item_id: record for record in records for item_id in _texts(record.get("redial_ids"))}
    by_key = {
        (normalize_title(str(film_record["title"])), _year(film_record.get("year"))): film_record
        for film_record in records
    }
    added = []
    for film in films:
        record = by_id.get(film.item_id) or by_key.get(film.key)
        if record is None:
            added.append(film)
        else:
            other = _of_facts(record)
            added.append(replace(film.with_more(other), movielens_id=film.movielens_id or other.movielens_id))
    return added


def _lists(record: Record) -> dict[str, tuple[str, ...]]:
    lists = {name: _texts(record.get(name)) for name in ("directors", "cast", "writers")}
    said = (genre.lower() for genre in _texts(record.get("genres")))
    lists["genres"] = _unique([genre for word in said for genre in _genres_by_word().get(word, (word,))])
    lists["cast"] = tuple(name for name in lists["cast"] if re.match(r"\w", name))
    return lists


@cache
def _genres_by_word() -> Mapping[str, tuple[str, ...]]:
    """The genres that everyday words stand for: a few films have 'suspense' for one, and would be all of it."""
    schema = tomllib.loads(files("eval").joinpath("data/films.toml").read_text(encoding="utf-8"))
    found: dict[str, tuple[str, ...]] = {}
    for genre, words in schema["fields"][0]["synonyms"].items():
        found |= {word: (*found.get(word, ()), genre) for word in words}
    return found


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(text) for text in value if str(text).strip()) if isinstance(value, list) else ()


def _plain(value: JsonValue) -> str:
    return "" if value is None else str(value).strip()


def _year(value: JsonValue) -> int | None:
    text = _plain(value)[:4]
    return int(text) if text.isdigit() else None


def _unique(values: Sequence[str]) -> tuple[str, ...]:
    """Each value once, whatever its case; the first spelling stays."""
    return tuple({value.casefold(): value for value in reversed(values)}.values())[::-1]
