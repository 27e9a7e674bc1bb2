"""Files that hold what people said: for their owner alone, whatever the umask is and whoever made them before."""

import contextlib
import os
from pathlib import Path

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; new ones of these get the database's own mode."""


def make_private(path: Path) -> None:
    """Make a database's folder and an empty file where they are missing, and close what stands open to others.

    Raises:
        OSError: The folder or the file cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    for name in BESIDE:
        _close(path.with_name(path.name + name))


def close_folder(folder: Path) -> None:
    """Let nobody but its owner look into a data folder."""
    _close(folder)


def _close(path: Path) -> None:
    # a missing one is no matter, and somebody else's file or a file system without modes is not ours to change
    with contextlib.suppress(OSError):
        status = path.stat()
        if os.name == "posix" and status.st_mode & 0o077 and status.st_uid == os.geteuid():
            path.chmod(status.st_mode & 0o7700)
