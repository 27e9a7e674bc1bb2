"""Recorded dialogues, one JSON object a line (docs/transcripts.md), and what an agent may know before a turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.conversation import Role
from retrieval.errors import BadDataError

_Id = Annotated[str, Field(min_length=1, max_length=200)]


class Mention(BaseModel):
    """An item that somebody spoke of."""

    model_config = ConfigDict(frozen=True)

    item_id: _Id
    liked: bool | None = None


class TranscriptTurn(BaseModel):
    """One utterance; an assistant's turn may say which items it recommended."""

    model_config = ConfigDict(frozen=True)

    role: Role
    text: str
    mentions: tuple[Mention, ...] = ()
    recommended: tuple[_Id, ...] = ()
    rank_here: bool = False


class Dialogue(BaseModel):
    """One conversation."""

    model_config = ConfigDict(frozen=True)

    dialogue_id: _Id
    user_id: str | None = None
    turns: Annotated[tuple[TranscriptTurn, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Question:
    """A place where a recommendation was made: all that was said before it, and nothing of it."""

    dialogue_id: str
    turn_index: int
    before: tuple[TranscriptTurn, ...]
    """The turns before, without the message to answer."""
    message: str
    """The user's last words before it; '' where the user said nothing yet."""


def read_dialogues(path: Path) -> list[Dialogue]:
    """All dialogues of a file.

    Raises:
        BadDataError: A line cannot be read, with its number and field; or an id occurs twice.
    """
    dialogues: dict[str, Dialogue] = {}
    for number, line in _lines(path):
        dialogue = _parse(line, where=f"{path.name}:{number}")
        if dialogue.dialogue_id in dialogues:
            raise BadDataError(f"{path.name}:{number}: dialogue_id: occurs twice. Give each dialogue its own id.")
        dialogues[dialogue.dialogue_id] = dialogue
    if not dialogues:
        raise BadDataError(f"expected a dialogue a line in {path}, found none. See docs/transcripts.md.")
    return list(dialogues.values())


def questions(dialogue: Dialogue) -> Iterator[tuple[Question, tuple[str, ...]]]:
    """Each place where the assistant recommended something new, and the item ids it recommended there.

    What was mentioned or recommended before does not count as an answer.
    """
    known: set[str] = set()
    for index, turn in enumerate(dialogue.turns):
        fresh = tuple(one for one in dict.fromkeys(turn.recommended) if one not in known)
        if turn.role is Role.ASSISTANT and fresh:
            yield question_at(dialogue, index), fresh
        known |= {*turn.recommended, *(mention.item_id for mention in turn.mentions)}


def question_at(dialogue: Dialogue, index: int) -> Question:
    """What was said before a turn; this is the only way from a dialogue to the agent."""
    before = dialogue.turns[:index]
    last = max((at for at, turn in enumerate(before) if turn.role is Role.USER), default=None)
    message = "" if last is None else before[last].text
    rest = before if last is None else (*before[:last], *before[last + 1 :])
    return Question(dialogue.dialogue_id, index, rest, message)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        raw_lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadDataError(f"expected a file of dialogues, found: {error.strerror} ({path}).") from error
    for number, raw in enumerate(raw_lines, start=1):
        try:
            line = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadDataError(f"{path.name}:{number}: expected UTF-8, found {error.reason}. Convert it.") from error
        if line.strip():
            yield number, line


def _parse(line: str, *, where: str) -> Dialogue:
    try:
        return Dialogue.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "line"
        raise BadDataError(f"{where}: {field}: {problem['msg']}. See docs/transcripts.md.") from None
