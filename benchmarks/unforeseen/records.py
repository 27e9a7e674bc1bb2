"""The conversations as they are committed, and what became of each, one JSON object a line."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agent.learning.transcripts import whole_records
from benchmarks.report import environment
from retrieval.errors import BadDataError

HERE = Path(__file__).parents[1]
SETS = (
    "open",
    "sealed",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "answers",
    "answers_second",
    "answers_third",
    "company",
    "company_second",
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Case(_Record):
    """A conversation to be played."""

    id: str
    language: str
    kind: int
    """Of trouble; the kinds are numbered where the conversations were asked for."""
    messages: Annotated[tuple[str, ...], Field(min_length=1)]
    rubric: dict[str, str]
    """What earns 2, 1 and 0 points."""


class Card(_Record):
    """An item that was shown."""

    label: str
    reason: str = ""
    exploratory: bool = False
    slot: str = ""


class PlayedTurn(_Record):
    """What a message got."""

    message: str
    text: str = ""
    cards: tuple[Card, ...] = ()
    near: tuple[Card, ...] = ()
    """Near misses, with what each breaks as the reason."""
    notices: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Answers to click, where something was asked."""
    driver: str = ""
    act: str = ""
    calls: int = 0
    """Of the language model."""
    steps: int = 0
    """Those of them that came before the cards or the words."""
    tools: tuple[str, ...] = ()
    """Names of the tools that were called, in order."""
    seconds: float = 0.0
    cards_s: float | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    error: str = ""


class Played(_Record):
    """A conversation that was played."""

    id: str
    language: str
    kind: int
    messages: tuple[str, ...]
    turns: tuple[PlayedTurn, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a turn ended in an error."""
        return any(turn.error for turn in self.turns)


def read_cases(names: Sequence[str] = SETS) -> list[Case]:
    """The conversations of some sets, by name ('open', 'sealed', 'second')."""
    files = [HERE / f"unforeseen_{name}.jsonl" for name in names]
    return [
        Case.model_validate_json(line)
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if line
    ]


def chosen(cases: Sequence[Case], *, languages: Collection[str] = (), ids: Collection[str] = ()) -> list[Case]:
    """Those in some languages and with some ids; all where none are named.

    Raises:
        BadDataError: There is none of them, or an id is unknown.
    """
    unknown = set(ids) - {case.id for case in cases}
    if unknown:
        raise BadDataError(f"--ids: expected ids of the set, found {', '.join(sorted(unknown))}")
    picked = [case for case in cases if (not languages or case.language in languages) and (not ids or case.id in ids)]
    if not picked:
        raise BadDataError(f"--languages: expected some of {', '.join(sorted({case.language for case in cases}))}")
    return picked


def read_played(path: Path) -> list[Played]:
    """Everything that a run wrote; a last line that was cut off by a stop is left out.

    Raises:
        BadDataError: The file cannot be read.
    """
    return [played for _, played in whole_records(path, Played, "what `benchmarks.unforeseen --out` wrote")]


def begin(path: Path, how: Mapping[str, JsonValue]) -> list[Played]:
    """Make a file ready to be gone on with; what failed in it is taken out, to be tried again.

    Args:
        path: Of the run; how it was played is written beside it.
        how: Driver, model and seed: a run is one system's.

    Returns:
        What is done already.

    Raises:
        BadDataError: What is in the file was played otherwise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.run.json")
    before = json.loads(beside.read_text(encoding="utf-8")) if path.is_file() and beside.is_file() else {"how": how}
    if before["how"] != how:
        raise BadDataError(
            f"{path.name} was played with {before['how']}, not with {how}. Name another file with --out."
        )
    beside.write_text(json.dumps({"how": how, "environment": environment()}, indent=1) + "\n", encoding="utf-8")
    done = [played for played in read_played(path) if not played.has_failed] if path.is_file() else []
    with path.open("w", encoding="utf-8") as out:
        for played in done:
            append(out, played)
    return done


def append(out: IO[str], played: Played) -> None:
    """Write a conversation at once, so that a stop loses nothing."""
    out.write(played.model_dump_json(exclude_defaults=True) + "\n")
    out.flush()
