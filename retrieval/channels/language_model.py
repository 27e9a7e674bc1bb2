"""What a language model says: titles that it named for the wish, and moods and themes that it read out of the texts.

Knows no model: the proposer is handed in, and only `ask` waits for it; all else rests on what is remembered. A wish is
remembered by digest, in memory, and only the newest few.
"""

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import astuple
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.features.moods import MOODS, moods_in
from retrieval.features.store import ItemFeatures, feature_matrix
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Preference
from retrieval.proposals import Linked, Proposer, Request, link_proposals, request_of

NAME = "language_model"
TEXT = "text"
"""The field of a wish in free words."""
NAMED, READ = 1.0, 0.5
"""Shares of a title's place among those named, and of the moods and themes that were read."""
COUNT = 10
"""Titles that are asked for."""
REMEMBERED = 64

logger = logging.getLogger(__name__)


class LanguageModelChannel:
    """Titles named for the wish, and items whose text was read to have the mood or theme that is wished for."""

    def __init__(
        self,
        catalog: Catalog,
        proposer: Proposer | None = None,
        features: ItemFeatures | None = None,
        *,
        count: int = COUNT,
    ) -> None:
        self._catalog = catalog
        self._proposer = proposer
        self._features = features or ItemFeatures()
        self._matrix = feature_matrix(catalog, features)
        self._count = count
        self._holders = _holders(catalog, self._features)
        self._known: OrderedDict[bytes, Linked] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return NAME

    def ask(self, preference: Preference) -> Linked:
        """Let the model name titles for a wish, unless it has; what the catalog does not have is dropped.

        Raises:
            ModelUnavailableError: The model did not answer in time, or with something that is no list of titles.
        """
        request = request_of(preference, self._catalog, count=self._count)
        if self._proposer is None or request.is_empty:
            return Linked()
        key = self._key(request)
        known = self._recall(key)
        if known is None:
            known = link_proposals(self._proposer.propose(request), self._catalog)
            logger.info("the language model named %d titles, %d unknown", known.named, known.unknown)
            self._remember(key, known)
        return known

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items that were named for this wish (see `ask`), or that were read to have what is wished for."""
        named, read = self._named(preference), self._read(preference)
        scores = _joined(named, read)
        scores[scores <= 0] = -np.inf
        rows = best_rows(scores, eligible(self._catalog, preference, history, allowed), k)
        wished = self._wished(preference)
        return [
            candidate(self._catalog, row, NAME, score, tuple(self._evidence(row, named, wished)))
            for row, score in zip(rows.tolist(), scores[rows].tolist(), strict=True)
        ]

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """What `retrieve` ranks by; -inf for items that were neither named nor read for what is wished."""
        return _joined(self._named(preference), self._read(preference))

    def _named(self, preference: Preference) -> NDArray[np.float32]:
        """From 1 for the first title down to above 0 for the last; NaN where not named."""
        request = request_of(preference, self._catalog, count=self._count)
        known = None if self._proposer is None or request.is_empty else self._recall(self._key(request))
        points = np.full(len(self._catalog), np.nan, dtype=np.float32)
        if known is not None and known.item_ids:
            rows = self._catalog.rows(known.item_ids)
            points[rows] = 1.0 - np.arange(len(rows)) / len(rows)
        return points

    def _read(self, preference: Preference) -> NDArray[np.float32]:
        """The mean over all wished moods and themes, -1..1: having it is 1, a refused one -1; NaN where unread."""
        points = np.full(len(self._catalog), np.nan, dtype=np.float32)
        wished = self._wished(preference)
        if not wished or not len(self._features):
            return points
        was_read = self._matrix[:, -1] > 0
        total = np.zeros(len(self._catalog), dtype=np.float32)
        for (field, value), weight in wished.items():
            total[self._rows_with(field, value)] += weight
        points[was_read] = total[was_read] / len(wished)
        return points

    def _wished(self, preference: Preference) -> dict[tuple[str, str], float]:
        """Moods (under the field '') and values of read fields that a wish names: 1 wanted, -1 refused."""
        wished = {("", mood): weight for mood, weight in moods_in(preference.text).items()}
        for wish in preference.wishes:
            sign = 1.0 if wish.weight > 0 else -1.0
            if wish.field == TEXT:
                wished |= {("", mood): weight * sign for mood, weight in moods_in(wish.value).items()}
            if (wish.field, wish.value.casefold()) in self._holders:
                wished[wish.field, wish.value] = sign
        return wished

    def _rows_with(self, field: str, value: str) -> NDArray[np.int64]:
        if field == "":
            return np.flatnonzero(self._matrix[:, MOODS.index(value)])
        return self._holders.get((field, value.casefold()), np.zeros(0, dtype=np.int64))

    def _evidence(
        self, row: int, named: NDArray[np.float32], wished: dict[tuple[str, str], float]
    ) -> Iterator[Evidence]:
        item = self._catalog.items[row]
        if np.isfinite(named[row]):
            yield Evidence(NAME, EvidenceKind.PROPOSED, score=float(named[row]))
        for (field, value), weight in wished.items():
            if weight > 0 and row in self._rows_with(field, value):
                yield Evidence(NAME, EvidenceKind.READ, field, value, text=item.text)

    def _key(self, request: Request) -> bytes:
        name = self._proposer.name if self._proposer else ""
        return hashlib.sha256(json.dumps([name, astuple(request)]).encode()).digest()

    def _recall(self, key: bytes) -> Linked | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def _remember(self, key: bytes, known: Linked) -> None:
        with self._lock:
            self._known[key] = known
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def _joined(named: NDArray[np.float32], read: NDArray[np.float32]) -> NDArray[np.float32]:
    """Both together; -inf where neither says anything."""
    scores = NAMED * np.nan_to_num(named) + READ * np.nan_to_num(read)
    scores[np.isnan(named) & np.isnan(read)] = -np.inf
    return np.asarray(scores, dtype=np.float32)


def _holders(catalog: Catalog, features: ItemFeatures) -> dict[tuple[str, str], NDArray[np.int64]]:
    """(field, casefolded value) -> rows that were read to have it."""
    holders: dict[tuple[str, str], list[int]] = {}
    for item_id, fields in features.values.items():
        for field, values in fields.items():
            for value in values:
                holders.setdefault((field, value.casefold()), []).append(catalog.row(item_id))
    return {key: np.asarray(rows, dtype=np.int64) for key, rows in holders.items()}
