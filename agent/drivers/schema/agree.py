"""Where the model confirms the draft, the draft counts as a whole: it knows more of the message than an answer can say.

Where the model departs from it, the model counts.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from agent.drivers.offline import Parsed
from agent.drivers.schema.asking import Asked
from agent.drivers.schema.form import ABOUT, COMPARE, ME, NEWER, OLDER, TALK, Answer, read_answer
from agent.drivers.schema.plan import Arguments
from tools.batch import Call

OPINIONS = ("likes", "similar_to", "dislikes", "seen")


def is_confirmed(answer: Answer, asked: Asked) -> bool:
    """Whether an answer says the same as the draft of it, beside words that it adds.

    A question about items counts only where the draft looks more up than an answer can ask for.
    """
    looks_up = any(call.tool == "graph_lookup" for call in asked.parsed.lookups)
    looks_up = looks_up or (answer.do == COMPARE and not answer.roles)  # of what is on screen, in a field
    if not asked.draft or answer.do in (ME, TALK, OLDER, NEWER) or (answer.do in ABOUT and not looks_up):
        return False
    drafted = read_answer(asked.draft, asked.form)
    same = answer.do == drafted.do and all(answer.roles.get(key) == role for key, role in drafted.roles.items())
    return same and not answer.titles and not answer.forget and answer.count in (None, drafted.count)


def confirmed_calls(answer: Answer, parsed: Parsed, own: Sequence[Call]) -> list[Call]:
    """The draft's calls; the words of the wish are the model's, which knows what is a wish and what is talk.

    Args:
        answer: What the model said.
        parsed: What the draft stands for.
        own: The calls that the answer alone would come to.
    """
    patch: Arguments = {**parsed.patch, **({"language": answer.language} if answer.language else {})}
    said = next((call.arguments for call in own if call.tool == "update_wish"), {})
    if answer.roles:  # of an item the draft may hold two opinions where the model confirmed one
        patch = {key: value for key, value in patch.items() if key not in OPINIONS}
        patch |= {key: said[key] for key in OPINIONS if key in said}
    if parsed.ending.tool == "recommend":
        about = None if _reads_all(parsed) else said.get("about")
        patch = {key: value for key, value in patch.items() if key != "about" or _says_nothing(answer)}
        patch |= {"about": about} if about else {}
        avoid = [*dict.fromkeys((*_listed(patch.get("avoid")), *answer.without))]
        patch |= {"avoid": avoid} if avoid else {}
    return [*([Call("update_wish", patch)] if patch else []), *parsed.lookups, parsed.ending]


def _says_nothing(answer: Answer) -> bool:
    """Whether nothing was read but that something is wanted: then the draft's leftover words are better than none."""
    return not (answer.want or answer.without or answer.count or set(answer.roles.values()) - {"skip"})


def _reads_all(parsed: Parsed) -> bool:
    """Whether the draft read wishes and left no word that more could stand for: what is added then is made up."""
    stated = {"limits", "prefer", "similar_to"} & set(parsed.patch)
    return bool(stated) and not parsed.unread and "about" not in parsed.patch


def _listed(value: JsonValue | None) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
