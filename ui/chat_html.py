"""The conversation as HTML: turns, the answer as it grows, the welcome, and how the items were found."""

import json
from collections.abc import Mapping, Sequence

from agent.intent import Act
from agent.recommendation import LlmRun, Recommendation, ToolRun, Trace
from retrieval.items import Catalog
from ui.cards import CardContext, cards, chips, near_misses
from ui.chat_state import ChatTurn, Session
from ui.covers import cover
from ui.markup import Html, join, paragraphs, tag
from ui.words import word

_LISTS = (Act.RECOMMEND, Act.REFINE)
_ANSWERS = (Act.ASK, Act.CHAT)
"""What was understood so far does not bear on these."""
_STAGES = ("understand", "act", "rank", "explore", "cards", "write", "total")


def log_html(session: Session, catalog: Catalog, picks: Sequence[str] = ()) -> Html:
    """All turns; the welcome when there are none. `picks` are the item ids of the taste picker."""
    if not session.turns:
        return welcome_html(session, catalog, picks)
    last = len(session.turns) - 1
    turns = (turn_html(turn, at, session, catalog, is_last=at == last) for at, turn in enumerate(session.turns))
    return tag("div", *turns, class_="turns", role="log", aria_label=word("conversation", session.language))


def turn_html(turn: ChatTurn, at: int, session: Session, catalog: Catalog, *, is_last: bool) -> Html:
    """One exchange: message, chips, notices, cards, prose, and how it came about."""
    language = turn.language(session.language)
    context = CardContext(catalog, language, session.feedback, place=f"{session.conversation.conversation_id[:8]}-{at}")
    busy = is_last and session.running
    found = () if turn.intent is None or turn.intent.act in _ANSWERS else turn.intent.chips
    return tag(
        "section",
        _said(turn, session.language),
        chips(found, context, removable=is_last and not busy),
        _lists(turn, context, busy=busy),
        Html("") if busy else tag("div", paragraphs(turn.text), class_="prose-text") if turn.text else Html(""),
        tag("p", word("stopped", language), class_="stopped", role="status") if turn.stopped else Html(""),
        tag("p", turn.error[:1].upper() + turn.error[1:], class_="error", role="alert") if turn.error else Html(""),
        how_html(turn, context) if turn.trace is not None and not busy else Html(""),
        class_="turn",
        data_turn=str(at),
        aria_busy="true" if busy else None,
    )


def live_html(session: Session) -> Html:
    """The answer while it is being written, and what is going on."""
    if not session.running or not session.turns:
        return Html("")
    turn = session.turns[-1]
    status = tag(
        "p",
        tag("span", class_="pulse", aria_hidden="true"),
        word(session.status, turn.language(session.language)),
        class_="status",
        role="status",
    )
    return tag(
        "div", tag("div", paragraphs(turn.text), class_="prose-text") if turn.text else "", status, class_="live"
    )


def welcome_html(session: Session, catalog: Catalog, picks: Sequence[str]) -> Html:
    """Starter wishes and the taste picker for somebody who has not said anything yet."""
    language = session.language
    schema = catalog.schema
    starters = [
        tag("li", tag("button", wish, type="button", class_="wish", data_do="wish", data_text=wish))
        for wish in schema.wishes.get(language) or schema.wishes.get("en", ())
    ]
    return tag(
        "div",
        tag("h2", word("hello", language)),
        tag("p", word("hello_lead", language), class_="lead") if starters else "",
        tag("ul", *starters, class_="wishes"),
        _picker(session, catalog, picks) if picks else "",
        class_="welcome",
    )


