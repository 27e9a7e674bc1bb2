"""`reconteur build`: makes what is missing in a data folder - the demo's dataset, then every index - and a manifest.

A part that is whole and current is skipped, so a second run costs a second or two.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.datasets import Dataset, load_dataset, load_movielens, save_dataset
from retrieval.datasets.movielens import MOVIES, SCHEMA
from retrieval.datasets.storage import POINTER, read_pointer, write_atomic
from retrieval.errors import BadDataError, IndexMissingError
from retrieval.models.storage import read_settings
from retrieval.resources import Progress, silent
from retrieval.settings import RetrievalSettings

log = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "manifest.json"
JOURNAL = ".build.json"
"""What an interrupted build has finished; taken up by the next one."""
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
PACKAGES = ("reconteur", "numpy", "chromadb", "pyoxigraph", "sentence-transformers", "torch")


class PartRecord(BaseModel):
    """One index as it was built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Hash of everything the index was made from."""
    seconds: float
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    """Of a fitted model."""


class Journal(BaseModel):
    """The file DATA/.build.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    parts: dict[str, PartRecord] = Field(default_factory=dict)


class Manifest(BaseModel):
    """The file DATA/manifest.json: which indexes lie in a data folder and what they were made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    catalog_hash: str
    fingerprint: str
    encoder: str
    items: int
    interactions: int
    built_at: str
    parts: dict[str, PartRecord] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One index: how it is made, how its wholeness is checked, and what it depends on."""

    name: str
    build: Callable[[Dataset, RetrievalSettings, Progress], None]
    check: Callable[[Dataset, RetrievalSettings], object]
    """Raises `IndexMissingError` where the index is absent, half-written or for another catalog."""
    key: Callable[[Dataset, RetrievalSettings], str]


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
    with _disk_errors(data_dir), _alone(data_dir):
        dataset = _ensure_dataset(data_dir, progress, cache)
        before = _previous(data_dir)
        parts = _ensure_parts(dataset, settings, before, progress)
        manifest = _manifest(dataset, settings, parts)
        if before is None or before.parts != manifest.parts or before.fingerprint != manifest.fingerprint:
            write_atomic(data_dir / MANIFEST, manifest.model_dump_json(indent=1))
            before = manifest
        (data_dir / JOURNAL).unlink(missing_ok=True)
        return before


def read_manifest(data_dir: Path) -> Manifest:
    """The manifest of a built data folder.

    Raises:
        IndexMissingError: The folder was never built to the end, or its indexes are for another dataset.
    """
    pointer = read_pointer(data_dir)
    command = f"reconteur build --data {data_dir}"
    manifest = _previous(data_dir)
    if manifest is None:
        raise IndexMissingError(f"no (or a half-written) {MANIFEST}", path=str(data_dir), command=command)
    if manifest.fingerprint != pointer.fingerprint:
        raise IndexMissingError("indexes made for another dataset", path=str(data_dir), command=command)
    return manifest


