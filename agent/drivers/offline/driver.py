"""Leads a turn without a language model: parses the message, lets the tools carry it out, says what it did not read."""

import asyncio
import re
from dataclasses import replace

from agent.conversation import Conversation, Question, Role
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.offline.parse import Parsed, Scene, parse
from agent.drivers.offline.phrases import has
from agent.drivers.offline.spot import Spotter, places
from agent.wording.messages import say
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.titles import normalize_title
from tools import ArgumentTypes, Call, shortened
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
        waiting = resolve(view.question, view.message, view.catalog) if view.question else ""
        parsed = await self._parse(waiting or view.message, view.conversation, context.preference)
        if said := parsed.leaning:
            others = (old for old in context.wanted.leanings if (old.field, old.more) != (said.field, said.less))
            context.wanted = replace(context.wanted, leanings=tuple(dict.fromkeys((*others, said))))
        ending, problems, context.unread = parsed.ending, context.problems, parsed.unread
        context.lists_beside = bool(parsed.ambiguous) or parsed.saying == "unread_question"
        if parsed.saying:
            language = parsed.patch.get("language") or context.wanted.language
            text = say(parsed.saying, language, nouns=view.catalog.schema.nouns_in(language))
            ending = Call(ending.tool, {**ending.arguments, "text": text})
        calls = [*parsed.lookups, ending]
        for spot in parsed.ambiguous[:1]:  # which is meant must be asked first
            choices = [view.catalog.item(item_id).label for item_id in spot.item_ids]
            calls = [Call("ask_user", {"question": f"{spot.words}?", "choices": [*choices]})]
        await drive.batch.run([*([Call("update_wish", parsed.patch)] if parsed.patch else []), *calls])
        problems.ambiguous += [(spot.words, spot.item_ids) for spot in parsed.ambiguous if not problems.ambiguous][:1]

    async def wish_of(self, view: View, deadline: Deadline) -> Preference:
        """What is wanted after the turns before the message; once the deadline is spent only the last one is read."""
        so_far = replace(view.conversation, turns=(), open_inquiry="")
        said = view.conversation.last_said(MOST_READ, characters=MOST_CHARACTERS)
        for place, turn in enumerate(view.conversation.turns):
            if place in said and (deadline.remaining_s() or place == said[-1]):
                wish, shown, placer = so_far.preference, so_far.last_shown(), self.spotter.placer
                patch = self._patches.model_validate((await self._parse(turn.text, so_far, wish)).patch)
                new = apply_patch(wish, patch, placer, shown=shown, known=(*so_far.all_shown(), *wish.liked))
                so_far = replace(so_far, preference=new.preference)
            so_far = so_far.add(turn)
        given = view.conversation.preference.constraints  # fields that a client sent beside its history hold too
        return replace(so_far.preference, constraints=fold_limits(so_far.preference.constraints, given))

    async def _parse(self, message: str, conversation: Conversation, wish: Preference) -> Parsed:
        shown, turns, it = conversation.last_shown(), conversation.turns, set[str]()
        before = dict.fromkeys(item_id for turn in turns for item_id in (*turn.shown, *turn.near))
        last = next((turn.text for turn in reversed(turns) if turn.role is Role.USER), "")
        if last and not turns[-1].shown:
            it = {item_id for spot in self.spotter.spot(last, shown=shown) for item_id in spot.item_ids}
        scene = Scene(wish, shown, tuple(before), it.pop() if len(it) == 1 else "", conversation.open_inquiry)
        parsed = await asyncio.to_thread(parse, message, self.spotter, scene)
        return replace(parsed, patch=shortened(self._patches, parsed.patch))


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
