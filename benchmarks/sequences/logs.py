"""The logs as files, and as what `reconteur ingest` reads: everyone's interactions without the last one."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FIRST_S, APART_S = 1_000_000_000, 86_400
"""No times are published, only an order: one interaction a day."""


@dataclass(frozen=True, slots=True)
class PublicLog:
    """What people took, oldest first, and what is known of the items."""

    name: str
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    attributes: tuple[str, ...]
    """Of each item, `|` between them."""
    taken: tuple[NDArray[np.int64], ...]
    """Places in `item_ids` by user."""

    def pasts(self) -> list[NDArray[np.int64]]:
        """Everything but the last interaction of each user."""
        return [items[:-1] for items in self.taken]

    def targets(self) -> NDArray[np.int64]:
        """The last interaction of each user, shape (n_users,)."""
        return np.asarray([items[-1] for items in self.taken], dtype=np.int64)


def read_log(folder: Path, name: str) -> PublicLog:
    """Read `NAME.items.csv.gz` (item_id, attributes) and `NAME.interactions.csv.gz` (user_id, item_id, position)."""
    items = _rows(folder / f"{name}.items.csv.gz")
    place = {row["item_id"]: at for at, row in enumerate(items)}
    by_user: dict[str, list[tuple[int, int]]] = {}
    for row in _rows(folder / f"{name}.interactions.csv.gz"):
        by_user.setdefault(row["user_id"], []).append((int(row["position"]), place[row["item_id"]]))
    taken = tuple(np.asarray([at for _, at in sorted(own)], dtype=np.int64) for own in by_user.values())
    return PublicLog(name, tuple(by_user), tuple(place), tuple(row["attributes"] for row in items), taken)


def write_for_ingest(log: PublicLog, folder: Path) -> tuple[Path, Path]:
    """Two CSV files: the items, titled by their numbers, and all that may be known of the users."""
    folder.mkdir(parents=True, exist_ok=True)
    items, interactions = folder / "items.csv", folder / "interactions.csv"
    named = [(item_id, f"Item {item_id}", held) for item_id, held in zip(log.item_ids, log.attributes, strict=True)]
    _write(items, ("item_id", "title", "attributes"), named)
    known = [
        (user_id, log.item_ids[item], FIRST_S + APART_S * at)
        for user_id, past in zip(log.user_ids, log.pasts(), strict=True)
        for at, item in enumerate(past.tolist())
    ]
    _write(interactions, ("user_id", "item_id", "timestamp"), known)
    return items, interactions


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
