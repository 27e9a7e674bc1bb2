"""What a language model read out of the items' texts: a JSON line an item in the data folder, checked when read.

A line counts only as long as it is for the item's present text; the catalog decides which values may stand in it.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retrieval.features.moods import MOODS
from retrieval.items import Catalog, Item
from retrieval.schema import FieldSpec

FILE = "item_features.jsonl"
MOST_MOODS, MOST_VALUES = 3, 6
"""The most moods and themes of an item."""

logger = logging.getLogger(__name__)


class FeatureRecord(BaseModel):
    """What was read out of one item's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: str = Field(max_length=400)
    key: str = Field(max_length=64)
    """`record_key` of the text, the model and the prompt that it was read with."""
    model: str = Field(max_length=400)
    prompt: str = Field(max_length=64)
    """Version of the prompt."""
    moods: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Soft entity fields (themes): field name -> values."""


@dataclass(frozen=True, slots=True)
class ItemFeatures:
    """Moods and themes by item id, as far as the catalog knows them."""

    moods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Item id -> field name -> values."""
    dropped: int = 0
    """Lines that were damaged, stale, or about items and values that the catalog does not have."""

    def __len__(self) -> int:
        return len(self.moods)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self.moods


def soft_fields(catalog: Catalog) -> tuple[FieldSpec, ...]:
    """The fields whose values a text can be read for: soft ones (themes) that the catalog has values of."""
    return tuple(spec for spec in catalog.schema.fields if spec.soft and catalog.values(spec.name))


def text_to_read(item: Item) -> str:
    """What is read: label and description, without the facts that the reading is to be compared with."""
    return f"{item.label}. {item.text}".strip()


def record_key(item: Item, model: str, prompt: str) -> str:
    """A digest of what a reading rests on; 32 hex digits."""
    parts = json.dumps([text_to_read(item), model, prompt], ensure_ascii=True)
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def append_records(data_dir: Path, records: Iterable[FeatureRecord]) -> None:
    """Add lines to the file; later lines about an item replace earlier ones."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / FILE
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        torn = size > 0 and file.read(1) != b"\n"
        file.write(b"\n" if torn else b"")
        file.writelines(record.model_dump_json().encode() + b"\n" for record in records)


def read_records(data_dir: Path) -> tuple[dict[str, FeatureRecord], int]:
    """The last whole line about each item, and how many lines are damaged (an interrupted run leaves half a one)."""
    path = data_dir / FILE
    records: dict[str, FeatureRecord] = {}
    damaged = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            record = FeatureRecord.model_validate_json(line)
        except ValidationError:
            damaged += bool(line.strip())
            continue
        records[record.item_id] = record
    return records, damaged


def load_features(
    data_dir: Path, catalog: Catalog, *, believes: Callable[[str], bool] = lambda model: True
) -> ItemFeatures | None:
    """What was read about the items of a catalog; None where nothing usable lies in the folder.

    Args:
        data_dir: The data folder.
        catalog: Decides which items and values count.
        believes: Whether what a model of that name read is used.
    """
    records, dropped = read_records(data_dir)
    kept: dict[str, FeatureRecord] = {}
    for record in records.values():
        if is_current(record, catalog) and believes(record.model):
            kept[record.item_id] = checked(record, catalog)
        else:
            dropped += 1
    dropped += sum(_size(kept[item_id]) < _size(records[item_id]) for item_id in kept)
    if dropped:
        logger.warning("%s: %d lines do not fit the catalog and were left out, whole or in part", FILE, dropped)
    if not kept:
        return None
    return ItemFeatures(
        {item_id: record.moods for item_id, record in kept.items()},
        {item_id: record.values for item_id, record in kept.items()},
        dropped,
    )


def is_current(record: FeatureRecord, catalog: Catalog) -> bool:
    """Whether a line is about the present text of an item of the catalog."""
    return record.item_id in catalog and record.key == record_key(
        catalog.item(record.item_id), record.model, record.prompt
    )


def checked(record: FeatureRecord, catalog: Catalog) -> FeatureRecord:
    """The record without what is in none of the closed lists."""
    fields = {spec.name: catalog.values(spec.name) for spec in soft_fields(catalog)}
    values = {
        name: tuple(dict.fromkeys(value for value in record.values.get(name, ()) if value in known))[:MOST_VALUES]
        for name, known in fields.items()
    }
    moods = tuple(dict.fromkeys(mood for mood in record.moods if mood in MOODS))[:MOST_MOODS]
    return record.model_copy(update={"moods": moods, "values": {name: kept for name, kept in values.items() if kept}})


def feature_matrix(catalog: Catalog, features: ItemFeatures | None) -> NDArray[np.float32]:
    """What was read as numbers for a ranker.

    Returns:
        Shape (n_items, len(MOODS) + 1): a column a mood, 1 where the item has it; the last column is 1 where the item
        was read at all. All 0 without features.
    """
    matrix = np.zeros((len(catalog), len(MOODS) + 1), dtype=np.float32)
    for item_id, moods in (features.moods if features else {}).items():
        row = catalog.row(item_id)
        matrix[row, [MOODS.index(mood) for mood in moods]] = 1.0
        matrix[row, -1] = 1.0
    return matrix


def _size(record: FeatureRecord) -> int:
    return len(record.moods) + sum(map(len, record.values.values()))
