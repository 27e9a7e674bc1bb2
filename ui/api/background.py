"""Prompts that chat pages send by themselves, for a title, tags, follow-ups: answered by form, without the agent.

Programs made them, and nobody's wish stands in them: Open WebUI's name the JSON that they want, LibreChat's say the
same words each time. What an administrator has rewritten is not known again.
"""

import json
import re
from collections.abc import Callable

from retrieval.items import Catalog

WORDS = 5
LONGEST = 40
"""Characters of a title; scripts without spaces have no words to count."""
MOST = 3
_WANTED = re.compile(r"JSON format:\s*\{\s*\"(\w+)\":")
_HISTORY = re.compile(r"<chat_history>\s*(.*?)\s*</chat_history>", re.DOTALL)
_SAID = re.compile(r"^(?:USER|User):\s*(.+)$", re.MULTILINE)
_TITLE = re.compile(
    r"\s*(?:Please generate|Provide) a concise, 5-word-or-less title for the conversation, using (?:title case|its )"
)
_STRUCTURED = re.compile(r"\s*Analyze this conversation and provide:\s+1\. The detected language of the conversation")


def answer_to(message: str, catalog: Catalog) -> str | None:
    """The answer to a prompt that a page sends by itself; None where a person wrote the message."""
    if (
        message.startswith("### Task:")
        and (history := _HISTORY.search(message))
        and (wanted := _WANTED.search(message))
    ):
        make = _MADE.get(wanted[1])
        made = make(history[1], catalog) if make is not None else ""
        return json.dumps({wanted[1]: made}, ensure_ascii=False)
    if _TITLE.match(message):
        return _title(message, catalog)
    if _STRUCTURED.match(message):
        return json.dumps({"language": "English", "title": _title(message, catalog)}, ensure_ascii=False)
    return None


def _title(history: str, catalog: Catalog) -> str:
    """The first words that the user said."""
    said = _SAID.search(history)
    words = " ".join((said[1] if said else "").split()[:WORDS])[:LONGEST].strip(" .,!?;:")
    return words or catalog.schema.nouns_in("en").capitalize()


def _tags(_: str, catalog: Catalog) -> list[str]:
    return [catalog.schema.nouns_in("en").capitalize()]


def _follow_ups(_: str, catalog: Catalog) -> list[str]:
    """What the catalog's schema has people begin with."""
    return [*catalog.schema.wishes.get("en", ())][:MOST]


_MADE: dict[str, Callable[[str, Catalog], str | list[str]]] = {
    "title": _title,
    "tags": _tags,
    "follow_ups": _follow_ups,
    "queries": lambda _, __: [],
}
