"""An item as a card: cover, facts, reason, evidence to unfold, opinions. Pure HTML from data; every text is escaped."""

from collections.abc import Mapping, Sequence

from agent.intent import Chip
from agent.recommendation import Recommendation, Statement
from agent.wording.explain import speaks_for
from agent.wording.messages import comma, number, percent
from agent.wording.messages import label as item_label
from agent.wording.values import card_facts
from retrieval.candidates import Evidence
from retrieval.items import Item
from retrieval.schema import FieldSpec
from ui.page.buttons import opinions, ways_on
from ui.page.card_context import CardContext
from ui.page.covers import cover
from ui.page.fragments import Fragments
from ui.page.links import link_to
from ui.page.markup import Html, join, tag
from ui.page.words import is_word

_QUOTE = 260
LEAST_PART = 0.005
"""A part of the learned score below this is not told."""


def cards(
    recommendations: Sequence[Recommendation], context: CardContext, fragments: Fragments, *, key: str, label: str
) -> Html:
    """A list of cards in order, each a part of its own."""
    items = (
        fragments.keep(f"{key}.{place}", "li", card(recommendation, context), class_="card-slot")
        for place, recommendation in enumerate(recommendations)
    )
    return tag("ol", *items, class_="cards", aria_label=label)


def near_misses(
    recommendations: Sequence[Recommendation], context: CardContext, fragments: Fragments, *, key: str
) -> Html:
    """The group of items that do not keep every limit, under a heading that says so."""
    title = context.say("near")
    listed = cards(recommendations, context, fragments, key=key, label=title)
    return tag("section", tag("h3", title), listed, class_="near", aria_label=title)


def card(recommendation: Recommendation, context: CardContext) -> Html:
    """One item."""
    item = recommendation.item
    label, kind = item.label_in(context.language), context.feedback.get(item.item_id, ("", ""))[0]
    return tag(
        "article",
        cover(item, context.catalog.schema, label=context.say("cover", label=label), language=context.language),
        tag(
            "div",
            _heading(recommendation, context.language),
            original(item, context.language),
            facts(item, context, _told(recommendation, context.language)),
            _badge(recommendation, context),
            tag("p", recommendation.explanation.text, class_="breaks") if recommendation.breaks else "",
            class_="card-body",
        ),
        tag(
            "div",
            tag("p", recommendation.slot, class_="slot") if recommendation.slot else "",
            _reason(recommendation, context),
            tag("p", _clip(item.text), class_="gist") if item.text else Html(""),
            class_="card-text",
        ),
        opinions(item, context),
        ways_on(item, context),
        _why(recommendation, context),
        class_=f"card {kind}".strip(),
        data_item=item.item_id,
        aria_label=label,
    )


def facts(item: Item, context: CardContext, reason: str = "") -> Html:
    """What the schema puts on a card, without the year (it stands in the title) and what the reason says."""
    schema, language = context.catalog.schema, context.language
    told = card_facts(item, schema, language, reason)
    lines = [_fact(schema.field(name), comma(words, language), language) for name, words in told.items()]
    return tag("p", *_separated(lines, " · "), class_="facts")


def chips(
    shown: Sequence[Chip], context: CardContext, *, removable: bool, disabled: bool = False, adds_up: bool = False
) -> Html:
    """What was understood, each with a button that takes it away; one for all said earlier where it adds up.

    Buttons that do nothing yet are there already, so that nothing below moves when they do.
    """
    if not shown:
        return Html("")
    label = tag("span", context.say("understood"), class_="chips-label")
    items = [tag("li", _chip(chip, context, removable=removable, disabled=disabled)) for chip in shown]
    if removable and adds_up:
        name = context.say("only_newest")
        only = tag("button", name, type="button", class_="more", data_do="only", disabled=disabled)
        items.append(tag("li", only))
    return tag("div", label, tag("ul", *items, class_="chips"), class_="understood")


def _chip(chip: Chip, context: CardContext, *, removable: bool, disabled: bool) -> Html:
    title = context.say("lasting") if chip.lasting else None
    class_ = "chip lasting" if chip.lasting else "chip"
    if not removable:
        return tag("span", chip.label, class_=class_, title=title)
    name = context.say("remove", label=chip.label)
    cross = tag("span", "✕", aria_hidden="true", class_="cross")
    return tag(
        "button",
        chip.label,
        cross,
        type="button",
        class_=class_,
        title=title,
        data_do="unchip",
        data_key=chip.key,
        aria_label=name,
        disabled=disabled,
    )


def original(item: Item, language: str) -> Html:
    """The original title, where readers of the language know another one."""
    return tag("p", item.title, class_="original") if item.title_in(language) != item.title else Html("")


def _heading(recommendation: Recommendation, language: str) -> Html:
    item = recommendation.item
    year = tag("span", f" ({item.year})", class_="year") if item.year is not None else ""
    title = tag("a", item.title_in(language), year, href=link_to("item", item.item_id))
    return tag("h4", tag("span", f"{recommendation.rank}. ", class_="rank"), title)


def _badge(recommendation: Recommendation, context: CardContext) -> Html:
    if not recommendation.exploratory:
        return Html("")
    hint = context.say("exploratory_hint", percent=percent(recommendation.propensity, context.language))
    return tag("p", tag("span", context.say("exploratory"), class_="badge", title=hint), class_="badge-line")


def _reason(recommendation: Recommendation, context: CardContext) -> Html:
    """Why the item is here; of a near miss what speaks for it, since what speaks against it stands above."""
    text = _told(recommendation, context.language)
    return tag("p", text, class_="reason") if text else Html("")


def _told(recommendation: Recommendation, language: str) -> str:
    explanation = recommendation.explanation
    return speaks_for(explanation, language) if recommendation.breaks else explanation.text


