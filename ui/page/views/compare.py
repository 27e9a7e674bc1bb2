"""Two to four items side by side."""

from collections.abc import Sequence

from agent.wording.lookups import common, table
from retrieval.items import Item
from ui.page.buttons import opinions, save_button
from ui.page.covers import cover
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.views.frame import Visit, item_link

FEWEST, MOST = 2, 4


async def compare(visit: Visit) -> Fragments:
    """The items that the address names, a column each."""
    items = visit.items(dict.fromkeys(visit.rest))[:MOST]
    fields = [spec.name for spec in visit.catalog.schema.fields]
    made = table(items, fields, visit.catalog, visit.language) if len(items) >= FEWEST else None
    if made is None:
        return visit.show(
            visit.say("compared"),
            tag("a", visit.say("back_to_talk"), href=link_to(), class_="quiet"),
            lead=visit.say("compare_none"),
        )
    columns = [
        visit.fragments.keep(f"column.{at}", "th", *_head(visit, item, items), scope="col")
        for at, item in enumerate(items)
    ]
    rows = [_row(label, cells) for label, cells in made.rows]
    head = tag("thead", tag("tr", tag("td"), *columns))
    drawn = tag("table", head, tag("tbody", *rows), aria_label=visit.say("compared"))
    scroll = tag(
        "div", drawn, class_="scroll compared columns", tabindex="0", role="group", aria_label=visit.say("compared")
    )
    return visit.show(visit.say("compared"), scroll, lead=common(items, fields, visit.catalog, visit.language))


def _head(visit: Visit, item: Item, items: Sequence[Item]) -> list[Html]:
    rest = [other.item_id for other in items if other is not item]
    leave = ""
    if len(rest) >= FEWEST:
        name = visit.say("remove", label=item.label_in(visit.language))
        leave = tag("a", "✕", href=link_to("compare", *rest), class_="leave", aria_label=name, title=name)
    context = visit.cards
    return [
        tag("div", cover(item, visit.catalog.schema, label="", language=visit.language), leave, class_="column-top"),
        tag("div", item_link(item, visit.language), class_="column-title"),
        opinions(item, context),
        tag("div", save_button(item, context), class_="ways-on"),
    ]


def _row(label: str, cells: Sequence[str]) -> Html:
    """A field; where all have the same, it is said more quietly."""
    is_same = len(set(cells)) == 1
    return tag(
        "tr", tag("th", label, scope="row"), *(tag("td", cell) for cell in cells), class_="same" if is_same else None
    )
