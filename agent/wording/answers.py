"""Answers without a model, by what the driver decided to end the turn with; what surrounds a list comes along."""

from collections.abc import Sequence

from agent.conversation import Conversation
from agent.recommendation import Table
from agent.wording import lookups
from agent.wording.known import about_me
from agent.wording.messages import join, label, paragraph, say
from agent.wording.surround import (
    ask_which,
    elicitation,
    help_text,
    knowing,
    opening,
    question,
    split_question,
    summary,
)
from agent.wording.why import why, why_not
from retrieval.items import Item
from tools import Ending, Lookup, ToolContext

__all__ = [
    "answer",
    "ask_which",
    "elicitation",
    "help_text",
    "knowing",
    "opening",
    "question",
    "split_question",
    "summary",
]

IN_DOUBT = 3
"""Items that a description may be of."""
QUESTION_MARKS = frozenset("?？¿؟")
OF_LIST = ("which", "comparison")
"""Kinds that are of the last list where no item is named."""

Answered = tuple[str, tuple[str, ...]]
"""The words, and the ids of the items that they list, in order."""


def answer(
    context: ToolContext, ending: Ending, conversation: Conversation, language: str, *, message: str = ""
) -> Answered:
    """What a turn that ends with words says.

    Args:
        context: What the tools of the turn brought.
        ending: What it is about.
        conversation: Whether it has begun.
        language: A language code.
        message: The user's.
    """
    if ending.kind == "connection" and not ending.item_ids and (chain := lookups.chain(context, language)):
        return chain, ()
    items = _items(context, ending)
    if ending.kind in ("count", "list"):
        return _counted(context, ending, language)
    if ending.kind == "help":
        return help_text(context.catalog, language), ()
    if ending.kind == "about_me":
        return about_me(context, conversation, language), ()
    if items and ending.kind != "talk":
        shown = tuple(item.item_id for item in items) if len(items) > 1 else ()
        return _of_items(items, context, ending, language), shown
    if ending.kind != "talk" and (ending.unknown or context.problems.unknown):
        return _nearest(context, language), ()  # the opening says what the catalog lacks
    if ending.kind == "connection":
        return say("no_link", language), ()
    later = "unanswered" if is_asked(message) else "talk_later"  # 'how are you?' is a greeting
    open_end = later if conversation.turns else "talk_first"
    return say(open_end, language, nouns=context.catalog.schema.nouns_in(language)), ()


def is_asked(message: str) -> bool:
    """Whether there is a question mark in a message."""
    return not QUESTION_MARKS.isdisjoint(message)


def _items(context: ToolContext, ending: Ending) -> list[Item]:
    """What an answer is about: the items that the driver named, else those that it looked up."""
    ids = ending.item_ids or tuple(context.facts) or _ends(context)
    if ending.kind == "identify":
        item_ids = (candidate.item_id for many in context.by_channel.values() for candidate in many)
        ids = (ending.item_ids or tuple(dict.fromkeys(item_ids)))[:IN_DOUBT]
    if not ids and ending.kind in ("why", *OF_LIST) and not (ending.unknown or context.problems.unknown):
        ids = context.cards[:1] if ending.kind == "why" else context.shown
    return [context.catalog.item(item_id) for item_id in dict.fromkeys(ids) if item_id in context.catalog]


def compared(context: ToolContext, ending: Ending, language: str) -> Table | None:
    """The table of a turn that ends with a comparison; None for any other."""
    if ending.kind != "comparison":
        return None
    return lookups.table(_items(context, ending), ending.fields, context.catalog, language)


def _nearest(context: ToolContext, language: str) -> str:
    """The titles that are nearest to one that the catalog lacks."""
    ids = dict.fromkeys(item_id for near in context.problems.near.values() for item_id in near[:IN_DOUBT])
    named = [label(context.catalog.item(item_id), language) for item_id in ids if item_id in context.catalog]
    return say("nearest", language, titles=join(named[:IN_DOUBT], language, last="list_or")) if named else ""


def _asked_of(context: ToolContext, ending: Ending) -> Lookup | None:
    """The look-up that says which of some items keep a limit, where it was asked in place of their fields."""
    if ending.limits:
        return Lookup(ending.limits, 0, ())
    asked = [lookup for lookup in context.lookups if lookup.is_asked and lookup.limits]
    return asked[-1] if asked and ending.item_ids and not ending.fields else None


def _ends(context: ToolContext) -> tuple[str, ...]:
    """The two ends of the first path that was found."""
    first = next((path.path for path in context.paths if path.path), ())
    return (first[0][0], first[-1][0]) if first else ()


def _of_items(items: Sequence[Item], context: ToolContext, ending: Ending, language: str) -> str:
    catalog, fields = context.catalog, ending.fields
    match ending.kind:
        case "why":
            return paragraph((why(item, context, language) for item in items), language)
        case "identify":
            return lookups.identified(items, catalog, language)
        case "why_not":
            return paragraph((why_not(item, context, language) for item in items), language)
        case "comparison" if len(items) > 1:
            return lookups.comparison(items, fields, catalog, language)
        case "connection" if len(items) > 1:
            return lookups.connection(items, context, language)
        case "facts" | "which" if asked := _asked_of(context, ending):
            return lookups.among(items, asked, catalog, language)
        case _:
            return lookups.facts(items, fields, catalog, language)


def _counted(context: ToolContext, ending: Ending, language: str) -> Answered:
    """How many, and which; where nothing was looked up, what keeps the limits of the wish."""
    catalog = context.catalog
    all_lookups = context.lookups or (_of_wish(context),)
    if ending.kind == "count":
        asked = lookups.firsts(all_lookups, ending.fields, catalog, language)
        return paragraph((lookups.counts(all_lookups, catalog, language), asked), language), ()
    last = all_lookups[-1]
    most = min(lookups.LISTED, last.rows or lookups.LISTED)
    ids = [item_id for item_id in ending.item_ids or last.item_ids if item_id in catalog][:most]
    if not ids:
        return lookups.count(last, catalog, language), ()
    is_chosen = bool(ending.item_ids) and not set(ids) <= set(last.item_ids)
    counted = "" if is_chosen else lookups.count(last, catalog, language)
    items = [catalog.item(item_id) for item_id in ids]
    total = len(ids) if is_chosen else last.total
    return paragraph(
        (counted, lookups.listing(items, total, catalog, language, "" if is_chosen else last.sort)), language
    ), tuple(ids)


def _of_wish(context: ToolContext) -> Lookup:
    limits = context.preference.constraints
    total, ids = context.retriever.matching(limits)
    return Lookup(limits, total, tuple(ids))
