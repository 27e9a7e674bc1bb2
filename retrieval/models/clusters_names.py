"""Words for taste clusters: the values of the catalog's own fields by which a cluster differs most from everyone."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.datasets.storage import write_atomic
from retrieval.errors import IndexMissingError
from retrieval.items import Catalog, Item
from retrieval.models.clusters import WHAT, TasteClusters
from retrieval.schema import FieldKind

FILE = "names.json"
IN_NAME = 3
"""Values in one name."""
CHOICES = 5
"""The most distinctive values, of which a name is made."""
LEAST_LIFT = 1.2
"""A value of a name is so much more frequent in its cluster than among everyone."""
LEAST_SHARE = 0.05
"""A name says what a fair part of the likes of a cluster have, not what a few of them are known for."""
LEAST_ITEMS = 3
"""A value that fewer items have names nothing."""

Fact = tuple[str, str]
"""Field and value; decades such as '1990s' for a year."""
Choose = Callable[[Sequence[str]], str]
"""Picks one of several names, perhaps by a language model; an answer that was not offered is not taken."""


@dataclass(frozen=True, slots=True)
class _Values:
    facts: list[Fact]
    has: NDArray[np.float32]
    """Shape (n_facts, n_items): whether an item has the value."""


def name_clusters(
    clusters: TasteClusters, catalog: Catalog, choose: Choose | None = None
) -> tuple[tuple[Fact, ...], ...]:
    """A name for each cluster, as facts, most distinctive first; no two alike where that can be helped.

    Args:
        clusters: Their likes decide.
        catalog: Its fields other than names of people are the words.
        choose: Picks among the names that can be made of the most distinctive values; the first where there is none.
    """
    values = _values(catalog)
    names: list[tuple[Fact, ...]] = []
    for cluster in range(len(clusters)):
        best = distinctive(clusters, cluster, values)
        offered = [name for name in combinations(best, min(IN_NAME, len(best))) if name not in names] or [tuple(best)]
        names.append(_chosen(offered, catalog, choose))
    return tuple(names)


def distinctive(clusters: TasteClusters, cluster: int, values: _Values) -> list[Fact]:
    """The values that add most to the divergence of a cluster's likes from everyone's: share times log of lift."""
    everyone = clusters.likes.sum(axis=0).astype(np.float64)
    own = clusters.likes[cluster].astype(np.float64)
    if not own.any():
        return []
    inside = values.has @ own / own.sum()
    overall = values.has @ everyone / everyone.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.nan_to_num(inside * np.log(inside / overall))
    clear = (inside >= LEAST_LIFT * overall) & (inside >= LEAST_SHARE)
    gain = np.where(clear, gain, 0.0) if (clear & (gain > 0)).any() else gain
    order = np.argsort(-gain, kind="stable")[:CHOICES]
    return [values.facts[index] for index in order.tolist() if gain[index] > 0]


def holds(item: Item, fact: Fact) -> bool:
    """Whether an item has a value, or is of a decade."""
    field_name, value = fact
    number = item.numbers.get(field_name)
    return value in item.values.get(field_name, ()) or (number is not None and _decade(number) == value)


def label(facts: Sequence[Fact], catalog: Catalog, language: str = "en") -> str:
    """A name in words: 'Film-Noir, heist, 1940s'; '' for no facts."""
    return ("、" if language == "zh" else ", ").join(_in_words(*fact, catalog, language) for fact in facts)


def save_names(folder: Path, names: Sequence[Sequence[Fact]]) -> None:
    """Write names as text into an existing folder, all or none."""
    write_atomic(folder / FILE, json.dumps(names, ensure_ascii=False, indent=1) + "\n")


def load_names(folder: Path, number: int) -> tuple[tuple[Fact, ...], ...]:
    """Read what `save_names` wrote for so many clusters.

    Raises:
        IndexMissingError: It is absent or damaged.
    """
    try:
        read = json.loads((folder / FILE).read_text(encoding="utf-8"))
        names = tuple(tuple((str(field), str(value)) for field, value in facts) for facts in read)
    except (OSError, ValueError, TypeError) as error:
        raise IndexMissingError(f"{WHAT} without names", path=str(folder)) from error
    if len(names) != number:
        raise IndexMissingError(f"{WHAT} with {len(names)} names instead of {number}", path=str(folder))
    return names


def _values(catalog: Catalog) -> _Values:
    """Which item has which value of a category, of an entity that is no person, and of which decade it is."""
    facts: list[Fact] = []
    columns: list[NDArray[np.float32]] = []
    for spec in catalog.schema.descriptive:
        if spec.people:
            continue
        if spec.kind is FieldKind.NUMBER:
            held = _decades(catalog, spec.name) if spec.unit == "year" else {}
        else:
            held = {value: catalog.holders(spec.name, value) for value in catalog.values(spec.name)}
        for value, rows in held.items():
            if len(rows) >= LEAST_ITEMS:
                facts.append((spec.name, value))
                columns.append(np.bincount(rows, minlength=len(catalog)).astype(np.float32))
    return _Values(facts, np.asarray(columns, dtype=np.float32).reshape(len(facts), len(catalog)))


def _decades(catalog: Catalog, field_name: str) -> dict[str, NDArray[np.int64]]:
    """The rows of the items of each decade."""
    numbers = [(row, item.numbers[field_name]) for row, item in enumerate(catalog) if field_name in item.numbers]
    by_decade: dict[str, list[int]] = {}
    for row, number in numbers:
        by_decade.setdefault(_decade(number), []).append(row)
    return {decade: np.asarray(rows, dtype=np.int64) for decade, rows in by_decade.items()}


def _decade(year: float) -> str:
    return f"{int(year) // 10 * 10}s"


def _chosen(offered: Sequence[tuple[Fact, ...]], catalog: Catalog, choose: Choose | None) -> tuple[Fact, ...]:
    words = [label(facts, catalog) for facts in offered]
    picked = choose(words) if choose is not None and len(words) > 1 else words[0]
    return offered[words.index(picked)] if picked in words else offered[0]


def _in_words(field_name: str, value: str, catalog: Catalog, language: str) -> str:
    spec = next((field_spec for field_spec in catalog.schema.fields if field_spec.name == field_name), None)
    if spec is None:
        return value
    if spec.kind is FieldKind.NUMBER and language == "zh":
        return f"{value.removesuffix('s')}年代"
    return spec.value_in(value, language)
