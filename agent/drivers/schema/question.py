"""The part of the prompt that changes: how much was shown, the wish, what code found, and the message, last."""

import json
import re
from collections.abc import Sequence

from babel import Locale

from agent.conversation import Role
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.form import Form
from agent.drivers.schema.things import things_in, with_it
from agent.drivers.text import Spot
from agent.wording.answers import is_asked
from retrieval.items import Catalog
from retrieval.preference import Constraint, Wish
from retrieval.titles import UNSPACED
from tools.audience import find_audiences
from tools.render import limit_text, one_line

MESSAGE_LIMIT = 1200
"""Characters of a message that the model reads."""
JOINT = " / "
"""Between the messages of a history."""
MOST_PARTS = 9
MOST_OF_HISTORY = 14
"""Things that are listed of a whole history."""
QUOTED = re.compile(r"[\"“„«「『《‘']\s*[^\"”“»」』》’']{2,60}[\"”“»」』》’']")
CAPITALIZED = re.compile(rf"(?<![.!?:…\"“„«]\s)(?<!^)(?<![\w])[^\W\d_{UNSPACED}]\w+")
COUNT = re.compile(
    r"(?<!\d)(?:[1-9]|10)(?!\d)|[一二两三四五六七八九十]|\b(?:one|two|three|four|five|six|ten|zwei|drei|vier|fünf|deux|trois|"
    r"quatre|cinq|dos|tres|cuatro|cinco|due|tre|quattro|cinque|dois|duas|três|quatro|twee|drie|vijf|två|fyra|fem|dwa|dwie|"
    r"trzy|cztery|pięć|два|две|три|четыре|пять|iki|üç|dört|beş)\b",
    re.IGNORECASE,
)
"""Where no such number stands, nobody said how many; which one is meant is for the model to say."""


def form_of(
    view: View,
    spotter: Spotter,
    *,
    has_count: bool = False,
    is_drafted: bool = True,
    language: str = "en",
    spots: Sequence[Spot] | None = None,
) -> Form:
    """What an answer about the turn's message may say.

    Args:
        view: The turn.
        spotter: Finds what the catalog knows.
        has_count: Whether it is known that the message says how many.
        is_drafted: Whether code finds 'the second one' in it; else the model may name places of the list.
        language: The message's.
        spots: What the catalog knows in it, where that was found before.
    """
    message = view.message[:MESSAGE_LIMIT]
    people = view.conversation.last_people() if is_drafted and not find_audiences(message) else ()
    if spots is None or people or len(message) < len(view.message):
        spots = spotter.spot(message, shown=view.shown, language=language, people=people)
    held, things = view.preference, things_in(message, spots, view.catalog, view.shown)
    return Form(
        things if is_drafted else with_it(things, view.conversation.last_about(), view.catalog),
        _wish_keys(view),
        frozenset((limit.field, str(value)) for limit in held.constraints for value in limit.values)
        | {(wish.field, wish.value) for wish in held.wishes},
        bool(view.shown),
        _may_name_more(message, spots) or (not is_drafted and (bool(view.shown) or is_asked(message))),
        has_count or bool(COUNT.search(message)),
        _sides(view),
        has_staff=view.catalog.house.handover is not None,
    )


def question(view: View, form: Form, draft: str = "", language: str = "en") -> str:
    """The last message of the prompt; `language` is the user's."""
    wish = "; ".join(_wish_parts(view))
    lines = [f"shown: {len(view.shown)}" if view.shown else "", f"wish: {wish}" if wish else ""]
    lines += [f"asked: rather {' or '.join(form.sides)}?" if form.sides else ""]
    lines += [thing.line for thing in form.things]
    said = json.dumps(one_line(view.message[:MESSAGE_LIMIT]), ensure_ascii=False)
    lines += [f"message: {said}", f"draft: {draft}" if draft else ""]
    lines += [f"text in: {Locale(language).get_language_name('en')}" if language != "en" else ""]
    return "\n".join(filter(None, lines))


def history_form(said: Sequence[str], catalog: Catalog, spotter: Spotter, language: str = "en") -> Form:
    """What an answer about several messages may say: one wish."""
    whole = JOINT.join(said)
    spots = spotter.spot(whole, language=language)
    things = things_in(whole, spots, catalog, (), most=MOST_OF_HISTORY)
    return Form(things, has_titles=_may_name_more(whole, spots), has_count=bool(COUNT.search(whole)), only_wish=True)


def history_question(said: Sequence[str], form: Form) -> str:
    """The last message of the prompt, where what was said in several messages is to be read as one wish."""
    lines = [thing.line for thing in form.things]
    messages = json.dumps(JOINT.join(map(one_line, said)), ensure_ascii=False)
    return "\n".join([*lines, f"message: {messages}"])


def messages_of(view: View) -> list[str]:
    """The user's messages before this one, as many of the last ones as the model reads."""
    said: list[str] = []
    for role, text in reversed(view.turns()):
        if role is Role.USER and text.strip():
            if sum(map(len, said)) + len(text) > MESSAGE_LIMIT and said:
                break
            said.append(text[-MESSAGE_LIMIT:])
    return said[::-1]


def _sides(view: View) -> tuple[str, ...]:
    """The two values that the last reply asked about."""
    name, _, said = view.conversation.open_inquiry.partition(":")
    first, _, second = said.partition("|")
    known = {spec.name: spec for spec in view.catalog.schema.fields}
    if not second or name not in known:
        return ()
    return tuple(one_line(known[name].value_in(value, "en")) for value in (first, second))


def _may_name_more(message: str, spots: Sequence[Spot]) -> bool:
    """Whether quotes or capitals stand where nothing was found."""
    free = "".join(
        " " if any(spot.start <= at < spot.end for spot in spots) else char for at, char in enumerate(message)
    )
    capitals = (match for match in CAPITALIZED.finditer(free) if match.group()[0].isupper())
    return bool(QUOTED.search(free)) or any(True for _ in capitals)


def _held(view: View) -> list[Constraint | Wish]:
    held: list[Constraint | Wish] = [*view.preference.constraints, *view.preference.wishes]
    return held[:MOST_PARTS]


def _wish_keys(view: View) -> dict[str, str]:
    """Number -> what `update_wish` takes as `drop`."""
    keys = [held.key for held in _held(view)] + (["about"] if view.preference.text else [])
    return {str(number): key for number, key in enumerate(keys, 1)}


def _wish_parts(view: View) -> list[str]:
    parts = [_part(held) for held in _held(view)]
    parts += [f"about: {one_line(view.preference.text)}"] if view.preference.text else []
    return [f"{number} {part}" for number, part in enumerate(parts, 1)]


def _part(held: Constraint | Wish) -> str:
    if isinstance(held, Constraint):
        return limit_text(held)
    return f"{'avoid' if held.weight < 0 else 'prefer'} {one_line(held.value)}"
