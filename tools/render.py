"""Candidates and facts -> the short text that a model reads; the only place that does so."""

from collections.abc import Iterable, Sequence

from retrieval.candidates import Candidate, Evidence
from retrieval.items import Catalog
from tools.context import SHOWN


def render_candidates(candidates: Sequence[Candidate], catalog: Catalog) -> str:
    """'1. Heat (1995) [item_id] score 0.71' a line."""
    if not candidates:
        return "nothing found"
    lines = [
        f"{rank}. {one_line(catalog.item(one.item_id).label)} [{one.item_id}] "
        + ", ".join(f"{name} {score:.3f}" for name, score in one.scores.items())
        for rank, one in enumerate(candidates[:SHOWN], 1)
    ]
    return "\n".join(lines)


def render_facts(item_id: str, facts: Iterable[Evidence], catalog: Catalog, *, text: bool = True) -> str:
    """An item's facts by field, and its description."""
    item = catalog.item(item_id)
    by_field: dict[str, list[str]] = {}
    for one in facts:
        by_field.setdefault(one.field, []).append(one.value)
    lines = [item.label, *(f"{name}: {', '.join(values)}" for name, values in by_field.items())]
    if text and item.text:
        lines.append(f"description: {item.text}")
    return "\n".join(one_line(line) for line in lines)


def one_line(text: str) -> str:
    """Text without line breaks and control characters: it cannot pose as the next line of a prompt."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