def how_html(turn: ChatTurn, context: CardContext) -> Html:
    """How the items were found: tools, scores by channel, what counted for this person, model calls, times."""
    trace = turn.trace or Trace()
    shown = (*turn.recommendations, *turn.near_misses)
    body = tag(
        "div",
        _tools(trace.tools, context) if trace.tools else "",
        _scores(shown, context) if any(one.channels for one in shown) else "",
        _dimensions(trace.dimensions, shown, context) if trace.dimensions else "",
        _model(trace.llm, context),
        _times(trace, context) if trace.seconds else "",
        class_="how-body",
    )
    return tag("details", tag("summary", context.say("how")), body, class_="how", data_key=f"how:{context.place}")


def _said(turn: ChatTurn, language: str) -> Html:
    if not turn.message:
        return tag("p", turn.title, class_="said-title") if turn.title else Html("")
    name = tag("span", f"{word('you', language)}: ", class_="hidden-name")
    return tag("div", name, *paragraphs_inline(turn.message), class_="said")


def paragraphs_inline(text: str) -> tuple[Html]:
    """A person's message; very long ones are cut in view, not in what was sent."""
    shown = text if len(text) <= 2000 else text[:2000] + " …"
    return (paragraphs(shown),)


def _lists(turn: ChatTurn, context: CardContext, *, busy: bool) -> Html:
    if not turn.has_cards:
        waits = busy and turn.intent is not None and turn.intent.act in _LISTS
        return _skeleton(turn.intent.preference.count) if waits and turn.intent is not None else Html("")
    parts: list[Html] = [tag("p", notice, class_="notice") for notice in turn.notices]
    if turn.recommendations and turn.knowing:
        parts.append(tag("p", turn.knowing, class_="knowing"))
    if turn.recommendations:
        parts.append(cards(turn.recommendations, context, label=context.say("suggestions")))
    elif turn.near_misses and turn.intent is not None and turn.intent.chips and not turn.notices:
        parts.append(tag("p", context.say("try_less"), class_="notice"))
    if turn.near_misses:
        parts.append(near_misses(turn.near_misses, context))
    return join(parts)


def _skeleton(count: int) -> Html:
    slot = tag("li", tag("div", class_="card skeleton"), class_="card-slot")
    return tag("ol", *[slot] * min(count, 6), class_="cards", aria_hidden="true")


def _picker(session: Session, catalog: Catalog, picks: Sequence[str]) -> Html:
    language, nouns = session.language, catalog.schema.nouns_in(session.language)
    tiles = [_tile(session, catalog, item_id) for item_id in picks]
    count = sum(1 for item_id in picks if session.feedback.get(item_id, ("", ""))[0] == "like")
    go = tag(
        "button",
        word("taste_go", language, nouns=nouns),
        type="button",
        class_="primary",
        data_do="picks",
        disabled=not count,
    )
    counted = tag("span", word("taste_count", language, count=count), class_="count", role="status")
    return tag(
        "section",
        tag("h3", word("taste_title", language, nouns=nouns)),
        tag("p", word("taste_lead", language), class_="lead"),
        tag("div", go, counted, class_="picker-go"),
        tag("ul", *tiles, class_="tiles"),
        class_="picker",
    )


def _tile(session: Session, catalog: Catalog, item_id: str) -> Html:
    item = catalog.item(item_id)
    liked = session.feedback.get(item_id, ("", ""))[0] == "like"
    return tag(
        "li",
        tag(
            "button",
            cover(item, catalog.schema, label=""),
            tag("span", item.label, class_="tile-title"),
            tag("span", "♥", class_="heart", aria_hidden="true"),
            type="button",
            class_="tile",
            data_do="undo" if liked else "feedback",
            data_item=item_id,
            data_kind="like",
            aria_pressed="true" if liked else "false",
            aria_label=f"{word('like', session.language)}: {item.label}",
        ),
    )


def _tools(runs: Sequence[ToolRun], context: CardContext) -> Html:
    rows = [_tool(run, context) for run in runs]
    return tag("section", tag("h5", context.say("tools")), tag("ul", *rows, class_="runs"))


