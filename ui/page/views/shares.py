"""What others may see of one's lists, and the end of that."""

import asyncio

from agent.wording.messages import comma
from retrieval.state import Share, ShareStore
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.sharing import load_list
from ui.page.views.frame import Visit
from ui.page.ways import revoke_button
from ui.page.words import day

MOST_NAMED = 3
"""Items by which a list is called."""


async def shares(visit: Visit) -> Fragments:
    """The newest first. The links themselves are known to nobody here: only whoever was given one has it."""
    store, user_id = ShareStore(visit.agent.state.database), visit.user_id
    shared = [] if user_id is None else await asyncio.to_thread(store.of_user, user_id)
    title = visit.say("shared_lists")
    if not shared:
        back = tag("a", visit.say("back_to_talk"), href=link_to(), class_="quiet")
        return visit.show(title, back, lead=visit.say("shared_none"))
    rows = [visit.fragments.keep(f"share.{at}", "li", *_row(visit, share)) for at, share in enumerate(shared)]
    return visit.show(title, tag("ul", *rows, class_="share-rows", aria_label=title))


def _row(visit: Visit, share: Share) -> list[Html]:
    name, language = _name(visit, share), visit.language
    dates = visit.say("share_dates", begin=day(share.created_at, language), end=day(share.expires_at, language))
    told = tag("div", tag("h3", name), tag("p", dates, class_="meta"))
    return [told, revoke_button(share.share_id, language, name)]


def _name(visit: Visit, share: Share) -> str:
    """The first titles of a list; 'A list for you' where none of its items is there any more."""
    shared = load_list(share.content)
    ids = [] if shared is None else [card.item_id for card in (*shared.cards, *shared.near)]
    titles = [item.title for item in visit.items(ids)]
    if not titles:
        return visit.say("shared_title")
    return comma(titles[:MOST_NAMED], visit.language) + (" …" if len(titles) > MOST_NAMED else "")
