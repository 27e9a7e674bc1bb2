"""What code has read of a message, and how it is carried out, for every driver that takes such a reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.drivers.base import Drive
from agent.drivers.text import Spot
from agent.wording.messages import say
from retrieval.preference import Constraint, Leaning, Preference
from tools import Call, shortened

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
