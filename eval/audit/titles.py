"""Titles of the catalog in what an assistant wrote; what is no title of it is the judge's to say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.drivers.offline.spot import Spotter
from retrieval.items import Catalog

YEAR_BEHIND = re.compile(r"[\"”'’*_》]{0,4}\s*[(（\[]\s*(\d{4})\s*[)）\]]")


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
    """Finds titles of one catalog."""

    spotter: Spotter

    @property
    def catalog(self) -> Catalog:
        """Whose titles."""
        return self.spotter.catalog

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
