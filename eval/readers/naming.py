"""Titles as people and datasets write them -> item ids of a catalog."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.drivers.offline.spot import Spotter
from retrieval.items import Catalog
from tools.placing import split_year

SURE = 0.9
"""The least likeness of a title that the catalog writes otherwise."""
YEAR_BEHIND = re.compile(r"[\"”'’*_》]{0,4}\s*[(（\[]\s*(\d{4})\s*[)）\]]")


def item_id_of(name: str, catalog: Catalog | None) -> str:
    """The id of 'Title (Year)' in a catalog; the name itself where there is no such item (or no catalog)."""
    clean = re.sub(r"\s+", " ", name).strip()
    if catalog is None or not clean:
        return clean
    title, year = split_year(clean)
    matches = catalog.titles.exact(title, year=year)
    if year is not None:
        matches = [match for match in matches if match.year is None or abs(match.year - year) <= 1]
    return matches[0].item_id if matches else clean


def linked(title: str, catalog: Catalog) -> str | None:
    """The item of a title that an assistant wrote, perhaps with a year; None where the catalog has none such."""
    name, year = split_year(title)
    matches = [match for match in catalog.find_title(name, year=year, limit=3) if match.score >= SURE]
    if year is not None:
        matches = [match for match in matches if match.year is None or abs(match.year - year) <= 1]
    return matches[0].item_id if matches else None


@dataclass(frozen=True, slots=True)
class Named:
    """A title in a text."""

    start: int
    end: int
    text: str
    ids: tuple[str, ...]
    """The items of that title."""
    is_sure: bool
    """Whether it can only be meant as a title, as far as code can tell."""


@dataclass(frozen=True, slots=True)
class TitleReader:
    """Finds what of one catalog a text names."""

    spotter: Spotter

    @classmethod
    def of(cls, catalog: Catalog) -> "TitleReader":
        """For one catalog."""
        return cls(Spotter(catalog))

    @property
    def catalog(self) -> Catalog:
        """Whose titles."""
        return self.spotter.catalog

    def items(self, text: str, known: Iterable[str] = ()) -> Iterator[str]:
        """Ids of the items named in a text, in its order; of several with one title, one that came up before."""
        for spot in self.spotter.spot(text, known=tuple(known)):
            yield from spot.item_ids[:1]

    def find(self, text: str) -> Iterator[Named]:
        """All words that begin with a capital and are a title; of namesakes those of the year behind it."""
        sure = [spot.place for spot in self.spotter.spot(text) if spot.kind == "title"]
        for span in self.catalog.titles.spans(text):
            if span.text[0].islower():
                continue
            year = YEAR_BEHIND.match(text, span.end)
            ids = tuple(match.item_id for match in span.matches)
            of_year = tuple(match.item_id for match in span.matches if year and str(match.year) == year[1])
            is_sure = bool(year) or any(start < span.end and span.start < end for start, end in sure)
            yield Named(span.start, span.end, span.text, of_year or ids, is_sure)
