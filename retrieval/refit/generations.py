"""Generations on disk: made in a folder of their own, named by one small file that is replaced in a single step.

    DATA/learned/<tenant>/current.json   which generation serves, and which served before
    DATA/learned/<tenant>/<name>/        opinions.npz, generation.json and the fitted parts
    DATA/learned/<tenant>/last.json      what the last attempt came to

Whoever reads sees the old generation or the new one; what an attempt that was killed left behind serves nobody.
"""

import contextlib
import fcntl
import json
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.build import alone
from retrieval.datasets.storage import write_atomic
from retrieval.errors import BadDataError, RecommenderError
from retrieval.refit.opinions import Opinions
from retrieval.resources import load_arrays
from retrieval.state.private import close_folder

logger = logging.getLogger(__name__)

FOLDER = "learned"
LOCK = ".refit.lock"
OF_NOBODY = "_"
"""The folder of users without a tenant; no tenant can have that name."""
COLUMNS = ("users", "rows", "weights", "times", "sought")
HALF = ".half"
"""Where an attempt fits; it serves nobody."""
Record = TypeVar("Record", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Record):
    """Both sides on the same likes that neither was fitted on: one of each person, looked for among all items."""

    people: int
    ndcg_before: float
    ndcg_after: float
    """NDCG@10, from 0 to 1, mean over people."""
    found_before: int
    found_after: int
    """How many of the likes were among the first ten."""
    moved: float
    """The share of the places of these lists that hold another item than before, from 0 to 1."""
    risen: tuple[str, ...] = ()
    """Ids of the items that came into most lists, most first."""


class Generation(_Record):
    """The file generation.json."""

    base: str
    """Fingerprint of the dataset that was built."""
    fitted_at: float
    until: float
    """When the newest opinion in it was given; both in seconds since 1970."""
    people: int
    opinions: int
    left_out: int
    """Accounts that had said too much to count."""
    measured: Measured
    weights_learned_from: int = 0
    """Places of own conversations that changed the weights of the fusion; 0 where these stayed."""


class Current(_Record):
    """The file current.json."""

    name: str
    previous: str = ""
    """'' for the parts as built."""


class Last(_Record):
    """The file last.json: what the last attempt came to."""

    at: float
    taken: bool
    reason: str = ""
    """Why not."""
    generation: Generation | None = Field(default=None)
    """What was fitted, also where it was not taken."""


@dataclass(frozen=True, slots=True)
class Generations:
    """Those of one tenant."""

    folder: Path

    @classmethod
    def of(cls, data_dir: Path, tenant: str) -> "Generations":
        """In a data folder."""
        return cls(data_dir / FOLDER / (tenant or OF_NOBODY))

    @property
    def current(self) -> Current:
        """What serves and what served before; without names where all is as built."""
        return _read(self.folder / "current.json", Current) or Current(name="")

    @property
    def last(self) -> Last | None:
        """What the last attempt came to; None where there was none."""
        return _read(self.folder / "last.json", Last)

    def record(self, name: str) -> Generation | None:
        """What a generation rests on; None where it is not whole."""
        return _read(self.folder / name / "generation.json", Generation) if name else None

    def path(self, name: str) -> Path:
        """Where a generation lies."""
        return self.folder / name

    def opinions(self, name: str) -> Opinions:
        """What a generation was fitted on.

        Raises:
            IndexMissingError: It is absent or damaged.
        """
        stored = load_arrays(self.folder / name / "opinions", "opinions", COLUMNS)
        return Opinions(**stored)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def attempt(self) -> Iterator[Path]:
        """A folder to fit into, for one attempt at a time; what a killed one left behind is removed first.

        Raises:
            RecommenderError: Another one is under way.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        close_folder(self.folder)
        with (self.folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
            except BlockingIOError:
                raise RecommenderError(f"expected no other refit of {self.folder}, found one under way.") from None
            half = self.folder / HALF
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(mode=0o700)
            try:
                yield half
            finally:
                shutil.rmtree(half, ignore_errors=True)

    def publish(self, half: Path, opinions: Opinions, record: Generation, *, keep_previous: bool) -> str:
        """Let what was fitted serve from now on; the one before is kept, older ones go.

        Args:
            half: A folder in that of the attempt, with all parts.
            opinions: What it was fitted on.
            record: What is known of it.
            keep_previous: Whether one may go back.

        Returns:
            Its name.
        """
        (half / "opinions").mkdir()
        columns = {name: getattr(opinions, name) for name in COLUMNS}
        np.savez(half / "opinions" / "arrays.npz", allow_pickle=False, **columns)
        write_atomic(half / "generation.json", record.model_dump_json(indent=1))
        before = self.current.name
        name = f"{time.time_ns():x}"
        with alone(self.folder.parent.parent):  # a backup sees one of the two
            half.rename(self.folder / name)
            self._point(Current(name=name, previous=before if keep_previous else ""))
        return name

    def back(self) -> str:
        """Let the generation serve that served before; a second time changes them back.

        Returns:
            Its name, '' for the parts as built.

        Raises:
            BadDataError: Nothing was ever learned here.
        """
        now = self.current
        if not now.name and not now.previous:
            raise BadDataError(f"expected something learned in {self.folder}, found nothing. Run: reconteur refit")
        with alone(self.folder.parent.parent):
            self._point(Current(name=now.previous, previous=now.name))
        return now.previous

    def forget(self) -> None:
        """Serve the parts as built, and keep nothing of what was learned."""
        with alone(self.folder.parent.parent):
            self._point(Current(name=""))

    def note(self, last: Last) -> None:
        """Write down what an attempt came to."""
        write_atomic(self.folder / "last.json", last.model_dump_json(indent=1))

    def _point(self, current: Current) -> None:
        write_atomic(self.folder / "current.json", current.model_dump_json(indent=1))
        for old in self.folder.iterdir():
            if old.is_dir() and old.name not in (HALF, current.name, current.previous):
                shutil.rmtree(old, ignore_errors=True)


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        logger.warning("%s cannot be read (%s): what was built serves", path.name, type(error).__name__)
        return None
