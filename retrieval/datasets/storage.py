"""A dataset on disk: written into a folder of its own, then a small pointer file is swapped in one step.

    DATA/dataset.json            which folder is current, with sizes and hashes
    DATA/dataset-<hash>/         schema.json, catalog.jsonl, interactions.parquet, triples.parquet

A reader sees the old dataset or the new one, never half of either.
"""

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.datasets.dataset import Dataset, Interactions, Triple, item_line
from retrieval.errors import BadDataError, IndexMissingError
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

FORMAT = 1
POINTER = "dataset.json"


class Pointer(BaseModel):
    """The file DATA/dataset.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    folder: str
    catalog_hash: str
    fingerprint: str
    items: int
    interactions: int
    sizes: dict[str, int]
    """Bytes by file name: a truncated file is noticed without reading it."""
    source: str = ""
    """Hash of what the demo was made from; '' for a catalog that a user brought."""


def save_dataset(dataset: Dataset, data_dir: Path, *, source: str = "") -> Pointer:
    """Write a dataset; the one that was there stays in place until the new one is complete.

    Args:
        dataset: What to write.
        data_dir: The data folder; made where it is not there.
        source: See `Pointer.source`.

    Raises:
        BadDataError: It cannot be written (disk full, no permission); the old dataset is intact.
    """
    staging: Path | None = None
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix="dataset-tmp-", dir=data_dir))
        for name, write in _WRITERS.items():
            write(dataset, staging / name)
        return _publish(dataset, staging, data_dir, source)
    except OSError as error:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        raise BadDataError(
            f"cannot write the dataset to {data_dir}: {error.strerror or error}. "
            "What was there before is unchanged. Free some space or choose another folder with --data, then run again."
        ) from error


def load_dataset(data_dir: Path) -> Dataset:
    """Read the current dataset of a data folder.

    Raises:
        IndexMissingError: There is none, or it is half-written or damaged.
    """
    pointer = read_pointer(data_dir)
    folder = data_dir / pointer.folder
    for name, size in pointer.sizes.items():
        n_bytes = (folder / name).stat().st_size if (folder / name).is_file() else -1
        if n_bytes != size:
            what = "is missing" if n_bytes < 0 else f"has {n_bytes} bytes instead of {size}"
            raise _missing(f"half-written dataset: {name} {what}", data_dir)
    try:
        dataset = _read(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _missing(f"damaged dataset ({type(error).__name__})", data_dir) from error
    # Known from the pointer: saves hashing everything at each start.
    dataset.__dict__.update(catalog_hash=pointer.catalog_hash, fingerprint=pointer.fingerprint)
    return dataset


def read_pointer(data_dir: Path) -> Pointer:
    """What dataset a folder holds, without reading it.

    Raises:
        IndexMissingError: There is none that this version can read.
    """
    path = data_dir / POINTER
    if not path.is_file():
        raise _missing("no dataset", data_dir)
    try:
        pointer = Pointer.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError) as error:
        raise _missing(f"unreadable {POINTER}", data_dir) from error
    if pointer.format != FORMAT or Path(pointer.folder).name != pointer.folder:
        raise _missing(f"dataset of format {pointer.format} instead of {FORMAT}", data_dir)
    return pointer


def _missing(what: str, data_dir: Path) -> IndexMissingError:
    return IndexMissingError(what, path=str(data_dir), command=f"reconteur build --data {data_dir}")


def _publish(dataset: Dataset, staging: Path, data_dir: Path, source: str) -> Pointer:
    sizes = {file.name: file.stat().st_size for file in sorted(staging.iterdir())}
    final = data_dir / f"dataset-{dataset.fingerprint[:12]}"
    pointer = Pointer(
        format=FORMAT,
        folder=final.name,
        catalog_hash=dataset.catalog_hash,
        fingerprint=dataset.fingerprint,
        items=len(dataset.catalog),
        interactions=len(dataset.interactions),
        sizes=sizes,
        source=source,
    )
    if final.exists():
        final = Path(tempfile.mkdtemp(prefix=f"{final.name}-", dir=data_dir))
        pointer = pointer.model_copy(update={"folder": final.name})
    os.replace(staging, final)
    write_atomic(data_dir / POINTER, pointer.model_dump_json(indent=1))
    for old in data_dir.glob("dataset-*"):
        if old.is_dir() and old.name != final.name:
            shutil.rmtree(old, ignore_errors=True)
    log.info("dataset written: %d items, %d interactions", pointer.items, pointer.interactions)
    return pointer


def write_atomic(path: Path, text: str) -> None:
    """Replace a file in one step: readers see the old text or the new one.

    Raises:
        OSError: It cannot be written; the old file is intact.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _write_schema(dataset: Dataset, path: Path) -> None:
    path.write_text(dataset.catalog.schema.model_dump_json(indent=1), encoding="utf-8")


