"""A data folder in one file, taken while a server runs, and made a folder again.

Databases go through SQLite's own backup, so that what is being written is whole. All else changes with a build alone,
and none runs meanwhile. State in PostgreSQL is not in the folder: its own tools back it up.
"""

import io
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from retrieval.build import alone
from retrieval.errors import BadDataError, IndexMissingError

LEFT_OUT = frozenset(("logs", ".build.lock", ".refit.lock", ".half"))
BESIDE = ("-wal", "-shm", "-journal")
MAGIC = b"SQLite format 3\x00"
MARK = "reconteur-backup"
"""The first member of the file; what else is in it is a data folder."""


def back_up(data_dir: Path, target: Path) -> int:
    """Write a data folder to a compressed file, for its owner alone.

    Returns:
        How many files it holds.

    Raises:
        IndexMissingError: There is no data folder.
        BadDataError: The file is there already.
    """
    if not data_dir.is_dir():
        raise IndexMissingError("no data folder", path=str(data_dir))
    if target.exists() or data_dir.resolve() in target.resolve().parents:
        raise BadDataError(f"{target} is there already, or in the data folder itself. Name a new file elsewhere.")
    half = target.with_name(f".{target.name}.half")
    try:
        half.touch(mode=0o600)
        with alone(data_dir), tarfile.open(half, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo(MARK), io.BytesIO())
            count = sum(_add(archive, data_dir, path, target.parent) for path in _files(data_dir))
        half.rename(target)
    finally:
        half.unlink(missing_ok=True)
    return count


def restore(source: Path, data_dir: Path) -> int:
    """Make a data folder of a backup.

    Returns:
        How many files it holds.

    Raises:
        BadDataError: The file is no backup, or something is in the folder already.
    """
    if data_dir.exists() and any(data_dir.iterdir()):
        raise BadDataError(f"{data_dir} is not empty. Name a new folder with --data.")
    try:
        with tarfile.open(source, "r:gz") as archive:
            members = archive.getmembers()
            if not members or members[0].name != MARK:
                raise BadDataError(f"{source} is no backup of a data folder. Make one with: reconteur backup FILE")
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            archive.extractall(data_dir, members[1:], filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise BadDataError(f"{source} cannot be read as a backup ({type(error).__name__}).") from None
    return len(members) - 1


def _files(data_dir: Path) -> Iterator[Path]:
    """What is worth keeping, in order."""
    for path in sorted(data_dir.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if LEFT_OUT.isdisjoint(path.relative_to(data_dir).parts) and not path.name.endswith(BESIDE):
            yield path


def _add(archive: tarfile.TarFile, data_dir: Path, path: Path, scratch: Path) -> int:
    name = str(path.relative_to(data_dir))
    if not _is_database(path):
        archive.add(path, name, recursive=False)
        return 1
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = Path(folder, "copy.db")
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(copy)) as whole,
        ):
            live.backup(whole)
        copy.chmod(0o600)
        archive.add(copy, name, recursive=False)
    return 1


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
