"""Which item a statement is about: the titles of a sentence in groups, the nearest of them, or what 'it' means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.audit.passages import Passage
from eval.audit.phrases import ABOUT_USER, BACK, BOUNDARY, COMPARED, GOES_BACK, TITLES
from eval.audit.titles import Named

COORDINATED = (
    r"[\s\"”’*]*(?:,|、|和|与|&|/)?\s*(?:\b(?:and|or|as well as|plus)\b)?\s*(?:(?:also|both|in|of)\s+){0,2}[\"“‘*]*"
)
RUN = re.compile(rf"{TITLES}(?:{COORDINATED}{TITLES})*")
NEAR = 45
"""Characters between a statement and the title that it belongs to."""


@dataclass(frozen=True, slots=True)
class _Group:
    start: int
    end: int
    titles: tuple[Named, ...]
    compared: bool
    """Named only for comparison, or in speaking of the user."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The titles of one sentence, ready to be asked for."""

    frame: str
    groups: tuple[_Group, ...]
    before: tuple[Named, ...]

    @classmethod
    def of(cls, passage: Passage, before: Sequence[Named]) -> "Subjects":
        """For a passage; `before` is what the sentence before it was about."""
        frame = passage.frame
        about_user = [match.span() for match in ABOUT_USER.finditer(frame)]
        groups = []
        for match in RUN.finditer(frame):
            titles = tuple(passage.title_at(mark) for mark in re.findall(TITLES, match.group()))
            user = any(a <= match.start() < b for a, b in about_user)
            compared = user or bool(COMPARED.search(frame[: match.start()]))
            # 'Like A, B has ...' compares with A alone; 'a Star Wars film' speaks of the kind.
            if compared and len(titles) == 2 and re.fullmatch(r"\W+", frame[match.start() + 1 : match.end() - 1]):
                groups.append(_Group(match.start(), match.start() + 1, titles[:1], True))
                groups.append(_Group(match.end() - 1, match.end(), titles[1:], user))
                continue
            compared |= bool(
                re.match(r"\s*(?:films?|movies?|trilogy|series|saga|franchise|universe)\b", frame[match.end() :])
            )
            groups.append(_Group(match.start(), match.end(), titles, compared))
        goes_on = not groups and bool(BACK.match(frame) or GOES_BACK.match(frame))
        back = BACK.match(frame) or (all(one.compared for one in groups) and re.search(r"\bit\b", frame, re.IGNORECASE))
        return cls(frame, tuple(groups), tuple(before) if goes_on or back else ())

    @property
    def main(self) -> tuple[Named, ...]:
        """What the sentence is about, for the next one."""
        plain = [one for one in self.groups if not one.compared] or list(self.groups)
        return plain[-1].titles if plain else self.before

    def at(self, start: int, end: int, *, owned: bool = False) -> tuple[Named, ...]:
        """The titles that a statement at a place is about; none where that cannot be said."""
        group = self._group(start, end, owned)
        if group is None:
            return tuple(one for one in self.before if one.is_known)
        return tuple(one for one in group.titles if one.is_known)

    def links(self, start: int, end: int, about: Sequence[Named]) -> bool:
        """Whether the words between a name and its title tie them: 'X ... in T', 'T: X', 'T - X', 'a X film: T'."""
        group = next((one for one in self.groups if one.titles and about and one.titles[0] is about[0]), None)
        if group is None:
            return False
        if group.start >= end:
            between = self.frame[end : group.start]
            return (
                bool(re.search(r"\b(?:in|for|of|is|make|makes|made)\W*(?:\w+\s+)?$|:\W*$", between, re.IGNORECASE))
                and len(between) < 90
            )
        between = self.frame[group.end : start]
        return (
            bool(re.match(r"\s*[:–—-]|\s*(?:有|里|中)|\s*,?\s*(?:in which|where|lets|sees|finds|follows)\b", between))
            and len(between) < NEAR
        )

    def _group(self, start: int, end: int, owned: bool) -> _Group | None:
        low, high = self._segment(start)
        here = [one for one in self.groups if low <= one.start < high]
        behind = [one for one in here if one.start >= end]
        ahead = [one for one in here if one.end <= start]
        if owned and behind and behind[0].start - end < NEAR:
            return behind[0]
        for one in reversed(ahead):
            if not one.compared or self._relates(one, start):
                return one
        plain = [one for one in behind if not one.compared]
        if plain:
            return plain[0]
        if self.before and BACK.match(self.frame):
            return None
        earlier = [one for one in self.groups if one.end <= low and not one.compared]
        if earlier:
            return earlier[-1]
        if (
            behind
            and behind[0].start - end < NEAR
            and re.search(r"\b(?:in|of|for)\W+$", self.frame[end : behind[0].start])
        ):
            return behind[0]
        return None

    def _relates(self, group: _Group, start: int) -> bool:
        """Whether a title that is only compared with is what a statement right behind it is about."""
        between = self.frame[group.end : start]
        relative = re.match(
            r"\s*,?\s*(?:which|that|directed|starring|with|by|from|where|whose|\()", between, re.IGNORECASE
        )
        return bool(relative) and len(between) < NEAR

    def _segment(self, place: int) -> tuple[int, int]:
        low, high = 0, len(self.frame) + 1
        for match in BOUNDARY.finditer(self.frame):
            if match.end() <= place:
                low = match.end()
            elif match.start() >= place:
                high = min(high, match.start())
        return low, high
