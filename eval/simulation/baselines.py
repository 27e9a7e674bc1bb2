"""What is easily done: popularity, deaf or within what was understood of the user's wishes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from agent.conversation import Conversation, Role, Turn
from eval.hearing import Hearing
from eval.simulation.speech import Line
from eval.simulation.systems import MOST_SHOWN, Answer, Talk
from retrieval.datasets import Interactions
from retrieval.items import Catalog


def by_likes(catalog: Catalog, interactions: Interactions) -> list[str]:
    """Item ids, most liked first; items of equal number stay in the catalog's order."""
    likes = np.bincount(interactions.rows[interactions.weights > 0], minlength=len(catalog))
    return [catalog.items[row].item_id for row in np.argsort(-likes, kind="stable").tolist()]


@dataclass(slots=True)
class PopularitySystem:
    """What most people like, from the top; deaf but for titles: what was shown or named is not shown."""

    catalog: Catalog
    ranked: Sequence[str]
    """Item ids, most liked first."""
    name: str = "popularity"

    def begin(self, user_id: str) -> Talk:
        """A conversation."""
        return PopularityTalk(self)


@dataclass(slots=True)
class PopularityTalk:
    """One conversation with popularity."""

    system: PopularitySystem
    gone: set[str] = field(default_factory=set)

    async def say(self, line: Line) -> Answer:
        """The next most popular items."""
        started = time.perf_counter()
        self.gone |= {mention.item_id for mention in line.mentions}
        items = tuple([item_id for item_id in self.system.ranked if item_id not in self.gone][:MOST_SHOWN])
        self.gone |= set(items)
        return _answer(self.system.catalog, items, started)


@dataclass(slots=True)
class FilteredSystem:
    """The most popular items that keep what simple rules understood, nothing twice: hearing without taste."""

    catalog: Catalog
    ranked: Sequence[str]
    hearing: Hearing
    name: str = "filtered popularity"

    def begin(self, user_id: str) -> Talk:
        """A conversation."""
        return FilteredTalk(self)


@dataclass(slots=True)
class FilteredTalk:
    """One conversation with filtered popularity."""

    system: FilteredSystem
    conversation: Conversation = field(default_factory=Conversation)

    async def say(self, line: Line) -> Answer:
        """The next most popular items that fit; wishes that are no limits count as limits while items are left."""
        started = time.perf_counter()
        before = self.conversation
        heard = self.system.hearing.hear(before, line.text).conversation
        wanted = heard.preference
        gone = {*wanted.seen, *wanted.liked, *wanted.disliked, *before.all_shown()}
        catalog = self.system.catalog
        keeps = catalog.mask(wanted.constraints)
        for wish in wanted.wishes:
            holders = np.zeros(len(catalog), dtype=np.bool_)
            holders[catalog.holders(wish.field, wish.value)] = True
            if wish.weight > 0 and (keeps & holders).any():
                keeps = keeps & holders
        fitting = (item_id for item_id in self.system.ranked if keeps[catalog.row(item_id)] and item_id not in gone)
        items = tuple(item_id for item_id, _ in zip(fitting, range(MOST_SHOWN), strict=False))
        answer = _answer(catalog, items, started)
        self.conversation = heard.add(Turn(Role.ASSISTANT, answer.text, items))
        return answer


def _answer(catalog: Catalog, items: Sequence[str], started: float) -> Answer:
    labels = (catalog.item(item_id).label for item_id in items)
    text = "\n".join(f"{place}. **{label}**" for place, label in enumerate(labels, 1))
    return Answer(text, tuple(items), seconds=time.perf_counter() - started)
