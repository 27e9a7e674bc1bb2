"""Answers without a model, by what the driver decided to end the turn with; what surrounds a list comes along."""

from collections.abc import Sequence

from agent.conversation import Conversation
from agent.wording import lookups
from agent.wording.explain import reasons
from agent.wording.messages import comma, paragraph, say, title, titles
from agent.wording.surround import ask_which, help_text, inquiry, knowing, opening, question, split_question, summary
from agent.wording.values import breach_text, label
from retrieval.candidates import Candidate
from retrieval.items import Item
from retrieval.preference import Constraint, Wish
from retrieval.ranking import broken_by
from tools import Ending, Lookup, ToolContext

__all__ = ["answer", "ask_which", "help_text", "inquiry", "knowing", "opening", "question", "split_question", "summary"]

IN_WHY = 4
"""Statements that answer 'why'."""
IN_DOUBT = 3
"""Items that a description may be of."""
MOST_NAMED = 5
"""Liked or disliked items that are named."""

Answered = tuple[str, tuple[str, ...]]
"""The words, and the ids of the items that they list, in order."""


def answer(context: ToolContext, ending: Ending, conversation: Conversation, language: str) -> Answered:
    """What a turn that ends with words says.

    Args:
        context: What the tools of the turn brought.
        ending: What it is about.
        conversation: Whether it has begun.
        language: A language code.
    """
    if ending.kind == "connection" and not ending.item_ids and (chain := lookups.chain(context, language)):
        return chain, ()
    items = _items(context, ending)
    if ending.kind in ("count", "list"):
        return _counted(context, ending, language)
    if ending.kind == "help":
        return help_text(context.catalog, language), ()
    if ending.kind == "about_me":
        return about_me(context, language), ()
    if items and ending.kind != "talk":
        shown = tuple(item.item_id for item in items) if len(items) > 1 else ()
        return _of_items(items, context, ending, language), shown
    if ending.kind != "talk" and (ending.unknown or context.problems.unknown):
        return "", ()  # the opening says what the catalog lacks
    if ending.kind == "connection":
        return say("no_link", language), ()
    has_begun = bool(conversation.turns)
    return say(
        "talk_later" if has_begun else "talk_first", language, nouns=context.catalog.schema.nouns_in(language)
    ), ()


def _items(context: ToolContext, ending: Ending) -> list[Item]:
    """What an answer is about: the items that the driver named, else those that it looked up."""
    ids = ending.item_ids or tuple(context.facts) or _ends(context)
    if ending.kind == "identify":
        found = (one.item_id for many in context.by_channel.values() for one in many)
        ids = (ending.item_ids or tuple(dict.fromkeys(found)))[:IN_DOUBT]
    if not ids and ending.kind == "why":
        ids = context.shown[:1]
    return [context.catalog.item(item_id) for item_id in dict.fromkeys(ids) if item_id in context.catalog]


def _asked_of(context: ToolContext, ending: Ending) -> Lookup | None:
    """The look-up that says which of some items keep a limit, where it was asked in place of their fields."""
    asked = [found for found in context.lookups if found.is_asked and found.limits]
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
        case "facts" if asked := _asked_of(context, ending):
            return lookups.among(items, asked, catalog, language)
        case _:
            return lookups.facts(items, fields, catalog, language)


def _counted(context: ToolContext, ending: Ending, language: str) -> Answered:
    """How many, and which; where nothing was looked up, what keeps the limits of the wish."""
    catalog = context.catalog
    found = context.lookups or (_of_wish(context),)
    if ending.kind == "count":
        return lookups.counts(found, catalog, language), ()
    last = found[-1]
    ids = [item_id for item_id in ending.item_ids or last.item_ids if item_id in catalog][: lookups.LISTED]
    if not ids:
        return lookups.count(last, catalog, language), ()
    is_chosen = bool(ending.item_ids) and not set(ids) <= set(last.item_ids)
    counted = "" if is_chosen else lookups.count(last, catalog, language)
    items = [catalog.item(item_id) for item_id in ids]
    total = len(ids) if is_chosen else last.total
    return paragraph((counted, lookups.listing(items, total, catalog, language)), language), tuple(ids)


def _of_wish(context: ToolContext) -> Lookup:
    limits = context.preference.constraints
    total, ids = context.retriever.matching(limits)
    return Lookup(limits, total, tuple(ids))


def why(item: Item, context: ToolContext, language: str) -> str:
    """Why an item was suggested: what the recommenders say of it for this wish."""
    found = context.run(context.retriever.channel_names, (item.item_id,))
    candidates = [
        one
        for brought in (found.by_channel, context.by_channel)
        for many in brought.values()
        for one in many
        if one.item_id == item.item_id
    ]
    evidence = dict.fromkeys(one for candidate in candidates for one in candidate.evidence)
    merged = context.retriever.explain(Candidate(item.item_id, evidence=tuple(evidence)), context.preference)
    words = reasons(merged, context.catalog, language, context.preference)[:IN_WHY]
    joined = say("reasons_join", language).join(words)
    return say("reasons", language, title=title(item.title, language), reasons=joined)


def why_not(item: Item, context: ToolContext, language: str) -> str:
    """Why an item was not suggested: what it breaks, that it is known, or that others came first."""
    catalog, wish = context.catalog, context.preference
    named = title(item.title, language)
    doubles = catalog.double_of(item.item_id)
    broken = broken_by(catalog, item.item_id, wish.constraints)
    if broken:
        parts = dict.fromkeys(breach_text(item, limit, catalog, language) for limit in broken)
        return say("why_not_breaks", language, title=named, parts=comma(parts, language))
    if doubles & {*wish.disliked, *context.history.disliked()}:
        return say("why_not_disliked", language, title=named)
    if doubles & {*context.history.seen(), *wish.liked, *wish.seen}:
        return say("why_not_known", language, title=named)
    if doubles & {*context.shown, *context.shown_before}:
        return say("why_not_shown", language, title=named)
    return say("why_not_rank", language, title=named)


def about_me(context: ToolContext, language: str) -> str:
    """What is known of the user: opinions, lasting limits, what is wanted now."""
    catalog, wish, history = context.catalog, context.preference, context.history
    parts = []
    for key, now, before in (
        ("about_likes", wish.liked, history.liked()),
        ("about_dislikes", wish.disliked, history.disliked()),
    ):
        ids = list(dict.fromkeys((*reversed(now), *reversed(before))))[:MOST_NAMED]
        if named := titles(ids, catalog, language):
            parts.append(say(key, language, titles=named))
    wanted: tuple[Constraint | Wish, ...] = (*wish.constraints, *wish.wishes)
    for key, is_lasting in (("about_lasting", True), ("about_wish", False)):
        words = dict.fromkeys(label(one, catalog, language) for one in wanted if one.lasting is is_lasting)
        if wish.text and not is_lasting:
            words[say("quote", language, text=wish.text)] = None
        if words:
            parts.append(say(key, language, words=comma(words, language)))
    if known := len(history.seen()):
        schema = catalog.schema
        noun, nouns, counter = schema.noun_in(language), schema.nouns_in(language), schema.counter_in(language)
        parts.append(say("about_known", language, count=known, noun=noun, nouns=nouns, counter=counter))
    return paragraph(parts, language) or say("about_nothing", language)
