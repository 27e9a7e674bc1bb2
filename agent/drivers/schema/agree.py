"""Where the model confirms the draft, the draft counts as a whole: it knows more of the message than an answer can say.

Where the model departs from it, the model counts; only words that nothing else stands for are kept from the draft.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from agent.drivers.offline import Parsed
from agent.drivers.schema.form import COUNTS, LISTS, Answer, Form, read_answer
from agent.drivers.schema.plan import Arguments
from tools.batch import Call


def is_confirmed(answer: Answer, draft: str, form: Form) -> bool:
    """Whether an answer says the same as the draft of it, beside words that it adds."""
    if not draft or answer.do not in (*LISTS, *COUNTS):
        return False  # a question about items and talk say more in the model's answer
    drafted = read_answer(json.dumps(json.loads(draft)), form)
    same = answer.do == drafted.do and all(answer.roles.get(key) == role for key, role in drafted.roles.items())
    return same and not answer.titles and not answer.forget and answer.count in (None, drafted.count)


def confirmed_calls(answer: Answer, parsed: Parsed) -> list[Call]:
    """The draft's calls, with what the model adds in words."""
    patch: Arguments = {**parsed.patch}
    if parsed.ending.tool == "recommend":
        about = ", ".join(dict.fromkeys((*_words(patch.get("about")), *answer.want)))
        avoid = [*dict.fromkeys((*_listed(patch.get("avoid")), *answer.without))]
        patch |= {"about": about} if about else {}
        patch |= {"avoid": avoid} if avoid else {}
    return [*([Call("update_wish", patch)] if patch else []), *parsed.lookups, parsed.ending]


def with_words(calls: Sequence[Call], answer: Answer, parsed: Parsed) -> list[Call]:
    """The model's calls; a wish without words of its own takes those that the draft found."""
    about = _words(parsed.patch.get("about"))
    if answer.do not in LISTS or answer.want or not about:
        return list(calls)
    patches = [call for call in calls if call.tool == "update_wish"]
    if not patches:
        return [Call("update_wish", {"about": about[0]}), *calls]
    first = patches[0]
    if first.arguments.get("about"):
        return list(calls)
    filled = replace(first, arguments={**first.arguments, "about": about[0]})
    return [filled if call is first else call for call in calls]


def _words(about: JsonValue | None) -> list[str]:
    return [about] if isinstance(about, str) and about else []


def _listed(value: JsonValue | None) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
