"""Files that grow by a line as soon as something is done, so that a run that stops can go on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel

Task = TypeVar("Task")
Record = TypeVar("Record", bound=BaseModel)


def begin(
    path: Path, read: Callable[[Path], list[Record]], failed: Callable[[Record], object], *, resume: bool
) -> list[Record]:
    """Make a file ready for more records.

    Returns:
        What is done already: nothing without `resume`, and then what was in the file is gone; what failed is taken out,
        to be tried again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    done = [record for record in read(path) if not failed(record)] if resume and path.is_file() else []
    whole = path.with_name(path.name + ".new")
    with whole.open("w", encoding="utf-8") as out:
        append(out, done)
    whole.replace(path)
    return done


def append(out: IO[str], records: Iterable[BaseModel]) -> None:
    """Write records at once, so that a stop loses nothing."""
    for record in records:
        out.write(record.model_dump_json(exclude_defaults=True) + "\n")
    out.flush()


async def write_all(
    do: Callable[[Task], Awaitable[BaseModel]],
    tasks: Sequence[Task],
    out: Path,
    *,
    parallel: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Do every task, several at once, and write down what came of each; a stop loses only what is on its way."""
    waiting, done = iter(tasks), 0
    with out.open("a", encoding="utf-8") as file:

        async def work() -> None:
            nonlocal done
            for task in waiting:
                append(file, [await do(task)])
                done += 1
                progress(done, len(tasks))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(tasks))):
                group.create_task(work())
