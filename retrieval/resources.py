"""Index folders on disk: written beside and renamed into place, so that a reader never sees a half-written one.

Knows nothing of what is inside an index.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexMissingError
from retrieval.items import Catalog

MARK = "index.json"

Progress = Callable[[str, int, int], None]
"""Called with what is being made, how much is done and how much there is."""


def silent(what: str, done: int, total: int) -> None:
    """A `Progress` that tells nobody."""


def catalog_hash(catalog: Catalog) -> str:
    """A fingerprint of everything in the items that an index may rest on; 16 hex digits."""
    digest = hashlib.sha256()
    for item in catalog:
        values = sorted((name, tuple(held)) for name, held in item.values.items())
        parts = (item.item_id, item.title, values, sorted(item.numbers.items()), item.text, item.same_as)
        queries = (item.queries,) if item.queries else ()
        digest.update(json.dumps((*parts, *queries), ensure_ascii=True).encode())
    return digest.hexdigest()[:16]


@contextmanager
def writing(folder: Path, fingerprint: str, facts: Mapping[str, str | int | float] | None = None) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when the block ends well, and vanishes when it does not.

    Args:
        folder: Where the index will lie; what is there now is replaced.
        fingerprint: The `catalog_hash` of the catalog that the index is for.
        facts: More to write into the mark.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield temporary
        (temporary / MARK).write_text(json.dumps({"catalog": fingerprint, **(facts or {})}), encoding="utf-8")
        retired = temporary.with_name(f"{temporary.name}-old")
        if folder.exists():
            folder.rename(retired)
        temporary.rename(folder)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def figures(folder: Path) -> dict[str, float]:
    """The numbers that were written into the mark of an index; empty where there is none."""
    try:
        stored = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): value for name, value in stored.items() if isinstance(value, int | float)}


def require(folder: Path, fingerprint: str, what: str) -> None:
    """Check that an index is whole and made for this catalog.

    Raises:
        IndexMissingError: It is not.
    """
    if not folder.is_dir():
        raise IndexMissingError(f"no {what}", path=str(folder))
    try:
        stored = json.loads((folder / MARK).read_text(encoding="utf-8"))["catalog"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexMissingError(f"a half-written {what}", path=str(folder)) from error
    if stored != fingerprint:
        raise IndexMissingError(f"a {what} made for another catalog", path=str(folder))


def save_arrays(folder: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays as one npz without pickles."""
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


def load_arrays(folder: Path, what: str, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Read what `save_arrays` wrote.

    Raises:
        IndexMissingError: The file is absent, damaged, or lacks one of `names`.
    """
    try:
        # numpy leaves a damaged file open when it is given only the path
        with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise IndexMissingError(f"a damaged {what}", path=str(folder)) from error
