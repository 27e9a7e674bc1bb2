"""A person's taste as it is known: opinions, what always holds, and what is believed, each open to change."""

import asyncio
from collections.abc import Sequence

from retrieval.schema import FieldKind
from retrieval.state import Feedback, FeedbackKind
from retrieval.tendencies import Tendency
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, tag
from ui.page.sidebar import taste_label
from ui.page.views.frame import Visit, item_link

MOST_SHOWN = 24
"""Opinions of one kind that are listed, the newest."""
_KINDS = {FeedbackKind.LIKE: "liked_ones", FeedbackKind.DISLIKE: "disliked_ones", FeedbackKind.SEEN: "seen_ones"}
MUCH, SOME = 0.8, 0.2
"""From how many standard deviations among strangers on somebody answers much more, or somewhat more, than most."""
HARDLY, FAIRLY = 0.85, 0.6
"""What share of the doubt about a stranger is left where hardly anything is known, and where some is."""
REACH = 2.5
"""How many standard deviations a drawing shows to either side."""


async def taste(visit: Visit) -> Fragments:
    """Opinions with where they were given, lasting limits, and the belief with its doubt."""
    given: list[Feedback] = []
    if visit.user_id is not None:
        given = await asyncio.to_thread(visit.agent.state.feedback_of, visit.user_id)
    believed = await visit.agent.tendencies(visit.session.conversation)
    return visit.show(
        visit.say("taste"),
        tag("div", _lasting(visit), *(_opinions(visit, given, kind) for kind in _KINDS), class_="taste-kept"),
        _belief(visit, believed),
        tag("a", visit.say("import"), href=link_to("import"), class_="quiet"),
        lead=visit.say("taste_view_lead"),
    )


def _opinions(visit: Visit, given: Sequence[Feedback], kind: FeedbackKind) -> Html:
    """The items of one kind of opinion, the newest first; each once, with its last opinion."""
    last = {opinion.item_id: opinion for opinion in given}
    kept = [opinion for opinion in reversed(last.values()) if opinion.kind is kind and opinion.item_id in visit.catalog]
    title = visit.say(_KINDS[kind], count=len(kept))
    if not kept:
        return Html("")
    rows = [
        visit.fragments.keep(f"{kind}.{at}", "li", *_opinion(visit, opinion))
        for at, opinion in enumerate(kept[:MOST_SHOWN])
    ]
    left = len(kept) - len(rows)
    more = tag("p", visit.say("and_more", count=left), class_="meta") if left else ""
    return visit.section(f"taste.{kind}", title, tag("ul", *rows, class_="taste-rows"), more)


def _opinion(visit: Visit, opinion: Feedback) -> list[Html]:
    item = visit.catalog.item(opinion.item_id)
    undo = tag(
        "button",
        visit.say("undo"),
        type="button",
        class_="more",
        data_do="undo",
        data_item=opinion.item_id,
        aria_label=visit.say("pair", name=visit.say("undo"), text=item.label_in(visit.language)),
    )
    return [item_link(item, visit.language), _source(visit, opinion), undo]


def _source(visit: Visit, opinion: Feedback) -> Html:
    """The conversation that it was given in, one click away."""
    row = next(
        (row for row in visit.session.rows if row.conversation_id == opinion.conversation_id and row.title), None
    )
    if row is None:
        return Html("")
    told = visit.say("said_in" if opinion.source == "said" else "clicked_in", title=row.title)
    return tag("button", told, type="button", class_="source", data_do="open", data_conversation=row.conversation_id)


def _lasting(visit: Visit) -> Html:
    """Limits and wishes that always hold, each with the words that it was said in."""
    rows = []
    for at, lasting in enumerate(visit.session.tastes):
        label = taste_label(lasting, visit.catalog, visit.language)
        said = tag("q", lasting.words, class_="meta") if lasting.words and lasting.words != label else ""
        drop = tag(
            "button",
            visit.say("undo"),
            type="button",
            class_="more",
            data_do="untaste",
            data_key=lasting.key,
            aria_label=visit.say("remove", label=label),
        )
        rows.append(visit.fragments.keep(f"lasting.{at}", "li", tag("span", label), said, drop))
    none = tag("p", visit.say("tastes_none"), class_="meta")
    body = tag("ul", *rows, class_="taste-rows") if rows else none
    return visit.section("taste.lasting", visit.say("tastes"), body)


