"""Reads exports of Letterboxd, IMDb and MovieLens, a piece of a CSV file at a time. All of it is untrusted text.

What a row means is said by the names of its columns and of its file: no row is ever run, opened or fetched.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from retrieval.items import Catalog
from retrieval.state import FeedbackKind
from tools.placing import split_year

MOST_PIECES = 64
LONGEST_PIECE = 200_000
"""Characters of one piece."""
MOST_ROWS = 20_000
MOST_UNKNOWN = 200
"""Titles that the catalog lacks and that are told."""
LONGEST_TITLE = 200
YEARS_OFF = 1
"""Services differ by so much in the year of one thing."""
SCALES = {"your rating": 10.0, "rating": 5.0}
"""Columns of ratings, and the highest there is."""
GOOD, BAD = 0.7, 0.4
"""From which share of the scale on a rating says liked, and up to which it says disliked."""


@dataclass(slots=True)
class Import:
    """What has come of one export so far."""

    catalog: Catalog
    of: int = 1
    """How many pieces there are."""
    given: dict[str, FeedbackKind] = field(default_factory=dict)
    """By item id."""
    saved: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    """Titles that the catalog lacks."""
    rows: int = 0
    _come: set[int] = field(default_factory=set)

    @property
    def is_whole(self) -> bool:
        """Whether all pieces are there."""
        return len(self._come) >= self.of

    def take(self, number: int, name: str, head: str, text: str) -> None:
        """Read a piece; one that came before, or is none of them, is left out.

        Args:
            number: Which piece, from 0.
            name: The file that it is of.
            head: The file's first line.
            text: Whole lines of it.
        """
        if number in self._come or not 0 <= number < min(self.of, MOST_PIECES) or len(text) > LONGEST_PIECE:
            return
        self._come.add(number)
        for row in _rows(head, text):
            self.rows += 1
            if self.rows > MOST_ROWS:
                return
            self._take_row(row, name.lower())

    def _take_row(self, row: Mapping[str, str], name: str) -> None:
        said = row.get("title") or row.get("name") or ""
        title, year = split_year(said[:LONGEST_TITLE])
        year = int(row["year"]) if row.get("year", "").isdecimal() else year
        if not title:
            return
        item_id = self._placed(title, year)
        if item_id is None:
            if len(self.unknown) < MOST_UNKNOWN:
                self.unknown[title if year is None else f"{title} ({year})"] = None
        elif "watchlist" in name:
            self.saved[item_id] = None
        else:
            kind = _opinion(row, name)
            if kind is not FeedbackKind.SEEN or item_id not in self.given:  # whoever rated it has seen it, too
                self.given[item_id] = kind

    def _placed(self, title: str, year: int | None) -> str | None:
        """The item of just this title, of that year or the next to it."""
        for match in self.catalog.titles.exact(title, year=year):
            if year is None or match.year is None or abs(match.year - year) <= YEARS_OFF:
                return match.item_id
        return None


def _rows(head: str, text: str) -> Iterator[dict[str, str]]:
    try:
        columns = [column.strip().lower() for column in next(csv.reader([head.lstrip("\ufeff")]), [])]
        for cells in csv.reader(io.StringIO(text)):
            yield dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    except csv.Error:  # a cell of megabytes, a stray quote: the rest of the piece says nothing
        return


def _opinion(row: Mapping[str, str], name: str) -> FeedbackKind:
    if "likes" in name:
        return FeedbackKind.LIKE
    for column, most in SCALES.items():
        try:
            share = float(row.get(column, "")) / most
        except ValueError:
            continue
        if GOOD <= share <= 1:
            return FeedbackKind.LIKE
        if 0 < share <= BAD:
            return FeedbackKind.DISLIKE
    return FeedbackKind.SEEN
