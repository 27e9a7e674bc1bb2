"""Reads which items an assistant suggests in plain text: lines of a list, quoted or bold titles, titles with a year."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from eval.readers.naming import TitleReader, linked
from retrieval.items import Catalog

LONGEST = 9
"""Words of a line that may be a bare title."""
YEAR = r"\s*[(（]((?:18|19|20)\d{2})[)）]"
LINE = re.compile(r"^\s*(?:\d{1,3}[.)、]|[-*•])\s+(.+)$", re.MULTILINE)
MARKED = re.compile(
    rf"(?:\*\*([^*\n]{{1,120}})\*\*|《([^》\n]{{1,120}})》|“([^”\n]{{2,120}})”|\"([^\"\n]{{2,120}})\")({YEAR})?"
)
END_OF_TITLE = re.compile(rf"(?<=\S){YEAR}|\s+[-–—]\s|\s*[:：]\s|\s+by\s")


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a text suggests."""

    items: tuple[str, ...]
    """Item ids in the order of the text."""
    foreign: int
    """Titles that the catalog does not have."""


@dataclass(frozen=True, slots=True)
class SuggestionReader:
    """Links the titles in an assistant's words to one catalog."""

    catalog: Catalog
    titles: TitleReader

    @classmethod
    def of(cls, catalog: Catalog) -> "SuggestionReader":
        """For one catalog."""
        return cls(catalog, TitleReader.of(catalog))

    def read(self, text: str, named: Collection[str] = ()) -> Suggested:
        """The items suggested.

        Args:
            text: The assistant's words.
            named: Items that the user spoke of: outside lists they are echoes ("since you loved Heat").
        """
        lines = [title for match in LINE.finditer(text) if (title := title_of(match[1]))]
        if lines:
            item_ids = [linked(title, self.catalog) for title in lines]
        else:
            item_ids = [linked(title, self.catalog) for title in _marked(text)] + [*self._dated(MARKED.sub(" ", text))]
            item_ids += [item_id for item_id in self.titles.items(text, named) if item_id not in item_ids]
            item_ids = [item_id for item_id in item_ids if item_id not in named]
        items = tuple(dict.fromkeys(item_id for item_id in item_ids if item_id))
        return Suggested(items, sum(item_id is None for item_id in item_ids))

    def _dated(self, text: str) -> Iterator[str | None]:
        """Titles before a year in brackets: the longest run of words that is one, else None for one that is unknown."""
        for match in re.finditer(YEAR, text):
            before, year = text[: match.start()], int(match[1])
            starts = [hit.start() for hit in re.finditer(r"(?<!\w)\w", before)][-LONGEST:]
            matches = (self.catalog.titles.exact(before[start:], year=year) for start in starts)
            near = (hit for of_run in matches for hit in of_run[:1] if hit.year is None or abs(hit.year - year) <= 1)
            yield next((hit.item_id for hit in near), None)


def title_of(line: str) -> str:
    """The title that a line of a list begins with: '**Heat** (1995): a duel' -> 'Heat (1995)'; '' where it has none."""
    if line.rstrip().endswith(("?", "？")):
        return ""
    if marked := MARKED.match(line.strip()):
        title = next(group for group in marked.groups()[:4] if group)
        return title.strip() + (marked[5] or "") if not re.search(YEAR, title) else title.strip()
    end = END_OF_TITLE.search(line)
    if end is None:
        return line.strip(' *_"“”.') if len(line.split()) <= LONGEST else ""
    return line[: end.end() if end[1] else end.start()].strip(' *_"“”')


def _marked(text: str) -> Iterator[str]:
    for match in MARKED.finditer(text):
        title = next(group for group in match.groups()[:4] if group)
        dated = bool(match[5]) or bool(re.search(YEAR, title))
        if dated or match[1] is not None or match[2] is not None:
            yield title.strip() + (match[5] or "")
