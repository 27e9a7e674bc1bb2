"""What the house that runs the recommender has decided about its items, for one request: a catalog carries it along.

Made by `tools.rules` from a file; read wherever an item is ranked, shown or named.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retrieval.candidates import Candidate, Evidence, Pending
from retrieval.titles import UNSPACED, normalize_title

MOST_ITEMS = 10
"""Items of one list, where the house asks for no fewer."""
MOST_BOOST = 0.25
"""What rules may add to a score in all: as much as a value that the user refuses takes away."""
ENGLISH = "en"
Words = Mapping[str, str]
"""By language code; '' for all others."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How somebody reaches a person of the house."""

    words: Words
    link: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """The rules that hold for a request, in items."""

    hidden: frozenset[str] = frozenset()
    """Item ids that are not there for this request."""
    titles: Mapping[str, Words] = field(default_factory=dict)
    """The titles of hidden items as `normalize_title` writes them, and what is said where one is asked for; often
    nothing."""
    disclosed: Mapping[str, tuple[Words, ...]] = field(default_factory=dict)
    """What must stand beside an item wherever it is shown, by item id."""
    boosts: Mapping[str, float] = field(default_factory=dict)
    """What is added to an item's score, by item id, within `MOST_BOOST`."""
    most: int = MOST_ITEMS
    """Items of one list."""
    handover: Handover | None = None

    def disclosure(self, item_id: str, language: str) -> str:
        """What must stand beside an item; '' for most."""
        return " · ".join(said_in(words, language) for words in self.disclosed.get(item_id, ()))

    def without_hidden(self, found: list[Candidate]) -> list[Candidate]:
        """Candidates without the evidence that names hidden items; what is put into words later is sorted out then."""
        if not self.hidden:
            return found
        return [replace(one, evidence=Pending(self._kept, one.evidence)) if one.evidence else one for one in found]

    def names(self, text: str) -> bool:
        """Whether a text has the title of a hidden item in it."""
        said = f" {normalize_title(text)} " if self.titles else ""
        return any((title if re.search(f"[{UNSPACED}]", title) else f" {title} ") in said for title in self.titles)

    def names_hidden(self, path: Iterable[tuple[str, str, str]]) -> bool:
        """Whether a path leads over a hidden item."""
        return any(not self.hidden.isdisjoint(step) for step in path)

    def _kept(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        return [
            piece for piece in evidence if self.hidden.isdisjoint(piece.item_ids) and not self.names_hidden(piece.path)
        ]


NO_HOUSE = House()


def said_in(words: Words, language: str) -> str:
    """Words of the house in a language, else in English, else the only ones there are."""
    return words.get(language) or words.get(ENGLISH) or next(iter(words.values()))
