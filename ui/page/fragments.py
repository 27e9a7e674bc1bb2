"""HTML in parts that travel one by one: each has a key, and its parent holds an empty place for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ui.page.markup import Html, tag

_PLACE = re.compile(r'<(\w+) data-place="([\w.]+)"></\1>')


@dataclass(frozen=True, slots=True)
class Fragments:
    """The parts of something that is drawn."""

    top: tuple[str, ...] = ()
    """The keys of the outermost parts, in order."""
    parts: dict[str, Html] = field(default_factory=dict)
    """The markup of each part, by key."""

    def keep(self, key: str, name: str, /, *children: str, **attributes: str | bool | float | None) -> Html:
        """Keep an element as a part of its own (a key is of letters, digits and full stops).

        Returns:
            The place that stands for it within its parent.
        """
        self.parts[key] = tag(name, *children, data_part=key, **attributes)
        return tag(name, data_place=key)

    def whole(self) -> Html:
        """Everything in one piece."""
        return Html("".join(self._filled(self.parts[key]) for key in self.top))

    def _filled(self, markup: str) -> str:
        return _PLACE.sub(lambda place: self._filled(self.parts[place[2]]), markup)


@dataclass(slots=True, eq=False)
class Drawn:
    """What one page shows of something drawn in parts."""

    number: int = 0
    """Of the last patch; the page that missed one asks for everything."""
    parts: Mapping[str, Html] = field(default_factory=dict)
    top: tuple[str, ...] = ()

    def patch(self, now: Fragments) -> dict[str, object] | None:
        """What the page must change to show it now; None where that is nothing."""
        changed = {key: markup for key, markup in now.parts.items() if self.parts.get(key) != markup}
        if not changed and now.top == self.top and self.number:
            return None
        patch: dict[str, object] = {"number": self.number + 1, "all": not self.parts, "parts": changed}
        if now.top != self.top or not self.parts:
            patch["top"] = now.top
        self.number, self.parts, self.top = self.number + 1, dict(now.parts), now.top
        return patch

    def forget(self) -> None:
        """Draw everything with the next patch."""
        self.parts, self.top = {}, ()