def _belief(visit: Visit, believed: Sequence[Tendency]) -> Html:
    """What is believed, field by field; the widest lead first, decades in their order."""
    fields = dict.fromkeys(tendency.field for tendency in believed)
    groups = [_of_field(visit, name, [tendency for tendency in believed if tendency.field == name]) for name in fields]
    if not groups:
        return Html("")
    note = tag("p", visit.say("belief_note"), class_="meta")
    return visit.section("taste.belief", visit.say("belief"), note, tag("div", *groups, class_="beliefs"))


def _of_field(visit: Visit, name: str, tendencies: Sequence[Tendency]) -> Html:
    spec = visit.catalog.schema.field(name)
    is_span = spec.kind is FieldKind.NUMBER
    at = {tendency.value: place for place, tendency in enumerate(tendencies)}
    order = tendencies if is_span else sorted(tendencies, key=lambda tendency: -tendency.mean)
    rows = []
    for tendency in order:
        key = f"belief.{name}.{at[tendency.value]}"
        label = spec.value_in(tendency.value, visit.language)
        drawn = visit.fragments.keep(f"{key}.drawn", "div", _drawn(visit, tendency), class_="drawn")
        rows.append(
            visit.fragments.keep(key, "li", tag("span", label, class_="of"), drawn, _leaning(visit, tendency, label))
        )
    label = visit.say("decade") if spec.unit == "year" else spec.label_in(visit.language)
    title = label[:1].upper() + label[1:]
    return visit.fragments.keep(f"belief.{name}", "section", tag("h4", title), tag("ul", *rows), aria_label=title)


def _drawn(visit: Visit, tendency: Tendency) -> Html:
    """A dot where the taste is believed to lie, in a band as wide as the doubt; the same in words."""
    place = min(max(tendency.mean / REACH, -1.0), 1.0)
    style = f"--at:{place:.2f};--off:{min(tendency.deviation / REACH, 1.0):.2f}"
    scale = tag("span", tag("i"), class_="tendency", style=style, aria_hidden="true")
    sure = "hardly" if tendency.deviation >= HARDLY else "fairly" if tendency.deviation >= FAIRLY else "well"
    degree = _degree(tendency)
    words = [visit.say(key) for key in (f"tends_{degree}" if degree else "", f"sure_{sure}") if key]
    return Html(scale + tag("span", " · ".join(words), class_="meta"))


def _degree(tendency: Tendency) -> str:
    """As much as still holds where the belief is off by one deviation; '' where nothing can be said."""
    least, is_known = abs(tendency.mean) - tendency.deviation, tendency.deviation < HARDLY
    if abs(tendency.mean) < SOME:
        return "like_most" if is_known else ""
    is_much = least >= SOME and abs(tendency.mean) >= MUCH
    size = "maybe_" if least <= 0 or not is_known else "much_" if is_much else ""
    return f"{size}{'more' if tendency.mean > 0 else 'less'}"


def _leaning(visit: Visit, tendency: Tendency, label: str) -> Html:
    """More of it from now on, or less; what was chosen can be taken back."""
    held = {kept.key for kept in visit.session.tastes}
    buttons = []
    for name, kind in (("more_of", "wish"), ("less_of", "less")):
        key = f"{tendency.field}:{kind}:{tendency.value}"
        is_held = key in held
        buttons.append(
            tag(
                "button",
                visit.say(name),
                type="button",
                class_="opinion",
                data_do="untaste" if is_held else "lean",
                data_key=key,
                aria_pressed=str(is_held).lower(),
                aria_label=visit.say("pair", name=visit.say(name), text=label),
            )
        )
    return tag("div", *buttons, class_="leaning", role="group", aria_label=label)
