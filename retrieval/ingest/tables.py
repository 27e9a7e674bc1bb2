"""Files as rows: CSV, JSONL and Parquet read into column -> value, with every unreadable row named.

Knows nothing of items or ratings.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from retrieval.errors import BadDataError

Value = object
"""A cell: text, number, list, date or None."""

DELIMITERS = (",", "\t", ";", "|")
WIDEST = 10_000_000
"""Characters in one cell."""


class BadRow(NamedTuple):
    """A row that was left out."""

    file: str
    line: int
    """From 1, the header of a CSV file included; in Parquet the row's position from 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


class Row(NamedTuple):
    """A readable row."""

    line: int
    cells: Mapping[str, Value]


@dataclass(frozen=True)
class Table:
    """The readable rows of a file and the others."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]

    def column(self, name: str) -> Iterator[Value]:
        """All cells of a column that are not empty."""
        return (cell for row in self.rows if not is_empty(cell := row.cells.get(name)))


def is_empty(cell: Value) -> bool:
    """Whether a cell says nothing."""
    if isinstance(cell, float):
        return cell != cell  # NaN is how Parquet files from pandas say nothing
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, list) and not cell)


def read_table(path: Path) -> Table:
    """Read a file by its suffix.

    Raises:
        BadDataError: The file cannot be read at all, is of an unknown kind, or holds no readable row.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise BadDataError(
            f"cannot tell what kind of file {path} is: its name must end in one of {', '.join(_READERS)}."
        )
    try:
        lines = list(read(path))
    except OSError as error:
        raise BadDataError(f"cannot read {path}: {error.strerror or error}. Check the name and the rights.") from error
    rows = tuple(line for line in lines if isinstance(line, Row))
    bad = tuple(line for line in lines if isinstance(line, BadRow))
    if not rows:
        first = f" The first trouble: {bad[0]}." if bad else " It is empty."
        raise BadDataError(f"no row of {path} can be read.{first}")
    columns = tuple(dict.fromkeys(name for row in rows for name in row.cells))
    return Table(path, columns, rows, bad)


def _text_lines(path: Path) -> list[str]:
    """The physical lines with their ends; bytes that are not UTF-8 come as surrogates."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDataError(f"{path} is written in UTF-16. Save it as UTF-8 and run again.")
    text = raw.decode("utf-8-sig", errors="surrogateescape")
    return [line + "\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _is_garbled(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def _read_csv(path: Path) -> Iterator[Row | BadRow]:
    lines = _text_lines(path)
    delimiter = max(DELIMITERS, key=lines[0].count)
    header = [name.strip() for name in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    if len(set(header)) != len(header) or _is_garbled("".join(header)):
        raise BadDataError(f"{path}: the first line must name each column once in UTF-8; found {lines[0].strip()!a}")
    for start, cells, reason in _csv_records(lines, delimiter, len(header)):
        if reason:
            yield BadRow(path.name, start + 1, reason)
        elif cells:
            yield Row(start + 1, dict(zip(header, cells, strict=True)))


def _csv_records(lines: list[str], delimiter: str, width: int) -> Iterator[tuple[int, list[str], str]]:
    """Records below the header as (line from 0, cells, reason why it cannot be read).

    A quote that is never closed swallows the lines below it; such a record is reported and reading goes on at the
    line after the one that it began on.
    """
    csv.field_size_limit(WIDEST)
    at = 1
    while at < len(lines):
        reader = csv.reader((lines[row] for row in range(at, len(lines))), delimiter=delimiter, strict=True)
        base = at
        while at < len(lines):
            start = at
            try:
                cells = next(reader, [])
                reason = _complaint(cells, width)
            except csv.Error as error:
                cells, reason = [], str(error)
            at = base + reader.line_num
            if reason and at - start > 1:
                yield start, [], f"{reason} (is a quote opened here and not closed?)"
                at = start + 1
                break
            yield start, cells, reason


def _complaint(cells: list[str], width: int) -> str:
    if cells and len(cells) != width:
        return f"{width} columns expected, {len(cells)} found"
    if any(map(_is_garbled, cells)):
        return "not written in UTF-8"
    return ""


def _read_jsonl(path: Path) -> Iterator[Row | BadRow]:
    for number, line in enumerate(_text_lines(path), start=1):
        if not line.strip():
            continue
        if _is_garbled(line):
            yield BadRow(path.name, number, "not written in UTF-8")
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield BadRow(path.name, number, f"no JSON: {error}")
            continue
        if "\\u" in line and _is_garbled(json.dumps(cells, ensure_ascii=False)):
            yield BadRow(path.name, number, "half of a character (a lone surrogate)")
        elif isinstance(cells, dict):
            yield Row(number, cells)
        else:
            yield BadRow(path.name, number, f"a JSON object expected, {type(cells).__name__} found")


def _read_parquet(path: Path) -> Iterator[Row | BadRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except pa.ArrowException as error:
        raise BadDataError(f"{path} is no readable Parquet file: {error}") from error
    for number, cells in enumerate(rows, start=1):
        yield Row(number, cells)


_READERS: dict[str, Callable[[Path], Iterator[Row | BadRow]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
}
