"""What was built in a data folder and from what: the manifest, and the journal of a build that is not done yet."""

import contextlib
import hashlib
import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.datasets import Dataset
from retrieval.datasets.storage import read_pointer
from retrieval.errors import IndexMissingError
from retrieval.settings import RetrievalSettings

FORMAT = 1
MANIFEST = "manifest.json"
JOURNAL = ".build.json"
"""What an interrupted build has finished; taken up by the next one."""
PACKAGES = ("reconteur", "numpy", "chromadb", "pyoxigraph", "sentence-transformers", "torch")


class PartRecord(BaseModel):
    """One index as it was built."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Hash of everything the index was made from."""
    seconds: float
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    """Of a fitted model."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """How it does on what it was fitted on (`retrieval.measuring`): a check, not a forecast."""


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


def read_manifest(data_dir: Path) -> Manifest:
    """The manifest of a built data folder.

    Raises:
        IndexMissingError: The folder was never built to the end, or its indexes are for another dataset.
    """
    pointer = read_pointer(data_dir)
    command = f"reconteur build --data {data_dir}"
    manifest = previous_manifest(data_dir)
    if manifest is None:
        raise IndexMissingError(f"no (or a half-written) {MANIFEST}", path=str(data_dir), command=command)
    if manifest.fingerprint != pointer.fingerprint:
        raise IndexMissingError("indexes made for another dataset", path=str(data_dir), command=command)
    return manifest


def read_journal(data_dir: Path) -> Journal:
    """What an interrupted build has finished; nothing where none was interrupted."""
    try:
        journal = Journal.model_validate_json((data_dir / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return Journal()
    return journal if journal.format == FORMAT else Journal()


def previous_manifest(data_dir: Path) -> Manifest | None:
    """The manifest that lies in a data folder; None where it is absent, half-written or of another version."""
    try:
        manifest = Manifest.model_validate_json((data_dir / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return None
    return manifest if manifest.format == FORMAT else None


def new_manifest(dataset: Dataset, settings: RetrievalSettings, parts: dict[str, PartRecord]) -> Manifest:
    """What a build that is done now writes down."""
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


def hash_of(*parts: str) -> str:
    """A fingerprint of what an index was made from; 16 hex digits."""
    return hashlib.sha256("\x1f".join((str(FORMAT), *parts)).encode()).hexdigest()[:16]
