"""What code read of a message stays; the model reads what code left, and decides where code could not.

A small model that may correct everything spoils as much of a right draft as it mends of a wrong one.
"""

from dataclasses import replace

from pydantic import JsonValue

from agent.drivers.acts import ABOUT, COMPARE, COUNTS, FACTS, FIND, INSTEAD, LISTS, ME, NEWER, OLDER, TALK, TELL
from agent.drivers.reading import Parsed
from agent.drivers.schema.asking import Asked
from agent.drivers.schema.form import SKIP, Answer, read_answer
from agent.drivers.schema.plan import Arguments, Plan
from agent.drivers.schema.things import Kind
from tools.batch import Call
from tools.placing import fold

UNREAD = ("unread_question", "unfollowed", "talk_later")
"""What the offline driver says of what it did not read, or takes for no wish."""
LISTED = ("limits", "likes", "similar_to", "dislikes", "seen", "save", "passed_over", "audience", "drop")
"""Parts of a wish that add up."""


def is_read(asked: Asked) -> bool:
    """Whether a model need not be asked: code read a question about items, or left no word and no thing."""
    parsed, drafted = asked.parsed, read_answer(asked.draft, asked.form)
    is_said = parsed.saying not in UNREAD and (parsed.saying or parsed.ending.arguments.get("kind", TALK) != TALK)
    is_whole = drafted.do in ABOUT or len(parsed.lookups) > 1 or "save" in parsed.patch  # more than a draft can say
    is_whole = is_whole or all(thing.key in drafted.roles for thing in asked.form.things)
    said = {*parsed.patch} - {"language"} or parsed.lookups or parsed.leaning or is_said
    if drafted.do in ABOUT and parsed.ending.arguments.get("items"):  # what else is said with it changes no answer
        return drafted.do != FACTS or bool(parsed.lookups)
    return bool(said) and is_whole and not parsed.left


def held(answer: Answer, asked: Asked) -> Answer:
    """An answer in which stays what the draft read: values and numbers always, all of it where both decide the same.

    A question that code read stays one; where it read wishes only, the model may still say what is asked of an item.
    Where all that it read is refused, the old wish stays: 'no cartoons, real actors' adds to it. It stays, too, where
    nothing is named and no word turns away from it: 'something not so famous'.
    """
    drafted = read_answer(asked.draft, asked.form)
    is_refusal = {*drafted.roles.values()} in ({"no"}, {"never"})
    named = {fold(value) for _, value in asked.form.wanted} & {fold(words) for words in answer.want}
    is_mood = {*answer.roles.values()} <= {"no", "never", SKIP} and not (named or answer.titles or asked.parsed.turns)
    if answer.do == INSTEAD != drafted.do and (is_refusal or is_mood):
        answer = replace(answer, do=FIND)
    items = {thing.key for thing in asked.form.things if thing.kind is Kind.ITEM}
    stated = {key: role for key, role in drafted.roles.items() if key not in items}
    is_told = drafted.do in (FIND, TELL) and (answer.do not in (TALK, ME) or not stated)
    if drafted.do == TALK or (is_told and answer.do not in (FIND, TELL)):
        return replace(answer, roles={**answer.roles, **stated})
    titles = answer.titles if answer.do in (FIND, TELL) else ()
    return replace(answer, do=drafted.do, roles={**answer.roles, **drafted.roles}, titles=titles)


def calls_of(answer: Answer, asked: Asked, plan: Plan) -> list[Call]:
    """The draft's calls with what the model adds, where both decide the same; else those of the answer."""
    drafted, parsed, own = read_answer(asked.draft, asked.form), asked.parsed, plan.calls(answer)
    looks_up = any(call.tool == "graph_lookup" for call in parsed.lookups) or (
        answer.do == COMPARE and not answer.roles
    )
    is_own = answer.do in (ME, TALK, OLDER, NEWER) or (answer.do in ABOUT and not looks_up)
    if answer.do != drafted.do or is_own or parsed.ambiguous:
        return own
    patch: Arguments = {**parsed.patch, **({"language": answer.language} if answer.language else {})}
    if parsed.ending.tool == "recommend":
        roles = {key: role for key, role in answer.roles.items() if key not in drafted.roles}
        added = plan.patch(replace(answer, roles=roles))
        for key in (key for key in LISTED if added.get(key)):
            patch[key] = _together(patch.get(key), added[key])
        patch |= {key: added[key] for key in ("count", "novelty") if key in added and key not in patch}
        patch |= {"about": added["about"]} if "about" in added else {}
        avoid = [*dict.fromkeys((*_listed(patch.get("avoid")), *answer.without))]
        patch |= {"avoid": avoid} if avoid else {}
    return [*([Call("update_wish", patch)] if patch else []), *parsed.lookups, parsed.ending]


def told(answer: Answer) -> str:
    """What a model put into English of a message in another language, as a message."""
    return "; ".join((*answer.want, *(f"no {words}" for words in answer.without)))


def calls_with(answer: Answer, parsed: Parsed, plan: Plan, own: str | None = None) -> list[Call]:
    """The answer's calls, its English words as code read them.

    Args:
        answer: About a message in a language whose words code does not know.
        parsed: What `told` reads as.
        plan: Makes the calls.
        own: What the message is about in its own words, where it is about something.
    """
    read = {key: value for key, value in parsed.patch.items() if key != "language"}
    if not read or answer.do not in (*LISTS, *COUNTS):
        return [_about(call, own) for call in plan.calls(answer)]
    calls = plan.calls(replace(answer, want=(), without=()))
    if answer.do in COUNTS:
        return [_limited(call, _listed(read.get("limits"))) if call.tool == "graph_lookup" else call for call in calls]
    patch: Arguments = {**read}
    for call in (call for call in calls if call.tool == "update_wish"):
        both = {key for key in LISTED if call.arguments.get(key) and read.get(key)}
        added = {key: _together(call.arguments[key], read[key]) for key in both}
        patch = {**read, **call.arguments, **added}
    return [_about(Call("update_wish", patch), own), *(call for call in calls if call.tool != "update_wish")]


def _about(call: Call, own: str | None) -> Call:
    """A patch that is about something, about it in the user's own words."""
    return Call(call.tool, {**call.arguments, "about": own}) if own and "about" in call.arguments else call


def _limited(call: Call, limits: list[JsonValue]) -> Call:
    return Call(call.tool, {**call.arguments, "limits": [*_listed(call.arguments.get("limits")), *limits]})


def _together(first: JsonValue | None, second: JsonValue | None) -> list[JsonValue]:
    return [*(old := _listed(first)), *(new for new in _listed(second) if new not in old)]


def _listed(value: JsonValue | None) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
