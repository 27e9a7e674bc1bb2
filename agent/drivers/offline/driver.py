"""Leads a turn without a language model: parses the message, lets the tools carry it out, says what it did not read."""

import asyncio
import re
from collections.abc import Collection
from dataclasses import replace

from agent.conversation import Conversation, Question, Role
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.offline.parse import parse
from agent.drivers.offline.phrases import has
from agent.drivers.offline.spot import Spotter, places
from agent.drivers.reading import Parsed, Scene, carry_out
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.titles import normalize_title
from tools import ArgumentTypes, shortened
from tools.patch import apply_patch, fold_limits
from tools.placing import Placer

MOST_READ, MOST_CHARACTERS, READ_S = 20, 6000, 5.0  # messages and characters of an unread history's end, and seconds


class OfflineDriver:
    """The driver that needs no model; one per catalog."""

    name = "offline"

    def __init__(self, catalog: Catalog, placer: Placer | None = None) -> None:
        self.spotter, self._patches = Spotter(catalog, placer), ArgumentTypes.of(catalog.schema).update_wish

    async def drive(self, drive: Drive) -> None:
        """Parse, look up, end."""
        view, context = drive.view, drive.batch.context
        if view.is_unread:
            context.wanted = await self.wish_of(view, Deadline.after(min(READ_S, drive.deadline.remaining_s() / 2)))
        message = (view.question and resolve(view.question, view.message, view.catalog)) or view.message
        scene = scene_of(view.conversation, context.preference, self.spotter)
        await carry_out(await asyncio.to_thread(parse, message, self.spotter, scene), drive)

    async def wish_of(self, view: View, deadline: Deadline) -> Preference:
        """What is wanted after the turns before the message; once the deadline is spent only the last one is read."""
        so_far = replace(view.conversation, turns=(), open_inquiry="")
        said = view.conversation.last_said(MOST_READ, characters=MOST_CHARACTERS)
        for place, turn in enumerate(view.conversation.turns):
            if place in said and (deadline.remaining_s() or place == said[-1]):
                so_far = replace(so_far, preference=(await asyncio.to_thread(self.read, so_far, turn.text))[0])
            so_far = so_far.add(turn)
        given = view.conversation.preference.constraints  # fields that a client sent beside its history hold too
        return replace(so_far.preference, constraints=fold_limits(so_far.preference.constraints, given))

    def read(self, before: Conversation, message: str, *, but: Collection[str] = ()) -> tuple[Preference, Parsed]:
        """What is wanted after one more message, and what it was read as; of its patch some parts may be left out."""
        wish, scene = before.preference, scene_of(before, before.preference, self.spotter)
        parsed, kind, known = parse(message, self.spotter, scene), self._patches, (*scene.shown_before, *wish.liked)
        patch = kind.model_validate(shortened(kind, {key: one for key, one in parsed.patch.items() if key not in but}))
        return apply_patch(wish, patch, self.spotter.placer, shown=scene.shown, known=known).preference, parsed


def scene_of(conversation: Conversation, wish: Preference, spotter: Spotter) -> Scene:
    """What stands when a message comes."""
    shown, turns, it = conversation.last_shown(), conversation.turns, set[str]()
    before = dict.fromkeys(item_id for turn in turns for item_id in (*turn.shown, *turn.near))
    last = next((turn.text for turn in reversed(turns) if turn.role is Role.USER), "")
    if last and not turns[-1].shown:
        it = {item_id for spot in spotter.spot(last, shown=shown) for item_id in spot.item_ids}
    focus, counted = it.pop() if len(it) == 1 else "", conversation.last_counted()
    return Scene(wish, shown, tuple(before), focus, conversation.open_inquiry, counted)


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
