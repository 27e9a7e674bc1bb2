"""Opinions brought along from elsewhere: a file to choose, what would come of it, and only then a change."""

from collections.abc import Sequence

from retrieval.state import FeedbackKind
from ui.page.fragments import Fragments
from ui.page.importing import Import
from ui.page.markup import Html, tag
from ui.page.views.frame import Visit, item_link

MOST_SHOWN = 40
_KINDS = {FeedbackKind.LIKE: "liked_ones", FeedbackKind.DISLIKE: "disliked_ones", FeedbackKind.SEEN: "seen_ones"}


async def importing(visit: Visit) -> Fragments:
    """The chooser, and the preview of what was read."""
    chooser = tag(
        "label",
        tag("span", visit.say("import_choose")),
        tag("input", type="file", accept=".csv,.zip", data_import=""),
        class_="chooser",
    )
    incoming = visit.session.incoming
    parts = [] if incoming is None or not incoming.is_whole else _preview(visit, incoming)
    return visit.show(visit.say("import"), chooser, *parts, lead=visit.say("import_lead"))


def _preview(visit: Visit, incoming: Import) -> list[Html]:
    if not (incoming.given or incoming.saved):
        return [tag("p", visit.say("import_nothing"), class_="notice", role="status"), _unknown(visit, incoming)]
    parts = [
        tag(
            "p",
            visit.say("import_found", count=len({**incoming.given, **incoming.saved}), rows=incoming.rows),
            role="status",
        )
    ]
    for kind, key in _KINDS.items():
        parts.append(_items(visit, key, [item_id for item_id, given in incoming.given.items() if given is kind]))
    parts.append(_items(visit, "saved_ones", [*incoming.saved]))
    yes = tag("button", visit.say("import_yes"), type="button", class_="quiet go", data_do="import-yes")
    no = tag("button", visit.say("cancel"), type="button", class_="quiet", data_do="import-no")
    return [*parts, _unknown(visit, incoming), tag("div", yes, " ", no)]


def _items(visit: Visit, key: str, item_ids: Sequence[str]) -> Html:
    if not item_ids:
        return Html("")
    rows = [tag("li", item_link(item, visit.language)) for item in visit.items(item_ids[:MOST_SHOWN])]
    left = len(item_ids) - len(rows)
    more = tag("p", visit.say("and_more", count=left), class_="meta") if left else ""
    title = visit.say(key, count=len(item_ids))
    return visit.section(f"import.{key}", title, tag("ul", *rows, class_="taste-rows"), more)


def _unknown(visit: Visit, incoming: Import) -> Html:
    if not incoming.unknown:
        return Html("")
    rows = [tag("li", title) for title in [*incoming.unknown][:MOST_SHOWN]]
    summary = tag("summary", visit.say("import_unknown", count=len(incoming.unknown)))
    return tag("details", summary, tag("ul", *rows), data_key="import:unknown")
