"""A simulated conversation as a line of a transcript file: a dialogue like any other, with what was measured beside."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.learning.transcripts import Dialogue, whole_records
from eval.simulation.user import Verdict


class AnswerRecord(BaseModel):
    """What was measured of one answer."""

    model_config = ConfigDict(frozen=True)

    items: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    """What the user made of each item."""
    fits: tuple[bool, ...] = ()
    """Whether each item has what is wanted at the time."""
    limited: bool = False
    """Whether the limit had been stated before."""
    keeps: tuple[bool, ...] = ()
    """Whether each item keeps the limit, stated or not."""
    near: int = 0
    foreign: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Said(BaseModel):
    """Something that the user said and that an answer could forget."""

    model_config = ConfigDict(frozen=True)

    kind: str
    """'limit', 'wish', or 'title' (an item that was named)."""
    what: str
    turn: int
    """After how many answers it was said."""
    lists: int
    """How many answers with items followed while it held."""
    forgotten: int
    """How many of them went against it."""


class Simulated(BaseModel):
    """The user of one conversation, and how it went."""

    model_config = ConfigDict(frozen=True)

    system: str
    seed: int
    max_turns: int
    temper: str
    rich: bool
    language: str
    wishes: tuple[tuple[str, ...], ...]
    limit: str
    limit_turn: int
    targets: Annotated[int, Field(ge=0)]
    """Held-out items that would have been accepted, by the first wish."""
    accepted: str = ""
    answers: tuple[AnswerRecord, ...] = ()
    said: tuple[Said, ...] = ()
    error: str = ""


class SimulatedDialogue(Dialogue):
    """A conversation with what was measured; other commands read its turns alone."""

    simulated: Simulated


def read_simulated(path: Path) -> list[SimulatedDialogue]:
    """All conversations of a file; a last line that was cut off by a stop is left out.

    Raises:
        BadDataError: The file cannot be read, or another line cannot.
    """
    told = whole_records(path, SimulatedDialogue, "what `simulate` wrote")
    return list({dialogue.dialogue_id: dialogue for _, dialogue in told}.values())
