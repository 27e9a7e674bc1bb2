"""A catalog with what users did and what is known of its entities: what every index is built from."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog, Item


class Triple(NamedTuple):
    """A bare statement about entities; ids need not be readable, those of items are item ids."""

    head: str
    relation: str
    tail: str


@dataclass(frozen=True, eq=False)
class Interactions:
    """What users did, as columns of equal length, in the order they were read; iterates over `Interaction`."""

    user_ids: tuple[str, ...] = ()
    item_ids: tuple[str, ...] = ()
    """The catalog's item ids in row order."""
    users: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """Position in `user_ids`."""
    rows: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """Row in the catalog."""
    weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """From -1 (hated) over 0 (known, no opinion) to 1 (loved)."""
    timestamps: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0, np.float64))
    """Seconds since 1970; 0 where unknown."""

    @classmethod
    def of(cls, catalog: Catalog, interactions: Iterable[Interaction]) -> "Interactions":
        """Columns of single interactions; those with items that the catalog lacks are left out."""
        kept = [interaction for interaction in interactions if interaction.item_id in catalog]
        user_ids = tuple(dict.fromkeys(interaction.user_id for interaction in kept))
        position = {user_id: index for index, user_id in enumerate(user_ids)}
        return cls(
            user_ids,
            tuple(item.item_id for item in catalog),
            np.asarray([position[interaction.user_id] for interaction in kept], dtype=np.int32),
            catalog.rows(interaction.item_id for interaction in kept).astype(np.int32),
            np.asarray([interaction.weight for interaction in kept], dtype=np.float32),
            np.asarray([interaction.timestamp for interaction in kept], dtype=np.float64),
        )

    def __iter__(self) -> Iterator[Interaction]:
        users, rows = self.users.tolist(), self.rows.tolist()
        weights, stamps = self.weights.tolist(), self.timestamps.tolist()
        for user, row, weight, stamp in zip(users, rows, weights, stamps, strict=True):
            yield Interaction(self.user_ids[user], self.item_ids[row], weight, stamp)

    def of_user(self, user_id: str) -> UserHistory:
        """What a user did, oldest first; empty for an unknown one."""
        at = self.positions(user_id)
        rows, weights, stamps = self.rows[at].tolist(), self.weights[at].tolist(), self.timestamps[at].tolist()
        signals = zip(rows, weights, stamps, strict=True)
        return UserHistory(user_id, tuple(Interaction(user_id, self.item_ids[r], w, t) for r, w, t in signals))

    def __len__(self) -> int:
        return len(self.users)

    def positions(self, user_id: str) -> NDArray[np.int64]:
        """Where that user's interactions stand in the columns, oldest first; empty for an unknown user."""
        user = self._position.get(user_id)
        if user is None:
            return np.zeros(0, np.int64)
        positions = self._by_user[self._starts[user] : self._starts[user + 1]]
        return positions[np.argsort(self.timestamps[positions], kind="stable")]

    @cached_property
    def _position(self) -> dict[str, int]:
        return {user_id: index for index, user_id in enumerate(self.user_ids)}

    @cached_property
    def _by_user(self) -> NDArray[np.int64]:
        return np.argsort(self.users, kind="stable").astype(np.int64)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        counts = np.bincount(self.users, minlength=len(self.user_ids))
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A catalog, its interactions and bare triples. Immutable."""

    catalog: Catalog
    interactions: Interactions = field(default_factory=Interactions)
    triples: Sequence[Triple] = ()

    @cached_property
    def catalog_hash(self) -> str:
        """SHA-256 of the schema and all items: what content and graph indexes depend on.

        Words of one language only are left out: by them messages are read, and no index rests on them.
        """
        schema = self.catalog.schema.model_dump_json(
            exclude={"also_called_in": True, "fields": {"__all__": {"synonyms_in"}}}
        )
        digest = hashlib.sha256(schema.encode())
        for item in self.catalog:
            digest.update(item_line(item).encode())
        return digest.hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything here: what collaborative indexes depend on."""
        interactions = self.interactions
        digest = hashlib.sha256(self.catalog_hash.encode())
        digest.update("\n".join(interactions.user_ids).encode())
        for column in (interactions.users, interactions.rows, interactions.weights, interactions.timestamps):
            digest.update(np.ascontiguousarray(column).tobytes())
        for triple in self.triples:
            digest.update("\t".join(triple).encode())
        return digest.hexdigest()


def item_line(item: Item) -> str:
    """An item as one line of JSON without its line end; equal items give equal lines."""
    optional = {"main": item.main, "slight": item.slight, "queries": item.queries}
    row = {
        "id": item.item_id,
        "title": item.title,
        "text": item.text,
        "aka": item.aka,
        "same_as": item.same_as,
        "remarks": dict(item.remarks),
        "values": dict(item.values),
        "numbers": dict(item.numbers),
        **{name: stated for name, stated in optional.items() if stated},
    }
    return json.dumps(row, ensure_ascii=False, sort_keys=True)
