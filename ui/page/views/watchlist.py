"""What somebody saved for later."""

from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import tag
from ui.page.views.frame import Visit, item_row
from ui.page.words import day

_SEEN = "seen"


async def watchlist(visit: Visit) -> Fragments:
    """The newest first; what is known by now stands at the end."""
    title = visit.say("watchlist")
    saved = [entry for entry in visit.session.saved if entry.item_id in visit.catalog]
    if not saved:
        back = tag("a", visit.say("back_to_talk"), href=link_to(), class_="quiet")
        return visit.show(title, back, lead=visit.say("watchlist_none"))
    given = visit.session.feedback
    saved.sort(key=lambda entry: given.get(entry.item_id, ("", ""))[0] == _SEEN)
    rows = []
    for at, entry in enumerate(saved):
        since = visit.say("saved_on", date=day(entry.added_at, visit.language))
        row = item_row(visit, visit.catalog.item(entry.item_id), tag("p", since, class_="meta"))
        rows.append(visit.fragments.keep(f"saved.{at}", "li", row))
    return visit.show(title, tag("ul", *rows, class_="item-rows", aria_label=title))