def _fact(spec: FieldSpec, shown: str, language: str) -> Html:
    return tag("span", spec.fact_of(shown, language) if spec.role else shown, title=spec.label_in(language))


def _separated(parts: Sequence[Html], separator: str) -> list[str]:
    separated: list[str] = []
    for part in parts:
        separated += [separator, part] if separated else [part]
    return separated


def _why(recommendation: Recommendation, context: CardContext) -> Html:
    statements = recommendation.explanation.statements
    item = recommendation.item
    title = context.say("why" if statements else "about")
    parts = reasons(recommendation, context)
    quoted = any(statement.evidence.text == item.text for statement in statements)
    about = tag("p", _clip(item.text), class_="about") if item.text and not quoted else Html("")
    if not parts and not about:
        return Html("")
    body = tag(
        "div",
        tag("ul", *parts, class_="evidence") if parts else "",
        _made_of(recommendation, context),
        about,
        class_="why-body",
    )
    name = f"{title} {item.label_in(context.language)}"
    summary = tag("summary", title, aria_label=name)
    return tag("details", summary, body, class_="why", data_key=f"why:{context.place}:{item.item_id}")


def _made_of(recommendation: Recommendation, context: CardContext) -> Html:
    """What each channel added to the score, the learned part by dimension of interest, and how to ask for more."""
    made = _shares(recommendation.shares, context)
    if not made:
        return Html("")
    parts = {name: value for name, value in recommendation.parts.items() if abs(value) >= LEAST_PART}
    lines = [tag("li", f"{context.say(f'dimension_{name}')} {value:+.2f}") for name, value in parts.items()]
    kind = f"parts_{recommendation.parts_are}"
    learned = ""
    if lines and is_word(kind):
        learned = join((tag("p", context.say("parts_note", kind=context.say(kind)), class_="meta"), tag("ul", *lines)))
    asked = context.say("why_question", label=item_label(recommendation.item, context.language))
    button = tag("button", context.say("what_changed"), type="button", class_="wish", data_do="wish", data_text=asked)
    drawn = _shares_drawn(recommendation.shares)
    return tag("div", drawn, tag("p", made), learned, button, class_="made-of")


def _shares_drawn(shares: Mapping[str, float]) -> Html:
    """The shares as parts of one bar, the largest first, what speaks against it last; the words below say the same."""
    total = sum(abs(share) for share in shares.values())
    order = sorted(shares, key=lambda name: -shares[name])
    parts = (
        tag("i", style=f"width:{abs(shares[name]) / total:.1%}", class_="against" if shares[name] < 0 else None)
        for name in order
        if shares[name]
    )
    return tag("div", *parts, class_="shares", aria_hidden="true")


def _shares(shares: Mapping[str, float], context: CardContext) -> str:
    """'Its score: descriptions 60%, popularity 40%.'; below zero what speaks against it. '' where nothing was added."""
    total = sum(share for share in shares.values() if share > 0)
    if not total:
        return ""
    order = sorted(shares, key=lambda name: -abs(shares[name]))
    told = (f"{context.channel(name)} {percent(shares[name] / total, context.language)}" for name in order)
    return context.say("shares", shares=comma(told, context.language))


def reasons(recommendation: Recommendation, context: CardContext) -> list[Html]:
    """Each claim for an item, with what it rests on."""
    return [tag("li", _statement(statement, context)) for statement in recommendation.explanation.statements]


def _statement(statement: Statement, context: CardContext) -> Html:
    evidence = statement.evidence
    kind = tag("span", context.say(f"evidence_{evidence.kind}"), class_="kind")
    return join((kind, " ", tag("span", statement.text), *_proof(evidence, context)))


def _proof(evidence: Evidence, context: CardContext) -> list[Html]:
    """What the claim rests on, beyond its words."""
    lines: list[Html] = []
    if evidence.path:
        lines.append(tag("span", *_path(evidence.path, context), class_="path"))
    if evidence.text:
        lines.append(tag("q", _clip(evidence.text)))
    known = [item_id for item_id in evidence.item_ids if item_id in context.catalog]
    if known and not evidence.path:
        titles = comma(
            (context.catalog.item(item_id).label_in(context.language) for item_id in known[:5]), context.language
        )
        lines.append(tag("span", titles, class_="meta"))
    score = number(round(evidence.score, 2), context.language)
    notes = [
        context.say("evidence_score", channel=context.channel(evidence.channel), score=score)
        if evidence.score
        else context.channel(evidence.channel)
    ]
    if evidence.count:
        notes.insert(0, context.say("evidence_count", count=evidence.count))
    lines.append(tag("span", " · ".join(notes), class_="meta"))
    return lines


def _path(path: Sequence[tuple[str, str, str]], context: CardContext) -> list[Html]:
    """A chain from the liked item to this one; a step that is stored the other way round points back."""
    here = path[0][0]
    steps = [tag("b", _node(here, "", context))]
    for subject, relation, target in path:
        forward = subject == here or target != here
        here = target if forward else subject
        arrow = f" — {_relation(relation, context)} → " if forward else f" ← {_relation(relation, context)} — "
        steps += [tag("span", arrow, class_="relation"), tag("b", _node(here, relation, context))]
    return steps


def _relation(relation: str, context: CardContext) -> str:
    names = {spec.name: spec.label_in(context.language) for spec in context.catalog.schema.fields}
    return names.get(relation, relation)


def _node(node: str, relation: str, context: CardContext) -> str:
    if node in context.catalog:
        return context.catalog.item(node).label_in(context.language)
    specs = [spec for spec in context.catalog.schema.fields if spec.name == relation]
    return specs[0].value_in(node, context.language) if specs else node


def _clip(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _QUOTE else plain[: _QUOTE - 1].rstrip() + "…"
