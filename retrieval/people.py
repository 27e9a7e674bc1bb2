"""How two people hang together: over the items that they have in common, and over others who share items with both."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from retrieval.items import Catalog

Credit = tuple[str, str, str]
"""Item id, field, person."""
MOST_ITEMS = 4
"""Items of one path: further apart nothing is said by it."""


@dataclass(frozen=True)
class PeopleGraph:
    """Who shares an item with whom, over all fields that hold people; made once per catalog."""

    catalog: Catalog

    @cached_property
    def credits(self) -> dict[str, list[Credit]]:
        """By person, in the catalog's order."""
        by_person: dict[str, list[Credit]] = defaultdict(list)
        for credit in self._all():
            by_person[credit[2]].append(credit)
        return dict(by_person)

    @cached_property
    def casts(self) -> dict[str, list[Credit]]:
        """By item."""
        by_item: dict[str, list[Credit]] = defaultdict(list)
        for credit in self._all():
            by_item[credit[0]].append(credit)
        return dict(by_item)

    def path(self, first: str, second: str) -> tuple[Credit, ...]:
        """The shortest path between two people, as pairs of credits of one item each.

        Returns:
            (item, field, first person), (item, field, next person), ...; empty where there is none of at most
            `MOST_ITEMS` items, or one of the two is nobody here.
        """
        if first == second or first not in self.credits or second not in self.credits:
            return ()
        before: dict[str, tuple[Credit, Credit] | None] = {first: None}
        depth, queue = {first: 0}, deque([first])
        while queue:
            person = queue.popleft()
            if depth[person] >= MOST_ITEMS:
                continue
            for own, other in self._beside(person):
                if other[2] in before:
                    continue
                before[other[2]], depth[other[2]] = (own, other), depth[person] + 1
                if other[2] == second:
                    return _walked(before, second)
                queue.append(other[2])
        return ()

    def _beside(self, person: str) -> Iterable[tuple[Credit, Credit]]:
        """Everybody who shares an item with a person, and by which."""
        for own in self.credits[person]:
            for other in self.casts[own[0]]:
                if other[2] != person:
                    yield own, other

    def _all(self) -> Iterable[Credit]:
        fields = [spec.name for spec in self.catalog.schema.fields if spec.people]
        for item in self.catalog:
            for name in fields:
                for person in item.values.get(name, ()):
                    yield item.item_id, name, person


def _walked(before: Mapping[str, tuple[Credit, Credit] | None], end: str) -> tuple[Credit, ...]:
    steps: list[Credit] = []
    person = end
    while (step := before[person]) is not None:
        own, other = step
        steps[:0] = [own, other]
        person = own[2]
    return tuple(steps)
