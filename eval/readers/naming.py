"""Titles as datasets write them -> item ids of a catalog; for readers of dialogues that name items by title."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eval.reading.lexicon import Lexicon
from eval.reading.mentions import MentionFinder
from retrieval.items import Catalog
from tools.placing import Placer, split_year


def item_id_of(name: str, catalog: Catalog | None) -> str:
    """The id of 'Title (Year)' in a catalog; the name itself where there is no such item (or no catalog)."""
    clean = re.sub(r"\s+", " ", name).strip()
    if catalog is None or not clean:
        return clean
    title, year = split_year(clean)
    matches = catalog.titles.exact(title, year=year)
    if year is not None:
        matches = [one for one in matches if one.year is None or abs(one.year - year) <= 1]
    return matches[0].item_id if matches else clean


@dataclass(frozen=True, slots=True)
class TitleReader:
    """Finds the items that a text names."""

    finder: MentionFinder
    placer: Placer

    @classmethod
    def of(cls, catalog: Catalog) -> "TitleReader":
        """For one catalog."""
        return cls(MentionFinder(catalog, Lexicon(catalog)), Placer(catalog))

    def items(self, text: str, known: Iterable[str] = ()) -> Iterator[str]:
        """Ids of the items named in a text, in its order; of several with one title, one that came up before."""
        before = tuple(known)
        for found in self.finder.find(text):
            for mention in found.mentions:
                yield from self.placer.item(mention, known=before).item_ids[:1]
