"""The demo: MovieLens-100k as the files `ml-100k.*` hold it, joined with our own facts about films."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from retrieval.datasets.dataset import Dataset, Interactions, Triple
from retrieval.errors import BadDataError
from retrieval.items import Catalog, Item
from retrieval.schema import CONTENT, read_schema

log = logging.getLogger(__name__)

SCHEMA = Path(__file__).parent.parent / "data" / "movielens.toml"
MOVIES = Path(__file__).parent.parent / "data" / "movies.jsonl"
NAMELESS = "267"
"""An item of the files that has ratings but neither title nor year."""
ARTICLES = "The|A|An|La|Le|Les|L'|Il|Lo|O|El|Los|Das|Der|Die|Det"
NUMBERS = ("year", "minutes", "suits_from")
REMARKS = ("sequel_of", "later_of", "remake_of", "won")
LISTS = ("genres", "directors", "cast", "themes", "countries", "languages")
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: value or ())]


class Movie(BaseModel):
    """A line of movies.jsonl."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    year: int | None = None
    directors: Texts = ()
    cast: Texts = ()
    genres: Texts = ()
    themes: Texts = ()
    countries: Texts = ()
    languages: Texts = ()
    minutes: int | None = Field(default=None, ge=1)
    suits_from: int | None = Field(default=None, ge=0, le=18)
    violence: str = ""
    sex: str = ""
    fear: str = ""
    profanity: str = ""
    sorrow: str = ""
    synopsis: str | None = ""
    queries: Texts = ()
    aka: Texts = ()
    same_as: str | None = ""
    sequel_of: str = ""
    later_of: str = ""
    remake_of: str = ""
    won: Texts = ()
    main: Texts = ()
    slight: Texts = ()

    def item(self) -> Item:
        """The film as a catalog item; what is unknown is left out."""
        values = {name: tuple(dict.fromkeys(getattr(self, name))) for name in LISTS}
        values |= {name: tuple(filter(None, (getattr(self, name),))) for name in CONTENT}
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return Item(
            self.id,
            self.title,
            values={name: held for name, held in values.items() if held},
            numbers={name: float(number) for name, number in numbers.items() if number is not None},
            text=self.synopsis or "",
            aka=self.aka,
            same_as=self.same_as or "",
            remarks={name: texts for name in REMARKS if (texts := _texts(getattr(self, name)))},
            main=self.main,
            slight=self.slight,
            queries=self.queries,
        )


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, (value,))) if isinstance(value, str) else value


def load_movielens(folder: Path, movies: Path | None = MOVIES) -> Dataset:
    """Read the demo.

    Args:
        folder: Holds ml-100k.item and ml-100k.inter, perhaps ml-100k.link and ml-100k.kg.
        movies: Our own facts about films; where the file is absent, the demo knows titles, years and genres only.

    Raises:
        BadDataError: A file cannot be read, or movies.jsonl has a line that is no film.
    """
    items = {item.item_id: item for item in _read_items(folder / "ml-100k.item")}
    if movies is not None and movies.is_file():
        items = _merge(items, _read_movies(movies))
    catalog = Catalog(read_schema(SCHEMA), tuple(_mark_doubles(items).values()))
    return Dataset(catalog, _read_ratings(folder / "ml-100k.inter", catalog), _read_triples(folder))


def natural_title(raw: str) -> tuple[str, tuple[str, ...]]:
    """A title as people say it, and its other titles: 'Seven Samurai, The (Shichinin)' -> 'The Seven Samurai', ..."""
    raw = re.sub(r"\s*\(\d{4}\)$", "", raw.strip())
    match = re.fullmatch(r"(.+?)\s*\(([^()]+)\)", raw)
    if not match:
        return _article_first(raw), ()
    return _article_first(match[1]), (_article_first(match[2]),)


def _article_first(title: str) -> str:
    match = re.fullmatch(rf"(.+), ({ARTICLES})", title)
    if not match:
        return title
    return f"{match[2]}{'' if match[2].endswith(chr(39)) else ' '}{match[1]}"


