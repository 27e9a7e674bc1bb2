"""Messages whose words are marked with what they are there for, and how well these are read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.drivers.offline import Spotter
from agent.drivers.tagging import NAMES, ROLES, Tagger, joined
from agent.drivers.text import Place

HERE: Final = Path(__file__).parent
MARKED: Final = HERE / "tagged.tsv"
MARK = re.compile(r"\[([^\[\]|]+)\|(\w+)\]")
APART: Final = 10
"""One message in so many is read and not taught."""


class InLanguage(Protocol):
    """A message whose language is known."""

    @property
    def language(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Marks:
    """A message, and what its words are there for."""

    language: str
    message: str
    marks: tuple[tuple[int, int, str], ...]


def read_marked(path: Path = MARKED) -> list[Marks]:
    """The marked messages."""
    rows = (line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [_marked(language, text) for language, _, text in rows]


def _marked(language: str, text: str) -> Marks:
    message, marks, end = "", list[tuple[int, int, str]](), 0
    for match in MARK.finditer(text):
        message += text[end : match.start()]
        marks.append((len(message), len(message) + len(match[1]), match[2]))
        message += match[1]
        end = match.end()
    return Marks(language, message + text[end:], tuple(marks))


def labels_of(places: Sequence[Place], marks: Sequence[tuple[int, int, str]]) -> NDArray[np.int64]:
    """By word: 0 for no role, 1 + r where role r begins, 1 + n_roles + r where it goes on."""
    labels = np.zeros(len(places), dtype=np.int64)
    for start, end, role in marks:
        inside = [at for at, (low, high) in enumerate(places) if low < end and start < high]
        for number, at in enumerate(inside):
            labels[at] = ROLES.index(role) + 1 + (len(ROLES) if number else 0)
    return labels


def kept_apart(messages: Sequence[InLanguage]) -> list[bool]:
    """Which messages are read and not taught: one in ten of each language."""
    counts: dict[str, int] = {}
    apart = []
    for each in messages:
        counts[each.language] = counts.get(each.language, 0) + 1
        apart.append(counts[each.language] % APART == 0)
    return apart


def scores(tagger: Tagger, messages: Sequence[Marks], spotter: Spotter) -> Iterator[tuple[str, str, int, int, int]]:
    """(language, role, found and right, found, to be found) by message and role; '*' for roles of given stretches."""
    for each in messages:
        tags = tagger.tag(each.message, spotter.spot(each.message, language=each.language))
        places, shares = tags.places, tags.shares
        found = {(one.start, one.end, one.role) for one in joined(places, shares)}
        given = np.eye(2 * len(ROLES) + 1, dtype=np.float32)[labels_of(places, each.marks)]
        wanted = {(one.start, one.end, one.role) for one in joined(places, given)}
        for role in ROLES:
            ours, theirs = ({one for one in side if one[2] == role} for side in (found, wanted))
            yield each.language, role, len(ours & theirs), len(ours), len(theirs)
        by_role = np.hstack([shares[:, :1], shares[:, 1 : len(ROLES) + 1] + shares[:, len(ROLES) + 1 :]])
        for start, end, role in each.marks:
            inside = [at for at, (low, high) in enumerate(places) if low < end and start < high]
            right = NAMES[int(by_role[inside].mean(axis=0).argmax())] == role if inside else False
            yield each.language, f"*{role}", int(right), 1, 1


def table(rows: Sequence[tuple[str, str, int, int, int]]) -> None:
    """Print precision, recall and F1 by role and by language, and the share of right roles of given stretches."""

    def told(name: str, chosen: Sequence[tuple[str, str, int, int, int]]) -> None:
        right, found, wanted = (
            sum(row[2] for row in chosen),
            sum(row[3] for row in chosen),
            sum(row[4] for row in chosen),
        )
        if wanted:
            precision, recall = right / max(found, 1), right / wanted
            f1 = 2 * precision * recall / max(precision + recall, 1e-9)
            print(f"{name:>10} {precision:.3f} {recall:.3f} {f1:.3f} of {wanted}")

    print(f"{'':>10} {'prec.':>5} {'rec.':>5} {'F1':>5}")
    whole = [row for row in rows if not row[1].startswith("*")]
    given = [row for row in rows if row[1].startswith("*")]
    for role in ROLES:
        told(role, [row for row in whole if row[1] == role])
    for language in sorted({row[0] for row in rows}):
        told(language, [row for row in whole if row[0] == language])
    told("all", whole)
    print("roles of stretches that are given:")
    for role in ROLES:
        told(role, [row for row in given if row[1] == f"*{role}"])
    told("all", given)
