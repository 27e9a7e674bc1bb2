"""Earlier conversations: found again by what was said in them, renamed, deleted."""

import asyncio
from collections.abc import Sequence

from retrieval.state import ConversationRow
from ui.page.fragments import Fragments
from ui.page.markup import Html, tag
from ui.page.views.frame import Visit
from ui.page.words import day

MOST_SHOWN = 50
MOST_SEARCHED = 200
"""Conversations that are looked through, the latest."""
LONGEST_QUERY = 100
_ONE_AT_A_TIME = "talk"
"""The name of folds of which the browser keeps one open: unfolding another folds it."""


async def conversations(visit: Visit) -> Fragments:
    """The latest first; those that hold the words of the address where it has some."""
    query = " ".join(visit.rest[:1])[:LONGEST_QUERY].strip()
    rows = [row for row in visit.session.rows if row.title]
    listed = await _with_words(visit, rows, query.casefold()) if query else rows[:MOST_SHOWN]
    items = [visit.fragments.keep(f"talk.{at}", "li", *_row(visit, row)) for at, row in enumerate(listed)]
    none = "conversations_not_found" if query else "conversations_none"
    body = tag("ul", *items, class_="talk-rows") if items else tag("p", visit.say(none), class_="meta", role="status")
    return visit.show(visit.say("conversations"), _search(visit, query) if rows else "", body)


async def _with_words(visit: Visit, rows: Sequence[ConversationRow], words: str) -> list[ConversationRow]:
    matching: list[ConversationRow] = []
    for row in rows[:MOST_SEARCHED]:
        if words in row.title.casefold() or words in await _text(visit, row.conversation_id):
            matching.append(row)
        if len(matching) == MOST_SHOWN:
            break
    return matching


async def _text(visit: Visit, conversation_id: str) -> str:
    kept = await visit.agent.conversations.load(conversation_id)
    if kept is None or kept.user_id != visit.user_id:
        return ""
    return await asyncio.to_thread(lambda: "\n".join(turn.text for turn in kept.turns).casefold())


def _search(visit: Visit, query: str) -> Html:
    label = visit.say("conversations_search")
    field = tag(
        "input", type="search", name="rest", value=query, maxlength=LONGEST_QUERY, aria_label=label, placeholder=label
    )
    return tag(
        "form", field, tag("button", visit.say("search"), class_="quiet"), data_goto="conversations", role="search"
    )


def _row(visit: Visit, row: ConversationRow) -> list[Html]:
    here = row.conversation_id == visit.session.conversation.conversation_id
    opener = tag(
        "button",
        tag("span", row.title, class_="row-title"),
        type="button",
        class_="row",
        data_do="open",
        data_conversation=row.conversation_id,
        aria_current="true" if here else None,
    )
    return [
        opener,
        tag("time", day(row.updated_at, visit.language), class_="meta"),
        _rename(visit, row),
        _delete(visit, row),
    ]


def _rename(visit: Visit, row: ConversationRow) -> Html:
    name = visit.say("pair", name=visit.say("rename"), text=row.title)
    form = tag(
        "form",
        tag("input", type="hidden", name="conversation", value=row.conversation_id),
        tag("input", type="text", name="title", value=row.title, maxlength=120, required=True, aria_label=name),
        tag("button", visit.say("rename"), class_="quiet"),
        data_submit="rename",
    )
    summary = tag("summary", visit.say("rename"), aria_label=name)
    return tag("details", summary, form, data_key=f"rename:{row.conversation_id}", name=_ONE_AT_A_TIME)


def _delete(visit: Visit, row: ConversationRow) -> Html:
    name = visit.say("pair", name=visit.say("delete"), text=row.title)
    sure = tag(
        "button",
        visit.say("delete_yes"),
        type="button",
        class_="quiet danger",
        data_do="forget",
        data_conversation=row.conversation_id,
        aria_label=visit.say("pair", name=visit.say("delete_yes"), text=row.title),
    )
    summary = tag("summary", visit.say("delete"), aria_label=name)
    return tag("details", summary, sure, data_key=f"forget:{row.conversation_id}", name=_ONE_AT_A_TIME)
