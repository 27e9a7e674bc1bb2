"""How a turn came about, as HTML: who led, tools, scores by channel, what counted, model calls, times."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from agent.recommendation import LlmRun, Recommendation, ToolRun, Trace
from agent.wording.messages import number, percent, sentence
from tools import ENDINGS, PATCHES
from ui.page.card_context import CardContext
from ui.page.markup import Html, join, tag
from ui.page.words import is_word

_STAGES = ("drive", "rank", "explore", "cards", "write", "total")
_ERRORS = {"late": "late", "failed": "failed_tool", "refused": "refused"}
_FIND_NOTHING = frozenset((*PATCHES, *ENDINGS))
"""Tools of which it says nothing how much they found."""
_LONGEST_ARGUMENTS = 240


def how_html(trace: Trace, shown: Sequence[Recommendation], context: CardContext) -> Html:
    """How the items were found: who led, tools, scores by channel, what counted for this person, model calls, times."""
    body = tag(
        "div",
        _lead(trace, context) if trace.driver else "",
        _tools(trace, context) if trace.tools else "",
        _scores(shown, context) if any(card.channels for card in shown) else "",
        _dimensions(trace.dimensions, shown, trace.parts_are, context) if trace.dimensions else "",
        _model(trace, context),
        _times(trace, context) if trace.seconds else "",
        class_="how-body",
    )
    return tag("details", tag("summary", context.say("how")), body, class_="how", data_key=f"how:{context.place}")


def _lead(trace: Trace, context: CardContext) -> Html:
    """Which driver led the turn, and why that one."""
    key = f"driver_{trace.driver}"
    name = context.say(key) if is_word(key) else trace.driver
    told = f"{name} ({trace.reason})" if trace.reason and trace.driver != "click" else name
    return tag("section", tag("h3", context.say("lead")), tag("p", told, class_="meta"))


def _tools(trace: Trace, context: CardContext) -> Html:
    """Each call with when it ran within the turn."""
    whole = max([trace.seconds.get("total", 0.0), *(run.at + run.seconds for run in trace.tools)]) or 1.0
    rows = [_tool(run, whole, context) for run in trace.tools]
    return tag("section", tag("h3", context.say("tools")), tag("ul", *rows, class_="runs"))


def _tool(run: ToolRun, whole: float, context: CardContext) -> Html:
    notes = [context.say("milliseconds", ms=number(round(run.seconds * 1000), context.language))]
    if run.error:
        notes.insert(0, context.say(_ERRORS[run.error]) if run.error in _ERRORS else run.error)
    elif run.name not in _FIND_NOTHING:
        notes.insert(0, context.say("found", count=run.found))
    arguments = _brief(run.arguments)
    return tag(
        "li",
        tag("code", run.name, class_="tool-name"),
        tag("span", " · ".join(notes), class_="meta late" if run.error else "meta"),
        tag("span", _when(run.at, run.seconds, whole), class_="timeline", aria_hidden="true"),
        tag("code", arguments, class_="arguments") if arguments else "",
    )


def _when(at: float, seconds: float, whole: float) -> Html:
    """From when to when in a turn, as a piece of the line that is the whole turn."""
    return tag("i", style=f"left:{at / whole:.1%};width:{seconds / whole:.1%}")


def _brief(arguments: Mapping[str, JsonValue]) -> str:
    """What a call was given, without what was left empty; cut where it is long."""
    given = {name: value for name, value in arguments.items() if value not in (None, "", [], {})}
    text = json.dumps(given, ensure_ascii=False) if given else ""
    return text if len(text) <= _LONGEST_ARGUMENTS else f"{text[: _LONGEST_ARGUMENTS - 1]}…"


def _scores(shown: Sequence[Recommendation], context: CardContext) -> Html:
    channels = list(dict.fromkeys(name for card in shown for name in card.channels))
    best = {name: max(abs(card.channels.get(name, 0.0)) for card in shown) or 1.0 for name in channels}
    head = tag("tr", tag("td"), *(tag("th", context.channel(name), scope="col") for name in channels))
    rows = [
        tag(
            "tr",
            tag("th", card.item.label_in(context.language), scope="row"),
            *(tag("td", _bar(card.channels.get(name), best[name])) for name in channels),
        )
        for card in shown
    ]
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll", tabindex="0")
    return tag("section", tag("h3", context.say("scores")), table, tag("p", context.say("scores_note"), class_="meta"))


def _dimensions(
    weights: Mapping[str, float], shown: Sequence[Recommendation], parts_are: str, context: CardContext
) -> Html:
    """How much each dimension of interest counted, and what each added to every item."""
    names = sorted(weights, key=lambda name: -weights[name])
    head = tag("tr", tag("td"), *(tag("th", _dimension(name, context), scope="col") for name in names))
    most = max(weights.values()) or 1.0
    shares = (tag("td", _bar(weights[name], most, percent(weights[name], context.language))) for name in names)
    rows = [tag("tr", tag("th", context.say("dimension_weight"), scope="row"), *shares)]
    best = max((abs(value) for card in shown for value in card.parts.values()), default=0.0) or 1.0
    rows += [
        tag(
            "tr",
            tag("th", card.item.label_in(context.language), scope="row"),
            *(tag("td", _bar(card.parts.get(name), best)) for name in names),
        )
        for card in shown
        if card.parts
    ]
    table = tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll", tabindex="0")
    notes = [context.say("dimensions_note")]
    notes += [sentence(context.say(f"parts_{parts_are}"))] if is_word(f"parts_{parts_are}") else []
    told = (tag("p", note, class_="meta") for note in notes)
    return tag("section", tag("h3", context.say("dimensions")), table, *told)


def _dimension(name: str, context: CardContext) -> str:
    """A dimension's name for people."""
    return context.say(f"dimension_{name}")


def _bar(score: float | None, best: float, text: str = "") -> Html:
    if score is None:
        return tag("span", "–", class_="meta")
    width = max(0.0, min(1.0, score / best))
    bar = tag("span", tag("span", style=f"width:{width:.0%}"), class_="bar", aria_hidden="true")
    return join((bar, tag("span", text or f"{score:.3g}", class_="number")))


def _model(trace: Trace, context: CardContext) -> Html:
    rows = [_llm(run, context) for run in trace.llm] or [tag("li", context.say("model_none"))]
    if trace.dropped:
        rows.append(tag("li", context.say("dropped", count=trace.dropped), class_="meta"))
    return tag("section", tag("h3", context.say("model")), tag("ul", *rows, class_="runs"))


def _llm(run: LlmRun, context: CardContext) -> Html:
    key = f"purpose_{run.purpose}"
    purpose = context.say(key) if is_word(key) else run.purpose
    counts = (run.prompt_tokens, run.cached_tokens, run.completion_tokens)
    prompt, cached, completion = (number(count, context.language) for count in counts)
    tokens = context.say("tokens", prompt=prompt, cached=cached, completion=completion)
    notes = f"{_seconds(run.seconds, context)} · {run.error or tokens}"
    return tag("li", tag("span", purpose, class_="tool-name"), tag("span", notes, class_="meta"))


def _times(trace: Trace, context: CardContext) -> Html:
    known = [name for name in _STAGES if name in trace.seconds]
    notes = [f"{context.say(name)} {_seconds(trace.seconds[name], context)}" for name in known]
    return tag("section", tag("h3", context.say("times")), tag("p", " · ".join(notes), class_="meta"))


def _seconds(seconds: float, context: CardContext) -> str:
    return context.say("seconds", seconds=number(round(seconds, 2), context.language))
