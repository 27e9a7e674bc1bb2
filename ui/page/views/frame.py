"""What all views share: what they are drawn from, their outermost part, a list of items."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agent.wording.messages import full_label
from retrieval.items import Catalog, Item
from ui.page.agents import ChatAgent
from ui.page.buttons import compare_button, opinions, save_button
from ui.page.card_context import CardContext
from ui.page.cards import facts
from ui.page.covers import cover
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.state import Session
from ui.page.words import word

VIEW_FRAME = tag("div", data_view="")
"""What the parts of a view are drawn into."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody looks at a view."""

    agent: ChatAgent
    session: Session
    rest: tuple[str, ...] = ()
    """What follows the view's name in the address."""
    fragments: Fragments = field(default_factory=lambda: Fragments(("view",)))

    @property
    def catalog(self) -> Catalog:
        """All items."""
        return self.agent.retriever.catalog

    @property
    def language(self) -> str:
        """The page's."""
        return self.session.language

    @property
    def user_id(self) -> str | None:
        """Who sits here; None before anything is kept of them."""
        return None if self.session.user is None else self.session.user.user_id

    @property
    def cards(self) -> CardContext:
        """For what is drawn as on a card."""
        session = self.session
        return CardContext(self.catalog, session.language, session.feedback, session.saved_ids, place="view")

    def say(self, key: str, *, count: int | None = None, **values: object) -> str:
        """A word of the page."""
        return word(key, self.language, count=count, **values)

    def items(self, item_ids: Iterable[str]) -> list[Item]:
        """Those of some items that the catalog still has."""
        return [self.catalog.item(item_id) for item_id in item_ids if item_id in self.catalog]

    def show(self, title: str, *parts: str, lead: str = "") -> Fragments:
        """The whole view under its title; the browser brings the title into view and reads it out."""
        heading = tag("h2", title, class_="view-title", tabindex="-1", data_title=title)
        told = tag("p", lead, class_="lead") if lead else ""
        self.fragments.keep("view", "section", heading, told, *parts, class_="view", aria_label=title)
        return self.fragments

    def section(self, key: str, title: str, *parts: str) -> Html:
        """A part of the view with a heading of its own."""
        return self.fragments.keep(key, "section", tag("h3", title), *parts, class_="view-section", aria_label=title)


class View(Protocol):
    """Draws one view."""

    async def __call__(self, visit: Visit) -> Fragments:
        """The view as it is now."""


def item_list(visit: Visit, items: Sequence[Item], *, key: str, label: str) -> Html:
    """Items in rows, each a part of its own."""
    rows = (visit.fragments.keep(f"{key}.{at}", "li", item_row(visit, item)) for at, item in enumerate(items))
    return tag("ul", *rows, class_="item-rows", aria_label=label)


def item_row(visit: Visit, item: Item, *beside: str) -> Html:
    """An item with its facts and what can be said of it."""
    context = visit.cards
    kind = context.feedback.get(item.item_id, ("", ""))[0]
    return tag(
        "article",
        cover(item, visit.catalog.schema, label="", language=visit.language),
        tag(
            "div",
            tag("h3", item_link(item, visit.language)),
            facts(item, context),
            *beside,
            opinions(item, context),
            tag("div", save_button(item, context), compare_button(item, context), class_="ways-on"),
            class_="item-body",
        ),
        class_=f"item-row {kind}".strip(),
        data_item=item.item_id,
        aria_label=item.label_in(visit.language),
    )


def item_link(item: Item, language: str) -> Html:
    """An item's title, which leads to its own view."""
    return tag("a", full_label(item, language), href=link_to("item", item.item_id))
