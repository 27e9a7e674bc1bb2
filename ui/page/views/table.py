"""Which views there are; a new one is a file beside this one and a line here."""

from collections.abc import Mapping

from ui.page.agents import ChatAgent
from ui.page.fragments import Fragments
from ui.page.links import parts_of
from ui.page.state import Session
from ui.page.views.compare import compare
from ui.page.views.conversations import conversations
from ui.page.views.frame import View, Visit
from ui.page.views.importing import importing
from ui.page.views.item import item
from ui.page.views.shares import shares
from ui.page.views.taste import taste
from ui.page.views.watchlist import watchlist

VIEWS: Mapping[str, View] = {
    "compare": compare,
    "conversations": conversations,
    "import": importing,
    "item": item,
    "shares": shares,
    "watchlist": watchlist,
    "taste": taste,
}
"""By the first part of their address."""
IN_HEAD = {"watchlist": "watchlist", "taste": "taste", "conversations": "earlier"}
"""Those that the head of the page leads to, and the key of the word for each."""


async def draw_view(session: Session, agent: ChatAgent) -> Fragments:
    """What the view that a page looks at shows now; nothing where it looks at the conversation."""
    name, *rest = parts_of(session.view)
    view = VIEWS.get(name)
    return Fragments() if view is None else await view(Visit(agent, session, tuple(rest)))
