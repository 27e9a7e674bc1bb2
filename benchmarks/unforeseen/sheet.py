"""The sheet for blind readers: played conversations as a person saw them, shuffled, without the system's name."""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent.wording.messages import say, say_in_all
from benchmarks.unforeseen.records import Card, Case, Played, PlayedTurn, read_played
from retrieval.errors import BadDataError

TELLING = frozenset((*say_in_all("no_model"), *say_in_all("model_down"), *say_in_all("model_busy")))
"""Notices that would tell which system it was."""
TASK = """# Conversations to judge

Each conversation below is a person's talk with a recommender of films. What the person wrote stands after `user:`, what
came back after `assistant:`; numbered lines are cards, a line with `>` is a notice, `[ ]` are buttons to click.

Judge the whole conversation by the rubric that stands under it, and by nothing else: 2, 1 or 0 points. Where a rubric
names films, others that fit as well earn the same. Write one line of JSON for each into a file of your own:

    {"id": "3f2a9c1b", "points": 1}
"""


def sheet(
    runs: Mapping[str, Sequence[Played]], cases: Iterable[Case], *, seed: int
) -> tuple[str, dict[str, dict[str, object]]]:
    """The sheet's text, and its key: which entry is whose.

    Args:
        runs: What each system played, by its name.
        cases: The conversations with their rubrics.
        seed: Of the order.
    """
    rubrics = {case.id: case.rubric for case in cases}
    entries = [(_opaque(name, played.id, seed), name, played) for name, many in runs.items() for played in many]
    random.Random(seed).shuffle(entries)
    key = {
        entry: {"system": name, "id": played.id, "language": played.language, "kind": played.kind}
        for entry, name, played in entries
    }
    parts = [_entry(entry, played, rubrics[played.id]) for entry, _, played in entries]
    return "\n\n---\n\n".join([TASK.rstrip(), *parts]) + "\n", key


def write_sheet(path: Path, files: Sequence[Path], cases: Iterable[Case], *, seed: int) -> Path:
    """Write the sheet of some runs, and its key beside it; returns where the key is.

    Raises:
        BadDataError: A file cannot be read, or two have one name.
    """
    if len({file.stem for file in files}) < len(files):
        raise BadDataError("expected files of different names: they name the systems in the key")
    text, key = sheet({file.stem: read_played(file) for file in files}, cases, seed=seed)
    path.write_text(text, encoding="utf-8")
    beside = path.with_name(f"{path.name}.key.json")
    beside.write_text(json.dumps(key, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return beside


def _opaque(system: str, case_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\x1f{system}\x1f{case_id}".encode()).hexdigest()[:8]


def _entry(entry: str, played: Played, rubric: Mapping[str, str]) -> str:
    turns = "\n\n".join(_turn(turn) for turn in played.turns)
    points = "\n".join(f"- {value}: {words}" for value, words in sorted(rubric.items(), reverse=True))
    return f"## {entry}\n\n{turns}\n\nRubric:\n\n{points}"


def _turn(turn: PlayedTurn) -> str:
    blocks = [f"user: {turn.message}", "assistant:"]
    blocks += ["(nothing came back)"] if turn.error else []
    blocks += [_listed(turn.cards)] if turn.cards else []
    blocks += [f"{say('near_heading', 'en')}\n{_listed(turn.near)}"] if turn.near else []
    blocks += [f"> {_line(notice)}" for notice in turn.notices if notice not in TELLING]
    blocks += [turn.text] if turn.text else []
    blocks += [" ".join(f"[{_line(choice)}]" for choice in turn.choices)] if turn.choices else []
    return "\n\n".join(blocks)


def _listed(cards: Sequence[Card]) -> str:
    return "\n".join(f"{place}. {_card(card)}" for place, card in enumerate(cards, 1))


def _card(card: Card) -> str:
    slot = f"{_line(card.slot)}: " if card.slot else ""
    guess = " (marked as a guess)" if card.exploratory else ""
    return f"{slot}**{_line(card.label)}**{guess}{f': {_line(card.reason)}' if card.reason else ''}"


def _line(text: str) -> str:
    return " ".join(text.split())