def _write_catalog(dataset: Dataset, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(item_line(item) + "\n" for item in dataset.catalog)
        file.flush()
        os.fsync(file.fileno())


def _write_interactions(dataset: Dataset, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    interactions = dataset.interactions
    users = pa.DictionaryArray.from_arrays(pa.array(interactions.users), pa.array(interactions.user_ids, pa.string()))
    columns = {
        "user_id": users,
        "row": interactions.rows,
        "weight": interactions.weights,
        "timestamp": interactions.timestamps,
    }
    pq.write_table(pa.table(columns), path)


def _write_triples(dataset: Dataset, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        name: pa.array([triple[at] for triple in dataset.triples], pa.string()).dictionary_encode()
        for at, name in enumerate(Triple._fields)
    }
    pq.write_table(pa.table(columns), path)


_WRITERS: dict[str, Callable[[Dataset, Path], None]] = {
    "schema.json": _write_schema,
    "catalog.jsonl": _write_catalog,
    "interactions.parquet": _write_interactions,
    "triples.parquet": _write_triples,
}


def _read(folder: Path) -> Dataset:
    schema = CatalogSchema.model_validate_json((folder / "schema.json").read_text(encoding="utf-8"))
    with (folder / "catalog.jsonl").open(encoding="utf-8") as file:
        catalog = Catalog(schema, tuple(_read_item(line) for line in file))
    return Dataset(catalog, _read_interactions(folder, catalog), StoredTriples(folder))


def _read_item(line: str) -> Item:
    row = json.loads(line)
    return Item(
        item_id=row["id"],
        title=row["title"],
        values={name: tuple(values) for name, values in row["values"].items()},
        numbers=row["numbers"],
        text=row["text"],
        aka=tuple(row["aka"]),
        same_as=row["same_as"],
        remarks={name: tuple(values) for name, values in row.get("remarks", {}).items()},
        main=tuple(row.get("main", ())),
        slight=tuple(row.get("slight", ())),
        queries=tuple(row.get("queries", ())),
    )


def _read_interactions(folder: Path, catalog: Catalog) -> Interactions:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(folder / "interactions.parquet", read_dictionary=["user_id"])
    table = file.read().combine_chunks()
    encoded = table["user_id"].chunk(0) if table.num_rows else None
    return Interactions(
        tuple(encoded.dictionary.to_pylist()) if encoded is not None else (),
        tuple(item.item_id for item in catalog),
        _array(encoded.indices if encoded is not None else None).astype(np.int32),
        _array(table["row"]).astype(np.int32),
        _array(table["weight"]).astype(np.float32),
        _array(table["timestamp"]).astype(np.float64),
    )


def _array(column: "pa.Array | pa.ChunkedArray | None") -> NDArray[Any]:
    """A column of numbers; `to_numpy` and `read_table` would load pandas at every start."""
    chunks = getattr(column, "chunks", [column])
    array: NDArray[Any] = np.from_dlpack(chunks[0]) if chunks and chunks[0] is not None else np.zeros(0)
    return array


class StoredTriples(Sequence[Triple]):
    """The triples of a stored dataset, read when somebody looks at them: builds do, servers do not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _all(self) -> tuple[Triple, ...]:
        import pyarrow.parquet as pq

        table = pq.ParquetFile(self._folder / "triples.parquet").read()
        return tuple(map(Triple, *(table[name].to_pylist() for name in Triple._fields)))

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, place: int) -> Triple: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Triple, ...]: ...
    def __getitem__(self, place: int | slice) -> Triple | tuple[Triple, ...]:
        return self._all[place]

    def __iter__(self) -> Iterator[Triple]:
        return iter(self._all)