def _lines(path: Path) -> Iterator[list[str]]:
    """The rows of a tab-separated file below its header."""
    try:
        with path.open(encoding="utf-8") as file:
            next(file, None)
            for line in file:
                yield line.rstrip("\n").split("\t")
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(
            f"cannot read the demo's file {path}: {error}. Delete its folder and run again: reconteur build"
        ) from error


def _read_items(path: Path) -> Iterator[Item]:
    for number, title, year, genres in _lines(path):
        if number == NAMELESS:
            continue
        name, aka = natural_title(title)
        misprint = re.search(r"\((\d{4})\)$", title)
        known = year if year.isdigit() else misprint[1] if misprint else ""
        words = tuple(word for word in genres.split() if word != "unknown")
        yield Item(
            f"ml100k:{number}",
            name,
            values={"genres": words} if words else {},
            numbers={"year": float(known)} if known else {},
            aka=aka,
        )


def _read_movies(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield Movie.model_validate_json(line).item()
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(map(str, first["loc"])) or "line"
                raise BadDataError(f"{path.name}, line {number}: not a film: {place}: {first['msg']}") from error


def _merge(items: dict[str, Item], movies: Iterable[Item]) -> dict[str, Item]:
    """Our facts win over the files'; newer films come after the rated ones."""
    merged = dict(items)
    for movie in movies:
        old = items.get(movie.item_id)
        merged[movie.item_id] = movie if old is None else _join(old, movie)
    return merged


def _join(old: Item, new: Item) -> Item:
    others = [title for title in (old.title, *old.aka) if title != new.title]
    return replace(
        new,
        values={**old.values, **new.values},
        numbers={**old.numbers, **new.numbers},
        aka=tuple(dict.fromkeys((*new.aka, *others))),
    )


def _mark_doubles(items: dict[str, Item]) -> dict[str, Item]:
    """A film that the files list twice (same title and year) doubles its first listing."""
    first: dict[tuple[str, int | None], str] = {}
    marked: dict[str, Item] = {}
    for item in items.values():
        earlier = first.setdefault((item.title.casefold(), item.year), item.item_id)
        rated = item.item_id.startswith("ml100k:")
        double = rated and item.year is not None and earlier != item.item_id and not item.same_as
        marked[item.item_id] = replace(item, same_as=earlier) if double else item
    return marked


def _read_ratings(path: Path, catalog: Catalog) -> Interactions:
    rows = [row for row in _lines(path) if f"ml100k:{row[1]}" in catalog]
    users = tuple(dict.fromkeys(row[0] for row in rows))
    position = {user: at for at, user in enumerate(users)}
    ratings = np.asarray([float(row[2]) for row in rows], dtype=np.float32)
    return Interactions(
        tuple(f"ml100k:{user}" for user in users),
        tuple(item.item_id for item in catalog),
        np.asarray([position[row[0]] for row in rows], dtype=np.int32),
        catalog.rows(f"ml100k:{row[1]}" for row in rows).astype(np.int32),
        stars_to_weight(ratings),
        np.asarray([float(row[3]) for row in rows], dtype=np.float64),
    )


def stars_to_weight(stars: NDArray[np.float32]) -> NDArray[np.float32]:
    """One to five stars as weights from -1 to 1."""
    return ((stars - 3.0) / 2.0).astype(np.float32)


def _read_triples(folder: Path) -> tuple[Triple, ...]:
    """The Freebase statements; entities that are films of the catalog get their item ids."""
    if not (folder / "ml-100k.kg").is_file():
        return ()
    link = folder / "ml-100k.link"
    films = {row[1]: f"ml100k:{row[0]}" for row in _lines(link)} if link.is_file() else {}
    return tuple(Triple(films.get(h, h), r, films.get(t, t)) for h, r, t in _lines(folder / "ml-100k.kg"))
