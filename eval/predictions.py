"""Rankings as a file: one JSON object a line and place; and how such a file came about."""

import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agent.learning.transcripts import whole_records
from retrieval.errors import BadDataError

SIDECAR = ".run.json"
PACKAGES = ("numpy", "scipy", "lightgbm", "pydantic")


class RankedItem(BaseModel):
    """One place of a ranking."""

    model_config = ConfigDict(frozen=True)

    item_id: str
    title: str = ""
    score: float = 0.0


class Prediction(BaseModel):
    """What a system ranks at one turn."""

    model_config = ConfigDict(frozen=True)

    dialogue_id: str
    turn_index: int
    items: tuple[RankedItem, ...]
    seconds: float | None = None
    named: int | None = None
    """How many titles a language model named here; None where none was asked."""
    foreign: int | None = None
    """Those of them that the catalog does not have."""
    error: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Which turn it is for."""
        return self.dialogue_id, self.turn_index

    @property
    def ranked(self) -> tuple[str, ...]:
        """The item ids, best first."""
        return tuple(item.item_id for item in self.items)


class Run(BaseModel):
    """How a file of predictions came about."""

    system: str
    command: str
    seed: int = 0
    dialogues: str = ""
    catalog: str = ""
    interactions: str = ""
    schema_file: str = ""
    part: str = ""
    """'even', 'odd' or '' for all dialogues."""
    limit: int | None = None
    """The size of the fixed sample; None for every turn."""
    turns: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    """Processor time of the ranking: what it takes on a machine that has nothing else to do."""
    set_up_s: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)
    hardware: str = ""


def read_predictions(path: Path) -> list[Prediction]:
    """All rankings of a file; a last line that was cut off by a stop is left out.

    Raises:
        BadDataError: Another line cannot be read, or two are for one turn.
    """
    by_key: dict[tuple[str, int], Prediction] = {}
    for number, prediction in whole_records(path, Prediction, "rankings of `eval rank`"):
        if prediction.key in by_key:
            raise BadDataError(
                f"{path.name}:{number}: a second ranking for turn {prediction.turn_index} of {prediction.dialogue_id}."
            )
        by_key[prediction.key] = prediction
    return list(by_key.values())


def write_run(path: Path, run: Run) -> None:
    """Write beside the rankings how they came about."""
    path.with_name(path.name + SIDECAR).write_text(run.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_run(path: Path) -> Run:
    """How rankings came about; a run named after the file where nothing is known."""
    beside = path.with_name(path.name + SIDECAR)
    if not beside.is_file():
        return Run(system=path.stem, command="")
    return Run.model_validate_json(beside.read_text(encoding="utf-8"))


def versions() -> dict[str, str]:
    """Python and the libraries that the figures depend on."""
    from importlib.metadata import PackageNotFoundError, version

    installed = {"python": platform.python_version()}
    for name in ("reconteur", *PACKAGES):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def hardware(read: Callable[[], str] = lambda: _read("/proc/cpuinfo")) -> str:
    """Processor, cores and memory in one line."""
    import os

    lines = [line for line in read().splitlines() if line.startswith("model name")]
    name = lines[0].split(":", 1)[1].strip() if lines else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def command_line() -> str:
    """What was typed."""
    return "python -m eval " + subprocess.list2cmdline(sys.argv[1:])


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
