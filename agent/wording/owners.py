"""Which items a place in a sentence is said of: those of its clause, the nearest before it, else the next behind it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from agent.wording.handles import Kind, SentencePart

MARKS: Final[Mapping[Kind, str]] = {
    Kind.TITLE: "\x01",
    Kind.VALUE: "\x02",
    Kind.CLAIM: "\x03",
    Kind.NUMBER: "\x04",
    Kind.QUOTE: "\x05",
    Kind.UNKNOWN: "\x06",
}
"""What stands for a handle where only the model's own words are read."""
BREAK = re.compile(r"[,;:，、；：()（）—–]|\s-\s")
"""Ends a clause, unless titles stand on both sides."""


LONGEST_LINK = 7
"""Characters between titles of one row: ', ', ' and ', '和'."""


def owners_at(place: int, bare: str, parts: Sequence[SentencePart], *, is_near: bool = False) -> frozenset[str]:
    """The ids of the items that a place is said of; none where the sentence has no title.

    Args:
        place: A position in `bare`.
        bare: The sentence with one sign for each handle.
        parts: The sentence in parts.
        is_near: Whether only titles that are linked like a list belong together, rather than all up to a value.
    """
    titles = _titles(parts)
    start = max((end for end in _breaks(bare) if end <= place), default=0)
    stop = min((end for end in _breaks(bare) if end > place), default=len(bare))
    for low, high in ((start, stop), (0, len(bare))):
        within = {at: ids for at, ids in titles.items() if low <= at < high}
        if within:
            return _nearest(place, bare, within, is_near=is_near)
    return frozenset()


def place_of(part: SentencePart, parts: Sequence[SentencePart]) -> int:
    """Where a part of a sentence begins in its bare form; 0 where it is none of its parts."""
    return next((place for place, other in _placed(parts) if other is part), 0)


def _placed(parts: Sequence[SentencePart]) -> Iterator[tuple[int, SentencePart]]:
    """Each part behind the place where it begins in the bare sentence."""
    place = 0
    for part in parts:
        yield place, part
        place += len(part.text) if part.kind is Kind.WORDS else 1


def _titles(parts: Sequence[SentencePart]) -> dict[int, frozenset[str]]:
    """Where titles stand, and of which items."""
    return {
        place: frozenset(item.item_id for item in part.items)
        for place, part in _placed(parts)
        if part.kind is Kind.TITLE
    }


def _breaks(bare: str) -> list[int]:
    title = MARKS[Kind.TITLE]
    return [
        match.start()
        for match in BREAK.finditer(bare)
        if not (bare[: match.start()].rstrip()[-1:] == title == bare[match.end() :].lstrip()[:1])
    ]


def _nearest(place: int, bare: str, titles: Mapping[int, frozenset[str]], *, is_near: bool) -> frozenset[str]:
    """The row of titles right before a place, or the row right behind it."""
    before = [at for at in titles if at <= place]
    after = [at for at in titles if at > place]
    row = before[::-1] if before else after
    item_ids = set(titles[row[0]])
    for last, at in pairwise(row):
        low, high = sorted((last, at))
        if MARKS[Kind.VALUE] in bare[low:high] or (is_near and high - low > LONGEST_LINK):
            break
        item_ids |= titles[at]
    return frozenset(item_ids)
