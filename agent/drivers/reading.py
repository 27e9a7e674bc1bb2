"""What code has read of a message, and how it is carried out, for every driver that takes such a reading."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.conversation import Conversation, Role
from agent.drivers.base import Deadline, Drive, View
from agent.drivers.text import Spot
from agent.wording.messages import say
from retrieval.preference import Constraint, Leaning, Preference
from tools import Call, shortened
from tools.arguments import UpdateWish
from tools.patch import apply_patch, fold_limits
from tools.placing import Placer

Arguments = dict[str, Any]
OPEN = ("", "unread_question", "unfollowed")  # sayings after which whoever wants something still does


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands when a message comes."""

    preference: Preference = field(default_factory=Preference)
    shown: tuple[str, ...] = ()  # item ids of the last list, in order
    shown_before: tuple[str, ...] = ()  # of every list
    focus: str = ""  # the item that 'it' means; '' for the first one shown
    inquiry: str = ""  # 'field:first|second': which of two values the last reply asked for
    counted: tuple[Constraint, ...] = ()  # the limits of what the last reply counted or sorted
    people: tuple[Constraint, ...] = ()  # whom it was about: 'he'


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a message asks for: first the patch, then the look-ups, then the ending."""

    patch: dict[str, Any] = field(default_factory=dict)  # of `update_wish`
    lookups: tuple[Call, ...] = ()
    ending: Call = field(default_factory=lambda: Call("recommend"))
    unread: tuple[str, ...] = ()  # what no rule, title or value covers
    left: tuple[str, ...] = ()  # the same, with what is searched for by its words alone
    ambiguous: tuple[Spot, ...] = ()  # titles that fit several items: which is meant must be asked first
    leaning: Leaning | None = None  # the answer to the inquiry
    saying: str = ""  # the fixed sentence that answers, by its key
    turns: bool = False  # whether a word says that something else is wanted: 'rather', 'forget that'


def scene_of(conversation: Conversation, wish: Preference, spot: Callable[..., Sequence[Spot]]) -> Scene:
    """What stands when a message comes; `spot` finds the items that a message names."""
    shown, turns, it = conversation.last_shown(), conversation.turns, set[str]()
    before = dict.fromkeys(item_id for turn in turns for item_id in (*turn.shown, *turn.near))
    last = next((turn.text for turn in reversed(turns) if turn.role is Role.USER), "")
    if last and not turns[-1].shown:
        it = {item_id for found in spot(last, shown=shown) for item_id in found.item_ids}
    focus = conversation.last_about() or (it.pop() if len(it) == 1 else "")
    counted, people = conversation.last_counted(), conversation.last_people()
    return Scene(wish, shown, tuple(before), focus, conversation.open_inquiry, counted, people)


def wish_after(scene: Scene, stated: Mapping[str, Any], patches: type[UpdateWish], placer: Placer) -> Preference:
    """What is wanted once a patch, as it was read, has joined what stood when its message came."""
    patch, known = patches.model_validate(shortened(patches, stated)), (*scene.shown_before, *scene.preference.liked)
    return apply_patch(scene.preference, patch, placer, shown=scene.shown, known=known).preference


async def wish_of_turns(
    view: View, said: Sequence[int], read: Callable[[Conversation, str], Preference], deadline: Deadline
) -> Preference:
    """What is wanted after the turns before the message; once the deadline is spent only the last one is read.

    Args:
        view: The turn.
        said: Which of the turns before it are read.
        read: What is wanted after one more message of a conversation.
        deadline: Of the reading.
    """
    so_far = replace(view.conversation, turns=(), open_inquiry="")
    for place, turn in enumerate(view.conversation.turns):
        if place in said and (deadline.remaining_s() or place == said[-1]):
            so_far = replace(so_far, preference=await asyncio.to_thread(read, so_far, turn.text))
        so_far = so_far.add(turn)
    given = view.conversation.preference.constraints  # fields that a client sent beside its history hold too
    return replace(so_far.preference, constraints=fold_limits(so_far.preference.constraints, given))


def pairs_of(limits: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """The fields and values of limits as the tools take them."""
    said = ((limit["field"], limit.get("value", "")) for limit in limits)
    return {(name, str(value)) for name, values in said for value in (values if isinstance(values, list) else [values])}


async def carry_out(parsed: Parsed, drive: Drive, language: str = "") -> None:
    """Let the tools do what a message was read as; of a title that may be several items, ask first.

    Args:
        parsed: What was read.
        drive: The turn.
        language: The user's, where the text that was read is a translation; '' where the reading says it.
    """
    context, catalog, ending = drive.batch.context, drive.view.catalog, parsed.ending
    context.unread = parsed.unread
    is_open_talk = parsed.ending.arguments.get("kind") == "talk" and parsed.saying in OPEN
    context.lists_beside = bool(parsed.ambiguous) or is_open_talk
    if said := parsed.leaning:
        others = (old for old in context.wanted.leanings if (old.field, old.more) != (said.field, said.less))
        context.wanted = replace(context.wanted, leanings=tuple(dict.fromkeys((*others, said))))
    patch: dict[str, Any] = {**parsed.patch, **({"language": language} if language else {})}
    if parsed.saying:
        spoken = patch.get("language") or context.wanted.language
        text = say(parsed.saying, spoken, nouns=catalog.schema.nouns_in(spoken))
        ending = Call(ending.tool, {**ending.arguments, "text": text})
    calls = [*parsed.lookups, ending]
    for spot in parsed.ambiguous[:1]:
        choices = [catalog.item(item_id).label for item_id in spot.item_ids]
        calls = [Call("ask_user", {"question": f"{spot.words}?", "choices": [*choices]})]
    kind: Any = drive.batch.tools["update_wish"].args_schema
    await drive.batch.run([*([Call("update_wish", shortened(kind, patch))] if patch else []), *calls])
    asked = [(spot.words, spot.item_ids) for spot in parsed.ambiguous if not context.problems.ambiguous]
    context.problems.ambiguous += asked[:1]
