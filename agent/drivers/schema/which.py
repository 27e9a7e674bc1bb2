"""Which of several items of one title was meant: a small question of its own, where the last reply asked for it."""

import json
from collections.abc import Sequence
from typing import Any

from agent.conversation import Question
from retrieval.items import Catalog
from tools.render import one_line

NONE = "none"
KEY = "which"


def which_question(title: str, message: str, options: Sequence[str], catalog: Catalog) -> str:
    """The last message of the prompt."""
    listed = "; ".join(f"{place} {one_line(catalog.item(item_id).label)}" for place, item_id in enumerate(options, 1))
    said = json.dumps(one_line(message), ensure_ascii=False)
    asked = f"You asked which {one_line(title)} is meant: {listed}."
    return f'{asked}\nmessage: {said}\nAnswer with its number, or "{NONE}" where the message says something else.'


def which_schema(options: int) -> dict[str, Any]:
    """A number, or none."""
    numbers = [*(str(place) for place in range(1, options + 1)), NONE]
    return {
        "title": KEY,
        "type": "object",
        "properties": {KEY: {"enum": numbers}},
        "required": [KEY],
        "additionalProperties": False,
    }


def read_which(text: str, options: int) -> int | None:
    """The place from 0; None where another thing was said.

    Raises:
        ValueError: It is no answer.
    """
    said = json.loads(text)
    if not isinstance(said, dict) or KEY not in said:
        raise ValueError("expected a JSON object with a number")
    number = str(said[KEY])
    return int(number) - 1 if number.isdigit() and 1 <= int(number) <= options else None


def with_title(question: Question, label: str) -> str:
    """The message that waited, with the item that is meant spelled out."""
    waiting = question.message
    return waiting.replace(question.text, label, 1) if question.text in waiting else f"{waiting} ({label})"
