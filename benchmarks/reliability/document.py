"""Writes what was measured into docs/reliability.md, between two marks; the prose around them stays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import environment_lines, table

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COLUMNS = ("recommend", "chat", "feedback", "erase another", "/readyz")


def write(path: Path, found: Mapping[str, object], environment: Mapping[str, object], command: str) -> None:
    """Replace the measured part."""
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    body = [f"`{command}`", environment_lines(environment)]  # type: ignore[arg-type]
    figures = [(name, _figures(part)) for name, part in found.items() if isinstance(part, Mapping)]
    body.append(table(("part", "found"), figures))
    rows = found.get("faults")
    if isinstance(rows, Sequence):
        body.append(table(("fault", *COLUMNS, "wrong"), [_cells(row) for row in rows]))
    path.write_text(f"{head}{BEGIN}\n\n" + "\n\n".join(body) + f"\n\n{END}{tail}", encoding="utf-8")


def _figures(part: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in part.items())


def _cells(row: Mapping[str, str]) -> tuple[str, ...]:
    if "start" in row:
        return (row["fault"], row["start"], "", "", "", "", row["wrong"] or "-")
    return (row["fault"], *(row[column] for column in COLUMNS), row["wrong"] or "-")