def _tool(run: ToolRun, context: CardContext) -> Html:
    arguments = json.dumps(dict(run.arguments), ensure_ascii=False)
    result = run.error or context.say("found", count=run.found)
    time = context.say("milliseconds", ms=f"{run.seconds * 1000:.0f}")
    return tag(
        "li",
        tag("code", run.name, class_="tool-name"),
        tag("span", f"{result} · {time}", class_="meta late" if run.error else "meta"),
        tag("code", arguments, class_="arguments"),
    )


def _scores(shown: Sequence[Recommendation], context: CardContext) -> Html:
    channels = list(dict.fromkeys(name for one in shown for name in one.channels))
    best = {name: max(abs(one.channels.get(name, 0.0)) for one in shown) or 1.0 for name in channels}
    head = tag("tr", tag("td"), *(tag("th", context.channel(name), scope="col") for name in channels))
    rows = [
        tag(
            "tr",
            tag("th", one.item.label, scope="row"),
            *(tag("td", _bar(one.channels.get(name), best[name])) for name in channels),
        )
        for one in shown
    ]
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll", tabindex="0")
    return tag("section", tag("h5", context.say("scores")), table, tag("p", context.say("scores_note"), class_="meta"))


def _dimensions(weights: Mapping[str, float], shown: Sequence[Recommendation], context: CardContext) -> Html:
    """How much each dimension of interest counted, and what each added to every item."""
    names = sorted(weights, key=lambda name: -weights[name])
    head = tag("tr", tag("td"), *(tag("th", _dimension(name, context), scope="col") for name in names))
    most = max(weights.values()) or 1.0
    shares = (tag("td", _bar(weights[name], most, f"{weights[name]:.0%}")) for name in names)
    rows = [tag("tr", tag("th", context.say("dimension_weight"), scope="row"), *shares)]
    best = max((abs(value) for one in shown for value in one.parts.values()), default=0.0) or 1.0
    rows += [
        tag(
            "tr",
            tag("th", one.item.label, scope="row"),
            *(tag("td", _bar(one.parts.get(name), best)) for name in names),
        )
        for one in shown
        if one.parts
    ]
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll", tabindex="0")
    note = tag("p", context.say("dimensions_note"), class_="meta")
    return tag("section", tag("h5", context.say("dimensions")), table, note)


def _dimension(name: str, context: CardContext) -> str:
    """A dimension's name for people."""
    return context.say(f"dimension_{name}")


def _bar(score: float | None, best: float, text: str = "") -> Html:
    if score is None:
        return tag("span", "–", class_="meta")
    width = max(0.0, min(1.0, score / best))
    bar = tag("span", tag("span", style=f"width:{width:.0%}"), class_="bar", aria_hidden="true")
    return join((bar, tag("span", text or f"{score:.3g}", class_="number")))


def _model(runs: Sequence[LlmRun], context: CardContext) -> Html:
    rows = [_llm(run, context) for run in runs] or [tag("li", context.say("model_none"))]
    return tag("section", tag("h5", context.say("model")), tag("ul", *rows, class_="runs"))


def _llm(run: LlmRun, context: CardContext) -> Html:
    purpose = context.say(run.purpose) if run.purpose in ("understand", "write") else run.purpose
    tokens = context.say("tokens", prompt=run.prompt_tokens, cached=run.cached_tokens, completion=run.completion_tokens)
    notes = f"{context.say('seconds', seconds=f'{run.seconds:.1f}')} · {run.error or tokens}"
    return tag("li", tag("span", purpose, class_="tool-name"), tag("span", notes, class_="meta"))


def _times(trace: Trace, context: CardContext) -> Html:
    known = [name for name in _STAGES if name in trace.seconds]
    notes = [f"{context.say(name)} {context.say('seconds', seconds=f'{trace.seconds[name]:.2f}')}" for name in known]
    return tag("section", tag("h5", context.say("times")), tag("p", " · ".join(notes), class_="meta"))
