"""One item: what is known of it, why it fits whoever asks, what is like it, and the people who lead to others."""

import asyncio
from collections.abc import Sequence

from agent.wording.messages import sentence
from agent.wording.values import values_of
from retrieval.items import Item
from retrieval.schema import FieldSpec
from ui.page.buttons import opinions, ways_on
from ui.page.cards import original, reasons
from ui.page.covers import cover
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.views.frame import Visit, item_link, item_row

MOST_SIMILAR = 6
MOST_PEOPLE = 4
"""People of one field who lead to other items."""
MOST_OTHERS = 5
"""Other items of one of them."""


async def item(visit: Visit) -> Fragments:
    """The item that the address names."""
    item_id = visit.rest[0] if visit.rest else ""
    if item_id not in visit.catalog:
        back = tag("a", visit.say("back_to_talk"), href=link_to(), class_="quiet")
        return visit.show(visit.say("item_gone"), back)
    shown_item = visit.catalog.item(item_id)
    parts = (
        _top(visit, shown_item),
        await _why(visit, shown_item),
        await _similar(visit, shown_item),
        await asyncio.to_thread(_people, visit, shown_item),
    )
    return visit.show(shown_item.label_in(visit.language), *parts)


def _top(visit: Visit, shown_item: Item) -> Html:
    """Cover, description, facts, and what can be done with it."""
    specs = visit.catalog.schema.fields
    rows = [row for spec in specs for row in _fact(visit, shown_item, spec)]
    shown, name = shown_item.title_in(visit.language), shown_item.label_in(visit.language)
    if others := [title for title in (shown_item.title, *shown_item.aka) if title != shown]:
        rows += [tag("dt", visit.say("also_known")), tag("dd", " · ".join(others))]
    clicks = visit.fragments.keep(
        "item.clicks", "div", opinions(shown_item, visit.cards), ways_on(shown_item, visit.cards)
    )
    about = tag("p", shown_item.text, class_="about") if shown_item.text else ""
    return tag(
        "div",
        cover(shown_item, visit.catalog.schema, label=visit.say("cover", label=name), language=visit.language),
        tag("div", original(shown_item, visit.language), about, tag("dl", *rows), clicks),
        class_="item-top",
    )


def _fact(visit: Visit, shown_item: Item, spec: FieldSpec) -> list[Html]:
    told = values_of(shown_item, spec, visit.language)
    label = sentence(spec.label_in(visit.language))
    return [tag("dt", label), tag("dd", " · ".join(told))] if told else []


async def _why(visit: Visit, shown_item: Item) -> Html:
    """What the recommenders say of it for this user and the present wish; nothing where they say nothing."""
    if visit.session.feedback.get(shown_item.item_id):  # who knows it needs no reason
        return Html("")
    told = await visit.agent.explain(visit.session.conversation, shown_item.item_id, language=visit.language)
    if not told.explanation.statements:
        return Html("")
    body = (tag("p", told.explanation.text, class_="reason"), tag("ul", *reasons(told, visit.cards), class_="evidence"))
    return visit.section("item.why", visit.say("why_you"), *body)


async def _similar(visit: Visit, shown_item: Item) -> Html:
    """Items like it."""
    near = await asyncio.to_thread(visit.agent.retriever.similar, shown_item.item_id, MOST_SIMILAR)
    others = visit.items(candidate.item_id for candidate in near)
    if not others:
        return Html("")
    rows = [visit.fragments.keep(f"like.{at}", "li", item_row(visit, other)) for at, other in enumerate(others)]
    return visit.section("item.like", visit.say("similar"), tag("ul", *rows, class_="item-rows"))


def _people(visit: Visit, shown_item: Item) -> Html:
    """Who made it or is in it, and what else of theirs there is."""
    lines: list[Html] = []
    for spec in visit.catalog.schema.fields:
        if spec.people:
            lines += [
                line
                for person in shown_item.values.get(spec.name, ())[:MOST_PEOPLE]
                if (line := _of_person(visit, shown_item, spec, person))
            ]
    if not lines:
        return Html("")
    return visit.section("item.people", visit.say("led_by_people"), tag("ul", *lines, class_="people"))


def _of_person(visit: Visit, shown_item: Item, spec: FieldSpec, person: str) -> Html:
    same = visit.catalog.double_of(shown_item.item_id)
    held = visit.agent.retriever.items_with(spec.name, person, MOST_OTHERS + len(same))
    others = visit.items(item_id for item_id in held if item_id not in same)[:MOST_OTHERS]
    if not others:
        return Html("")
    name = tag("h4", person, " ", tag("span", spec.label_in(visit.language), class_="meta"))
    return tag("li", name, tag("ul", *_links(visit, others)))


def _links(visit: Visit, items: Sequence[Item]) -> list[Html]:
    return [tag("li", item_link(linked, visit.language)) for linked in items]
