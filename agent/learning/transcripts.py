"""Recorded dialogues, one JSON object a line (docs/transcripts.md), and what an agent may know before a turn."""

import gzip
import zlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.conversation import Role
from retrieval.errors import BadDataError

_Id = Annotated[str, Field(min_length=1, max_length=200)]
Record = TypeVar("Record", bound=BaseModel)


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
    accepted: tuple[_Id, ...] | None = None
    """Which of the recommended ones were clicked or liked; None where nobody wrote it down."""
    rank_here: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> "TranscriptTurn":
        if not (self.text.strip() or self.mentions or self.recommended or self.rank_here):
            raise ValueError("an empty turn: expected a text, mentions, recommended items or rank_here")
        return self


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


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, or with a field of it."""

    line: int
    """From 1; 0 where the trouble is with no single line."""
    field: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.line) if self.line else "", self.field, self.reason)))


@dataclass(frozen=True, slots=True)
class Transcripts:
    """The dialogues of a file, and what was left out of it."""

    name: str
    """The file's name, for messages."""
    dialogues: tuple[Dialogue, ...]
    lines: dict[str, int] = field(default_factory=dict)
    """Dialogue id -> line number."""
    bad: tuple[Problem, ...] = ()

    def unknown_items(self, catalog: Container[str]) -> list[Problem]:
        """Every item id that the catalog does not have, with its place."""
        return [
            Problem(self.lines.get(dialogue.dialogue_id, 0), place, f"the catalog has no item {item_id!r}")
            for dialogue in self.dialogues
            for place, item_id in _named_items(dialogue)
            if item_id not in catalog
        ]


def read_transcripts(path: Path, *, skip_bad: bool = False) -> Transcripts:
    """All dialogues of a file (plain or .gz).

    Args:
        path: JSONL in UTF-8.
        skip_bad: Leave out lines that cannot be read, and list them, instead of stopping at the first.

    Raises:
        BadDataError: The file cannot be read; a line cannot be read, with its number and field; an id occurs twice; or
            no dialogue is left.
    """
    dialogues: dict[str, Dialogue] = {}
    lines: dict[str, int] = {}
    bad: list[Problem] = []
    for number, raw in raw_lines(path):
        parsed = _parse(number, raw)
        if isinstance(parsed, Dialogue) and parsed.dialogue_id in dialogues:
            parsed = Problem(number, "dialogue_id", "occurs twice. Give each dialogue its own id.")
        if isinstance(parsed, Dialogue):
            dialogues[parsed.dialogue_id], lines[parsed.dialogue_id] = parsed, number
        elif skip_bad:
            bad.append(parsed)
        else:
            raise BadDataError(f"{path.name}:{parsed} Or go on without it: --skip-bad.")
    if not dialogues:
        first = f" The first trouble: {path.name}:{bad[0]}" if bad else ""
        raise BadDataError(f"expected a dialogue a line in {path}, found none. See docs/transcripts.md.{first}")
    return Transcripts(path.name, tuple(dialogues.values()), lines, tuple(bad))


def read_dialogues(path: Path) -> list[Dialogue]:
    """All dialogues of a file; the first bad line ends it (see `read_transcripts`)."""
    return list(read_transcripts(path).dialogues)


def check_items(transcripts: Transcripts, catalog: Container[str], *, skip_bad: bool = False) -> list[Problem]:
    """The item ids that the catalog does not have; they stay in the dialogues and count as misses.

    Raises:
        BadDataError: There are some, and `skip_bad` is not set.
    """
    unknown = transcripts.unknown_items(catalog)
    if unknown and not skip_bad:
        raise BadDataError(
            f"{transcripts.name}:{unknown[0]} ({len(unknown)} such places). Use the catalog that the dialogues were "
            "recorded with, or go on with --skip-bad: what is not in the catalog then counts as not found."
        )
    return unknown


def write_dialogues(path: Path, dialogues: Iterable[Dialogue]) -> int:
    """Write dialogues, one a line, without what is empty.

    Returns:
        How many there were.
    """
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for dialogue in dialogues:
            out.write(dialogue.model_dump_json(exclude_defaults=True) + "\n")
            count += 1
    return count


def question_of(dialogue_id: str, index: int, before: tuple[TranscriptTurn, ...]) -> Question:
    """What was said before a place, the message to answer apart: all that the agent gets of a dialogue."""
    last = max((at for at, turn in enumerate(before) if turn.role is Role.USER), default=None)
    message = "" if last is None else before[last].text
    rest = before if last is None else (*before[:last], *before[last + 1 :])
    return Question(dialogue_id, index, rest, message)


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a plain or .gz file that are not blank, with their numbers.

    Raises:
        BadDataError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadDataError(f"expected a file of dialogues, found: {reason} ({path}).") from error
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if raw.strip():
            yield number, raw


def whole_records(path: Path, kind: type[Record], writer: str) -> Iterator[tuple[int, Record]]:
    """The records of a file that a run writes line by line, with their numbers.

    A last line that was cut off by a stop is left out.

    Args:
        path: The file.
        kind: What a line is.
        writer: Which command wrote it, for the message.

    Raises:
        BadDataError: The file cannot be read, or another line cannot.
    """
    lines = list(raw_lines(path))
    for place, (number, raw) in enumerate(lines, start=1):
        try:
            record = kind.model_validate_json(raw)
        except ValidationError as error:
            if place == len(lines) and not path.read_bytes().endswith(b"\n"):
                return
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise BadDataError(f"{path.name}:{number}: {where}: {first['msg']}. Expected {writer}.") from None
        yield number, record


def _parse(number: int, raw: bytes) -> Dialogue | Problem:
    try:
        return Dialogue.model_validate_json(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Problem(number, "", f"expected UTF-8, found {error.reason}. Convert it.")
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "line"
        return Problem(number, place, f"{problem['msg'].removeprefix('Value error, ')}. See docs/transcripts.md.")


def _named_items(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    """Every item id of a dialogue with the path of its field."""
    for index, turn in enumerate(dialogue.turns):
        for place, mention in enumerate(turn.mentions):
            yield f"turns.{index}.mentions.{place}.item_id", mention.item_id
        for place, item_id in enumerate(turn.recommended):
            yield f"turns.{index}.recommended.{place}", item_id
