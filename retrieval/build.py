"""`reconteur build`: makes what is missing in a data folder - the demo's dataset, then every index - and a manifest.

A part that is whole and current is skipped, so a second run costs a second or two.
"""

import contextlib
import errno
import fcntl
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from retrieval.build_parts import PARTS, Part
from retrieval.datasets import Dataset, load_dataset, load_movielens, save_dataset
from retrieval.datasets.movielens import MOVIES, SCHEMA
from retrieval.datasets.storage import POINTER, read_pointer, write_atomic
from retrieval.errors import BadDataError, IndexMissingError
from retrieval.manifest import (
    JOURNAL,
    MANIFEST,
    Journal,
    Manifest,
    PartRecord,
    hash_of,
    new_manifest,
    previous_manifest,
    read_journal,
)
from retrieval.models.storage import read_settings
from retrieval.resources import Progress, figures, silent
from retrieval.settings import RetrievalSettings

log = logging.getLogger(__name__)

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def build(settings: RetrievalSettings, progress: Progress = silent, *, cache: Path | None = None) -> Manifest:
    """Bring a data folder up to date.

    A folder without a dataset becomes the demo; a catalog that was ingested keeps its dataset.

    Args:
        settings: Where the data lies, which encoder and stores to use.
        progress: Told what is being made and how far it is.
        cache: Where downloads are kept; the default is `artifacts.default_cache()`.

    Raises:
        RecommenderError: The demo cannot be fetched, the disk is full, or an ingested dataset is damaged.
    """
    data_dir = settings.data_dir
    with _disk_errors(data_dir), alone(data_dir):
        dataset = _ensure_dataset(data_dir, progress, cache)
        before = previous_manifest(data_dir)
        parts = _ensure_parts(dataset, settings, before, progress)
        manifest = new_manifest(dataset, settings, parts)
        if before is None or before.parts != manifest.parts or before.fingerprint != manifest.fingerprint:
            write_atomic(data_dir / MANIFEST, manifest.model_dump_json(indent=1))
            before = manifest
        (data_dir / JOURNAL).unlink(missing_ok=True)
        return before


def _ensure_dataset(data_dir: Path, progress: Progress, cache: Path | None) -> Dataset:
    """The dataset of the folder; the demo is made where there is none, and made again where its sources changed."""
    source = demo_source()
    if (data_dir / POINTER).is_file():
        try:
            if read_pointer(data_dir).source in ("", source):
                return load_dataset(data_dir)
        except IndexMissingError as error:
            if _was_ingested(data_dir):
                raise IndexMissingError(
                    "a damaged dataset", path=str(data_dir), command=f"reconteur ingest ... --data {data_dir}"
                ) from error
            log.warning("the demo's dataset is damaged and is made again")
    from retrieval.artifacts import default_cache, ensure_movielens

    progress("demo data", 0, 2)
    folder = ensure_movielens(cache or default_cache())
    progress("demo data", 1, 2)
    dataset = load_movielens(folder)
    save_dataset(dataset, data_dir, source=source)
    progress("demo data", 2, 2)
    return dataset


def demo_source() -> str:
    """A hash of the project's own part of the demo: its schema and facts."""
    texts = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in (SCHEMA, MOVIES)]
    return f"demo-{hash_of(*texts)}"


def _was_ingested(data_dir: Path) -> bool:
    try:
        return not str(json.loads((data_dir / POINTER).read_text(encoding="utf-8")).get("source", ""))
    except (OSError, ValueError, AttributeError):
        return False


def _ensure_parts(
    dataset: Dataset, settings: RetrievalSettings, before: Manifest | None, progress: Progress
) -> dict[str, PartRecord]:
    """Every part in turn; each finished one is noted at once, so that an interrupted build goes on where it was."""
    known = {**(before.parts if before else {}), **read_journal(settings.data_dir).parts}
    parts: dict[str, PartRecord] = {}
    for part in (piece for piece in PARTS if piece.wanted(settings)):
        parts[part.name] = _ensure_part(part, dataset, settings, known.get(part.name), progress)
        if parts[part.name] != known.get(part.name):
            known = {**known, **parts}
            write_atomic(settings.data_dir / JOURNAL, Journal(parts=known).model_dump_json(indent=1))
    return parts


def _ensure_part(
    part: Part, dataset: Dataset, settings: RetrievalSettings, old: PartRecord | None, progress: Progress
) -> PartRecord:
    key = part.key(dataset, settings)
    if old is not None and old.key == key and _is_whole(part, dataset, settings):
        return old
    start = time.perf_counter()
    part.build(dataset, settings, progress)
    seconds = round(time.perf_counter() - start, 2)
    folder = settings.data_dir / part.name
    return PartRecord(key=key, seconds=seconds, settings=read_settings(folder), metrics=figures(folder))


def _is_whole(part: Part, dataset: Dataset, settings: RetrievalSettings) -> bool:
    try:
        part.check(dataset, settings)
    except IndexMissingError as error:
        log.warning("%s is built again: %s", part.name, error)
        return False
    return True


@contextlib.contextmanager
def _disk_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        raise BadDataError(
            f"cannot write to {data_dir}: {error.strerror}. Free some space (or choose another folder with --data) "
            f"and run again: reconteur build --data {data_dir}"
        ) from error


@contextlib.contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Two builds of one folder wait for each other."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
