"""Leads a turn without a language model: parses the message, lets the tools carry it out, says what it did not read."""

import asyncio
import re
from collections.abc import Callable, Collection
from dataclasses import replace

from agent.conversation import Conversation, Question
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.offline.parse import parse
from agent.drivers.offline.phrases import has
from agent.drivers.offline.spot import Spotter, places
from agent.drivers.reading import Parsed, carry_out, scene_of, wish_after, wish_of_turns
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.titles import normalize_title
from tools import ArgumentTypes
from tools.placing import Placer

MOST_READ, MOST_CHARACTERS, READ_S = 20, 6000, 5.0  # messages and characters of an unread history's end, and seconds


def by_rules(view: View, spotter: Spotter) -> Parsed:
    """What a turn's message is taken for by phrases alone."""
    return parse(view.message, spotter, scene_of(view.conversation, view.preference, spotter.spot))


class OfflineDriver:
    """The driver that needs no model; one per catalog."""

    name = "offline"

    def __init__(
        self, catalog: Catalog, placer: Placer | None = None, read: Callable[[View, Spotter], Parsed] = by_rules
    ) -> None:
        self.spotter, self._read = Spotter(catalog, placer), read
        self._patches = ArgumentTypes.of(catalog.schema).update_wish

    async def drive(self, drive: Drive) -> None:
        """Parse, look up, end."""
        view, context = drive.view, drive.batch.context
        if view.is_unread:
            context.wanted = await self.wish_of(view, Deadline.after(min(READ_S, drive.deadline.remaining_s() / 2)))
        message = (view.question and resolve(view.question, view.message, view.catalog)) or view.message
        said = replace(view, message=message, preference=context.preference)
        await carry_out(await asyncio.to_thread(self._read, said, self.spotter), drive)

    async def wish_of(self, view: View, deadline: Deadline) -> Preference:
        """What is wanted after the turns before the message; once the deadline is spent only the last one is read."""
        said = view.conversation.last_said(MOST_READ, characters=MOST_CHARACTERS)
        return await wish_of_turns(view, said, lambda before, text: self.read(before, text)[0], deadline)

    def read(self, before: Conversation, message: str, *, but: Collection[str] = ()) -> tuple[Preference, Parsed]:
        """What is wanted after one more message, and what it was read as; of its patch some parts may be left out."""
        scene = scene_of(before, before.preference, self.spotter.spot)
        parsed = self._read(View(before, message, self.spotter.catalog, before.preference), self.spotter)
        stated = {key: one for key, one in parsed.patch.items() if key not in but}
        return wish_after(scene, stated, self._patches, self.spotter.placer), parsed


def resolve(question: Question, answer: str, catalog: Catalog) -> str:
    """The message that waited, with the item that is meant spelled out; '' where the answer does not say which."""
    items = [catalog.item(item_id) for item_id in question.options if item_id in catalog]
    by_year, years = sorted(items, key=lambda item: item.year or 0), re.findall(r"\d{4}", answer)
    label, said = normalize_title(question.text), normalize_title(answer)
    named = [item for item in items if said == normalize_title(item.label) or str(item.year) in years]
    if not named and items and len(answer.split()) <= 8:
        pointed = [catalog.item(item_id) for spot in places(answer, question.options) for item_id in spot.item_ids]
        newest, oldest = has("<the_newer>", answer), has("<the_older>", answer)
        is_any = has("<any_of_them>", answer) or said == label
        named = by_year[-1:] if newest else by_year[:1] if oldest else pointed or (items if is_any else [])
    chosen, waiting = named[0].label if named else "", question.message
    spelled = waiting.replace(question.text, chosen, 1) if question.text in waiting else f"{waiting} ({chosen})"
    return spelled if chosen else ""