@contextlib.contextmanager
def console_progress() -> Iterator[Progress]:
    """A `Progress` that draws one bar per part on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, object] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=max(total, 1))
            bars.update(tasks[what], completed=done, total=max(total, 1))  # type: ignore[arg-type]

        yield tell


def _build_vectors(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.vectors import build_vectors

    build_vectors(dataset, settings, progress)


def _check_vectors(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.vectors import VectorIndex

    return VectorIndex.open(dataset.catalog, settings)


def _build_graph(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.graph import build_graph

    build_graph(dataset, settings, progress)


def _check_graph(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.graph import KnowledgeGraph

    return KnowledgeGraph.open(dataset.catalog, settings)


def _build_factors(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.channels.factors import build_factors

    build_factors(dataset, settings, progress)


def _check_factors(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.channels.factors import FactorsChannel

    return FactorsChannel.open(dataset, settings)


def _build_sequence(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.channels.sequence import build_sequence

    build_sequence(dataset, settings, progress)


def _check_sequence(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.channels.sequence import SequenceChannel

    return SequenceChannel.open(dataset, settings)


def _build_neighbors(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.channels.neighbors import build_neighbors

    build_neighbors(dataset, settings, progress)


def _check_neighbors(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.channels.neighbors import NeighborsChannel

    return NeighborsChannel.open(dataset, settings)


def _build_graph_vectors(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.channels.graph import build_graph_vectors

    build_graph_vectors(dataset, settings, progress)


def _check_graph_vectors(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.channels.graph import open_graph_vectors

    return open_graph_vectors(dataset, settings)


def _build_taste(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.belief_index import build_taste

    build_taste(dataset, settings, progress)


def _check_taste(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.belief_index import open_taste

    return open_taste(dataset, settings)


def _taste_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.belief_fit import TasteSettings

    return _hash(dataset.fingerprint, settings.encoder, repr(TasteSettings()))


def _content_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return _hash(dataset.catalog_hash, settings.encoder, settings.chroma_url)


def _graph_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    return _hash(dataset.catalog_hash, settings.sparql_url)


def _factors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.channels.factors import LIKED
    from retrieval.models.als import AlsSettings

    return _hash(dataset.fingerprint, "likes", repr(AlsSettings() if settings.factors == "als" else LIKED))


def _neighbors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.channels.neighbors import neighbor_settings

    return _hash(dataset.fingerprint, "likes", repr(neighbor_settings(settings)))


def _graph_vectors_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.models.graph_embeddings import GraphEmbeddingSettings
    from retrieval.models.lightgcn import LightGcnSettings

    chosen = {
        "complex": GraphEmbeddingSettings(seed=settings.seed),
        "lightgcn": LightGcnSettings(seed=settings.seed),
    }
    return _hash(dataset.fingerprint, settings.graph_vectors, repr(chosen.get(settings.graph_vectors)))


def _sequence_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.channels.sequence import network_settings

    return _hash(dataset.fingerprint, settings.encoder, repr(network_settings(settings)))


def _build_fusion(dataset: Dataset, settings: RetrievalSettings, progress: Progress) -> None:
    from retrieval.learned import build_fusion
    from retrieval.vectors import VectorIndex

    vectors = None
    with contextlib.suppress(IndexMissingError):
        vectors = VectorIndex.open(dataset.catalog, settings).matrix
    build_fusion(dataset, settings, progress, vectors=vectors)


def _check_fusion(dataset: Dataset, settings: RetrievalSettings) -> object:
    from retrieval.learned import check_fusion

    return check_fusion(dataset, settings.data_dir)


def _fusion_key(dataset: Dataset, settings: RetrievalSettings) -> str:
    from retrieval.models.fusion import LATER, FusionSettings
    from retrieval.models.later import LATER as LATER_SETTINGS

    chosen = LATER_SETTINGS if settings.fusion == LATER else FusionSettings(seed=settings.seed)
    return _hash(dataset.fingerprint, settings.encoder, settings.fusion, repr(chosen))


PARTS = (
    Part("factors", _build_factors, _check_factors, _factors_key),
    Part("neighbors", _build_neighbors, _check_neighbors, _neighbors_key),
    Part("graph", _build_graph, _check_graph, _graph_key),
    Part("graph-vectors", _build_graph_vectors, _check_graph_vectors, _graph_vectors_key),
    Part("vectors", _build_vectors, _check_vectors, _content_key),
    Part("taste", _build_taste, _check_taste, _taste_key),  # reads the vectors, where there are any
    Part("sequence", _build_sequence, _check_sequence, _sequence_key),  # reads the vectors
    Part("fusion", _build_fusion, _check_fusion, _fusion_key),  # reads the vectors, where there are any
)


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
    return f"demo-{_hash(*texts)}"


def _was_ingested(data_dir: Path) -> bool:
    try:
        return not str(json.loads((data_dir / POINTER).read_text(encoding="utf-8")).get("source", ""))
    except (OSError, ValueError, AttributeError):
        return False


def _ensure_parts(
    dataset: Dataset, settings: RetrievalSettings, before: Manifest | None, progress: Progress
) -> dict[str, PartRecord]:
    """Every part in turn; each finished one is noted at once, so that an interrupted build goes on where it was."""
    known = {**(before.parts if before else {}), **_read_journal(settings.data_dir).parts}
    parts: dict[str, PartRecord] = {}
    for part in PARTS:
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
    return PartRecord(key=key, seconds=seconds, settings=read_settings(settings.data_dir / part.name))


def _read_journal(data_dir: Path) -> Journal:
    try:
        journal = Journal.model_validate_json((data_dir / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return Journal()
    return journal if journal.format == FORMAT else Journal()


def _is_whole(part: Part, dataset: Dataset, settings: RetrievalSettings) -> bool:
    try:
        part.check(dataset, settings)
    except IndexMissingError as error:
        log.warning("%s is built again: %s", part.name, error)
        return False
    return True


def _previous(data_dir: Path) -> Manifest | None:
    try:
        manifest = Manifest.model_validate_json((data_dir / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return None
    return manifest if manifest.format == FORMAT else None


def _manifest(dataset: Dataset, settings: RetrievalSettings, parts: dict[str, PartRecord]) -> Manifest:
    return Manifest(
        catalog_hash=dataset.catalog_hash,
        fingerprint=dataset.fingerprint,
        encoder=settings.encoder,
        items=len(dataset.catalog),
        interactions=len(dataset.interactions),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        parts=parts,
        versions=dict(_versions()),
    )


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield name, importlib.metadata.version(name)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join((str(FORMAT), *parts)).encode()).hexdigest()[:16]


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
def _alone(data_dir: Path) -> Iterator[None]:
    """Two builds of one folder wait for each other."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
