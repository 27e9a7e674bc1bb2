"""Figures in words: shares with intervals, medians with ranges, tables, and what they were measured on."""

import importlib.metadata
import os
import platform
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from eval.bootstrap import bootstrap_interval
from retrieval.errors import RecommenderError

PACKAGES = (
    *("torch", "sentence-transformers", "chromadb", "pyoxigraph", "numpy", "langchain", "langgraph"),
    *("langchain-openai", "openai", "xllamacpp"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """How often something held, by group (script): values of one group resemble each other."""

    groups: tuple[tuple[bool, ...], ...]
    seed: int = 0

    @property
    def hits(self) -> int:
        """How many held."""
        return sum(map(sum, self.groups))

    @property
    def n(self) -> int:
        """How many there were."""
        return sum(map(len, self.groups))

    @property
    def value(self) -> float:
        """From 0 to 1; 1 when there was nothing to break."""
        return self.hits / self.n if self.n else 1.0

    def interval(self) -> tuple[float, float]:
        """The 95 % interval over groups.

        Where every value is right, drawing again would say 100 to 100 %; then the lower end is the share of groups
        without a flaw that would still give so many flawless ones in 2.5 % of samples: 0.025 ** (1 / groups).
        """
        filled = [group for group in self.groups if group]
        if filled and self.hits == self.n:
            return 0.025 ** (1 / len(filled)), 1.0
        return bootstrap_interval([[float(value) for value in group] for group in filled], seed=self.seed)

    def __str__(self) -> str:
        if not self.n:
            return "none"
        low, high = self.interval()
        return f"{self.value:.1%} ({self.hits}/{self.n}; {low:.1%} to {high:.1%})"

    def figures(self) -> dict[str, JsonValue]:
        """For JSON."""
        low, high = self.interval() if self.n else (None, None)
        return {"hits": self.hits, "n": self.n, "share": round(self.value, 5), "low": low, "high": high}


def share_by(pairs: Iterable[tuple[str, bool]], *, seed: int = 0) -> Share:
    """A share of values that come with the name of their group."""
    groups: dict[str, list[bool]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return Share(tuple(tuple(group) for group in groups.values()), seed)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """'12 (9 to 15)': median, smallest, largest."""
    if not values:
        return "none"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def median(values: Sequence[float]) -> float | None:
    """The median; None without values."""
    return float(statistics.median(values)) if values else None


def wanted(value: float | None, limit: float, *, at_most: bool = True) -> str:
    """'reached', 'MISSED' or 'not measured'."""
    if value is None:
        return "not measured"
    return "reached" if (value <= limit if at_most else value >= limit) else "MISSED"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)


def environment() -> dict[str, JsonValue]:
    """Hardware and versions; no name of the machine, of a user or of a folder."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "load_before": round(load, 2),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def environment_lines(machine: Mapping[str, JsonValue]) -> str:
    """The same as a list."""
    versions = machine["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items()) if isinstance(versions, dict) else ""
    return (
        f"- date: {machine['date']}, commit {machine['commit']}\n"
        f"- hardware: {machine['cpu']}, {machine['cores']} logical cores, {machine['memory_gib']} GiB memory, "
        f"load {machine['load_before']} before the start\n"
        f"- versions: Python {machine['python']}, {named}"
    )


def commit() -> str:
    """The commit that is checked out, and whether anything was changed since."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    folder = Path(__file__).parent
    done = subprocess.run(
        [git, "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True, check=False
    )
    changed = subprocess.run(
        [git, "status", "--porcelain", "--untracked-files=no"], cwd=folder, capture_output=True, text=True, check=False
    )
    return (done.stdout.strip() or "unknown") + (" with local changes" if changed.stdout.strip() else "")


def _cpu() -> str:
    info = _read(Path("/proc/cpuinfo"))
    match = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    return match.group(1).strip() if match else platform.processor() or platform.machine()


def _memory_gib() -> float:
    """What the container may use, else what the machine has."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", _read(Path("/proc/meminfo")), re.MULTILINE)
    whole = int(match.group(1)) / 2**20 if match else 0.0
    limit = _read(Path("/sys/fs/cgroup/memory.max")).strip()
    return round(min(whole, int(limit) / 2**30) if limit.isdigit() else whole, 1)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def insert(document: Path, text: str, begin: str, end: str) -> None:
    """Replace what stands between two marks of a document.

    Raises:
        RecommenderError: It has no such marks.
    """
    old = document.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        raise RecommenderError(f"expected the lines {begin!r} and {end!r} in {document}, found none. Add them.")
    before, after = old.partition(begin)[0], old.partition(end)[2]
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
