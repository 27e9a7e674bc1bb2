"""Two readers' points put together: the share of all points with an interval, and how far the readers agree."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from agent.learning.transcripts import whole_records
from benchmarks.report import table
from benchmarks.unforeseen.records import Case
from eval.bootstrap import bootstrap_interval
from retrieval.errors import BadDataError

MOST = 2
"""Points of a conversation."""
NEAR_LANGUAGES = ("en", "zh")
"""Those that the offline driver knows."""


class Judgment(BaseModel):
    """A line of a reader's file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    points: Literal[0, 1, 2]


class Entry(BaseModel):
    """What an id of the sheet stands for."""

    model_config = ConfigDict(frozen=True)

    system: str = ""
    id: str
    language: str
    kind: int


@dataclass(frozen=True, slots=True)
class JudgedConversation:
    """A conversation with both readers' points."""

    entry: Entry
    points: tuple[int, int]

    @property
    def share(self) -> float:
        """Of the points there were, the mean of both readers."""
        return sum(self.points) / (len(self.points) * MOST)


def read_key(path: Path | None, cases: Sequence[Case]) -> dict[str, Entry]:
    """What each id stands for: by a sheet's key, else the ids of the conversations themselves."""
    if path is None:
        return {case.id: Entry(id=case.id, language=case.language, kind=case.kind) for case in cases}
    return {name: Entry.model_validate(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}


def read_judged(first: Path, second: Path, key: Mapping[str, Entry]) -> list[JudgedConversation]:
    """What both readers judged.

    Raises:
        BadDataError: A file cannot be read, an id is unknown, or the readers did not judge the same.
    """
    points = [_points(path) for path in (first, second)]
    if points[0].keys() != points[1].keys():
        odd = sorted(points[0].keys() ^ points[1].keys())
        raise BadDataError(f"expected two readers of the same sheet, found only one of them for {', '.join(odd[:5])}")
    unknown = sorted(points[0].keys() - key.keys())
    if unknown:
        raise BadDataError(f"expected ids of the sheet, found {', '.join(unknown[:5])}. Name its key with --key.")
    return [JudgedConversation(key[name], (value, points[1][name])) for name, value in sorted(points[0].items())]


def _points(path: Path) -> dict[str, int]:
    points = {
        judgment.id: judgment.points
        for _, judgment in whole_records(path, Judgment, 'lines such as {"id": "a", "points": 1}')
    }
    return {name: int(value) for name, value in points.items()}


def interval(shares: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean share over conversations.

    Where all are 0 or all are 1, drawing again would say the same each time; then the far end is the share that would
    still bring so even a result in 2.5 % of samples.
    """
    if shares and len(set(shares)) == 1 and shares[0] in (0.0, 1.0):
        edge = 0.025 ** (1 / len(shares))
        return (edge, 1.0) if shares[0] == 1.0 else (0.0, 1.0 - edge)
    return bootstrap_interval([[share] for share in shares], seed=seed)


def agreement(judged: Sequence[JudgedConversation]) -> tuple[float, float]:
    """How often both readers gave the same points, and Cohen's kappa with squared weights; NaN where nothing varies.

    Source: Cohen, Psychological Bulletin 1968, doi:10.1037/h0026256.
    """
    if not judged:
        return math.nan, math.nan
    counts = np.zeros((MOST + 1, MOST + 1))
    for verdict in judged:
        counts[verdict.points] += 1
    same = float(np.trace(counts) / counts.sum())
    observed = counts / counts.sum()
    by_chance = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    places = np.arange(MOST + 1)
    weights = (places[:, None] - places[None, :]) ** 2
    expected = float((weights * by_chance).sum())
    return same, 1 - float((weights * observed).sum()) / expected if expected else math.nan


def report(judged: Sequence[JudgedConversation], *, seed: int = 0) -> str:
    """Points by system, group of languages and kind, as Markdown."""
    parts = []
    for system in dict.fromkeys(verdict.entry.system for verdict in judged):
        own = [verdict for verdict in judged if verdict.entry.system == system]
        same, kappa = agreement(own)
        head = f"{system}: " if system else ""
        agreed = f"readers agree exactly on {same:.0%}, weighted kappa {'-' if math.isnan(kappa) else f'{kappa:.2f}'}"
        groups: list[tuple[str, Callable[[Entry], bool]]] = [
            ("all", lambda entry: True),
            ("English and Chinese", lambda entry: entry.language in NEAR_LANGUAGES),
            ("English", lambda entry: entry.language == "en"),
            ("Chinese", lambda entry: entry.language == "zh"),
            ("other languages", lambda entry: entry.language not in NEAR_LANGUAGES),
        ]
        rows = [_row(name, [verdict for verdict in own if belongs(verdict.entry)], seed) for name, belongs in groups]
        kinds = sorted({verdict.entry.kind for verdict in own})
        rows += [
            _row(f"kind {kind}", [verdict for verdict in own if verdict.entry.kind == kind], seed) for kind in kinds
        ]
        parts.append(f"{head}{len(own)} conversations; {agreed}.\n\n{table(HEAD, rows)}")
    return "\n\n".join(parts) or "nothing was judged"


HEAD = ("", "conversations", "points", "share (95 %, over conversations)")


def _row(name: str, judged: Sequence[JudgedConversation], seed: int) -> tuple[str, int, str, str]:
    if not judged:
        return name, 0, "-", "-"
    shares = [verdict.share for verdict in judged]
    low, high = interval(shares, seed=seed)
    points = sum(sum(verdict.points) for verdict in judged) / 2
    return name, len(judged), f"{points:g} of {MOST * len(judged)}", f"{np.mean(shares):.1%} ({low:.1%} to {high:.1%})"
