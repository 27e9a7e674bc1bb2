"""Writes what was measured into a document, between two marks, and beside it as JSON; the prose around them stays."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import environment_lines, table

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COLUMNS = ("recommend", "chat", "feedback", "erase another", "/readyz")


def write(path: Path, name: str, part: Mapping[str, Any]) -> None:
    """Replace one part of what was measured; the others stay, each with its own command and hardware.

    Of faults those rows are replaced that were measured again; each names the commit that it is of.
    """
    kept_at = path.with_suffix(".json")
    kept = json.loads(kept_at.read_text(encoding="utf-8")) if kept_at.is_file() else {}
    before = kept.get(name, {}).get("found")
    if isinstance(before, list):
        rows = {row["fault"]: row for row in (*before, *part["found"])}
        part = {**part, "found": [*rows.values()]}
    kept[name] = part
    kept_at.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    body = "\n\n".join(_section(title, piece) for title, piece in kept.items())
    path.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _section(title: str, part: Mapping[str, Any]) -> str:
    found = part["found"]
    if isinstance(found, list):
        shown = table(("fault", *COLUMNS, "wrong", "commit"), map(_cells, found))
    else:
        shown = table(tuple(found), [tuple(found.values())])
    lines = environment_lines(part["environment"])
    return f"### {title.capitalize()}\n\n{shown}\n\n- `{part['command']}`, {part['seconds']} s\n{lines}"


def _cells(row: Mapping[str, str]) -> tuple[str, ...]:
    if "start" in row:
        return (row["fault"], row["start"], "", "", "", "", row["wrong"] or "–", row["commit"])
    return (row["fault"], *(row[column] for column in COLUMNS), row["wrong"] or "–", row["commit"])
