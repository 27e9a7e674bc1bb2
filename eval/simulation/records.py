"""A simulated conversation as a line of a transcript file: a dialogue like any other, with what was measured beside.

Each is written as soon as it ended, so that a run that stops can go on.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated

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
    phrased: int = 0
    """Lines that a language model was asked to phrase."""
    phrased_kept: int = 0
    """Those of them whose meaning survived."""
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


def begin(path: Path, *, resume: bool) -> list[SimulatedDialogue]:
    """Make a file ready for more conversations.

    Returns:
        What is done already: nothing without `resume`, and then what was in the file is gone; conversations that an
        error ended are taken out, to be tried again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    done = (
        [dialogue for dialogue in read_simulated(path) if not dialogue.simulated.error]
        if resume and path.is_file()
        else []
    )
    whole = path.with_name(path.name + ".new")
    with whole.open("w", encoding="utf-8") as out:
        append(out, done)
    whole.replace(path)
    return done


def append(out: IO[str], dialogues: Iterable[SimulatedDialogue]) -> None:
    """Write conversations at once, so that a stop loses nothing."""
    for dialogue in dialogues:
        out.write(dialogue.model_dump_json(exclude_defaults=True) + "\n")
    out.flush()
