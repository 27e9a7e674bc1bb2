"""Titles that somebody outside proposes for a wish - a language model, say - and their links to the catalog.

Knows no model: whoever proposes is handed in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference
from retrieval.titles import TitleMatch

CLOSE = 0.9
"""The least likeness of a title that is not spelled as in the catalog; its year must fit too."""
LONG = 12
"""Shorter titles, in characters, must be spelled as in the catalog where no year is told: 'Aliens' is not 'Alien'."""
SAME_YEAR, NEAR_YEAR = 1, 2
"""How many years a closely spelled and an exact title may be off: release dates differ by country."""
EXAMPLES = 4
"""Liked and disliked items that are named as examples, the newest of each."""
WORDS = 400
"""The longest wish, in characters."""


@dataclass(frozen=True, slots=True)
class Request:
    """What titles are asked for."""

    wish: str
    """Words of the wish with its limits; '' where there are only examples."""
    liked: tuple[str, ...] = ()
    """Labels of liked items: 'Heat (1995)'."""
    disliked: tuple[str, ...] = ()
    count: int = 10

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to propose for."""
        return not (self.wish or self.liked)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A title that was named, whether it exists or not."""

    title: str
    year: int | None = None


class Proposer(Protocol):
    """Names titles for a wish."""

    @property
    def name(self) -> str:
        """Which model and prompt; answers of different names never meet."""
        ...

    def propose(self, request: Request) -> Sequence[Proposal]:
        """At most `request.count` titles, best first.

        Raises:
            ModelUnavailableError: No answer, a late one, or one that is no list of titles.
        """
        ...


@dataclass(frozen=True, slots=True)
class Linked:
    """Proposals after the catalog was asked for them."""

    item_ids: tuple[str, ...] = ()
    """Best first, none twice."""
    unknown: int = 0
    """How many titles the catalog does not have."""
    named: int = 0
    """How many titles were proposed."""


def request_of(preference: Preference, catalog: Catalog, *, count: int) -> Request:
    """What to ask for a preference."""
    return Request(_words(preference, catalog)[:WORDS], *_examples(preference, catalog), count=count)


def link_proposals(proposals: Iterable[Proposal], catalog: Catalog) -> Linked:
    """Find the proposed titles in the catalog; what it does not have is dropped and counted."""
    item_ids: dict[str, None] = {}
    unknown = named = 0
    for named, proposal in enumerate(proposals, 1):  # noqa: B007 - the last number is the count
        match = find_proposal(proposal, catalog)
        if match is None:
            unknown += 1
        elif not any(double in item_ids for double in catalog.double_of(match.item_id)):
            item_ids[match.item_id] = None
    return Linked(tuple(item_ids), unknown, named)


def find_proposal(proposal: Proposal, catalog: Catalog) -> TitleMatch | None:
    """The item that a proposal means: the same title and about the same year, or nearly the same title and year.

    A title without its second half counts with its year only, and only where no other item of that year begins so.
    """
    exact = catalog.titles.exact(proposal.title, year=proposal.year)
    if exact:
        return next((match for match in exact if _years_fit(match.year, proposal.year, NEAR_YEAR)), None)
    if proposal.year is None and len(proposal.title) < LONG:
        return None
    close = catalog.titles.misspelled(proposal.title, year=proposal.year, least=CLOSE)
    close = [match for match in close if _years_fit(match.year, proposal.year, SAME_YEAR)]
    if not close and proposal.year is not None:
        cut = [match for match in catalog.titles.cut_short(proposal.title) if match.year is not None]
        for gap in range(SAME_YEAR + 1):
            close = close or [
                match for match in cut if match.year is not None and abs(match.year - proposal.year) == gap
            ]
        close = close if _is_alone(close, catalog) else []
    return close[0] if close and (proposal.year is not None or _is_alone(close, catalog)) else None


def _years_fit(year: int | None, said: int | None, tolerance: int) -> bool:
    return year is None or said is None or abs(year - said) <= tolerance


def _is_alone(matches: Sequence[TitleMatch], catalog: Catalog) -> bool:
    """Whether all matches stand for one thing."""
    return all(match.item_id in catalog.double_of(matches[0].item_id) for match in matches)


def _examples(preference: Preference, catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    liked, disliked = (
        tuple(catalog.item(item_id).label for item_id in ids[-EXAMPLES:] if item_id in catalog)
        for ids in (preference.liked, preference.disliked)
    )
    return liked, disliked


def _words(preference: Preference, catalog: Catalog) -> str:
    """The wish in words: what is wanted, what is not, and the limits."""
    parts = [preference.text.strip()]
    parts += [f"{'' if wish.weight > 0 else 'not '}{wish.value}" for wish in preference.wishes]
    parts += [_limit(constraint, catalog) for constraint in preference.constraints]
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _limit(limit: Constraint, catalog: Catalog) -> str:
    """'Comedy or Drama', 'not Horror', 'year at least 1990'."""
    spec = catalog.schema.field(limit.field)
    values = " or ".join(
        spec.value_in(value, "en") if isinstance(value, str) else f"{value:.15g}" for value in limit.values
    )
    match limit.op:
        case Op.IS:
            return values
        case Op.NOT:
            return f"not {values}"
        case Op.MIN:
            return f"{spec.label_in('en')} at least {values}"
        case Op.MAX:
            return f"{spec.label_in('en')} at most {values}"
