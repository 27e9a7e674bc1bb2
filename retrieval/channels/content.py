"""Recommends by what items are about: the wish in words, and the descriptions of what was liked."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.channels.profiles import FoldedProfile, folded_profile
from retrieval.channels.tastes import best_rows, candidate, eligible
from retrieval.encoder import Encoder
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.models import content
from retrieval.models.recency import ages, fading
from retrieval.preference import Op, Preference
from retrieval.spans import parse_span
from retrieval.vectors import VectorIndex

logger = logging.getLogger(__name__)

TEXT, SAID, KNOWN = 1.0, 0.8, 0.5
"""Shares of the wish in words, of examples given just now, and of the history in the profile."""
DISLIKED = -0.4
"""Share of the mean disliked item, relative to that of the liked ones."""
UNWISHED = -0.35
"""Share of what is not wanted, in words."""
REMEMBERED = 1024
"""Texts whose vectors are at hand; one takes 1.5 KiB."""
LATELY = 16
"""Vectors whose products with all items are at hand."""
NEAR = 0.35
"""The least cosine for which one description is called similar to another."""


class ContentChannel:
    """Cosine between item descriptions and a profile of the wish and the liked items."""

    def __init__(self, catalog: Catalog, vectors: VectorIndex, encoder: Encoder) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._encoder = encoder
        self._subjects = content.fit(vectors.matrix).vectors
        """What sets each description apart from the others, shape (n_items, d), unit length."""
        self._cosines = lru_cache(maxsize=LATELY)(self._product)
        """A request asks thrice for the same: its candidates, its signals, its guesses."""
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The key of this channel's scores."""
        return "content"

    def retrieve(
        self,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """Items whose description is near to the profile; empty where there is neither a wish nor a liked item."""
        wish = self._wish(preference)
        user = folded_profile(self._catalog, preference, history)
        words, taste = self._words(wish, preference), self._taste(user, beside=wish is not None)
        if (wish is None and taste is None) or k <= 0:
            return []
        open_rows = eligible(self._catalog, preference, history, allowed)
        scores = self._search(words, open_rows, k) if taste is None and words is not None else None
        scores = self._all(words, taste) if scores is None else scores
        rows = best_rows(scores, open_rows, k)
        return self._candidates(rows, scores, wish, self._most_similar(rows, user))

    def search(
        self,
        description: str,
        preference: Preference,
        history: UserHistory,
        *,
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Candidate]:
        """The items whose description is nearest to words alone, whatever the user likes.

        Args:
            description: In English words.
            preference: Whose liked, disliked and seen items are left out.
            history: Likewise.
            k: The most candidates.
            allowed: Rows that may be returned, shape (n_items,); None allows all.
        """
        if not description.strip() or k <= 0:
            return []
        words = self._encode(description)
        open_rows = eligible(self._catalog, preference, history, allowed)
        scores = self._search(words, open_rows, k)
        scores = self._all(words, None) if scores is None else scores
        rows = best_rows(scores, open_rows, k)
        return self._candidates(rows, scores, words, None)

    def scores(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """How near every item is to the profile; -inf where there is neither a wish nor a liked item."""
        scores = self.nearness(preference, history)
        return np.full(len(self._catalog), -np.inf, dtype=np.float32) if scores is None else scores

    def nearness(self, preference: Preference, history: UserHistory) -> NDArray[np.float32] | None:
        """How near every row is to the profile, shape (n_items,); None where there is neither wish nor liked item."""
        wish = self._wish(preference)
        taste = self._taste(folded_profile(self._catalog, preference, history), beside=wish is not None)
        return None if wish is None and taste is None else self._all(self._words(wish, preference), taste)

    def _all(self, words: NDArray[np.float32] | None, taste: NDArray[np.float32] | None) -> NDArray[np.float32]:
        scores = np.zeros(len(self._catalog), dtype=np.float32)
        if words is not None:
            scores += self._cosines("words", words.tobytes())
        if taste is not None:
            scores += self._cosines("taste", taste.tobytes())
        return scores

    def _product(self, of: Literal["words", "taste"], vector: bytes) -> NDArray[np.float32]:
        matrix: NDArray[np.float32] = self._vectors.matrix if of == "words" else self._subjects
        return np.asarray(matrix @ np.frombuffer(vector, dtype=np.float32), dtype=np.float32)

    def _search(self, words: NDArray[np.float32], open_rows: NDArray[np.bool_], k: int) -> NDArray[np.float32] | None:
        """Chroma finds the rows for a wish; None where it does not answer, or the wish cancels out."""
        n_open = int(open_rows.sum())
        if not n_open or float(np.linalg.norm(words)) < 1e-6:
            return None
        among = None if n_open == len(self._catalog) else np.flatnonzero(open_rows)
        try:
            nearest = self._vectors.query(words, min(k, n_open), among=among)
        except Exception as error:  # Chroma raises errors of its own, of SQLite, of HTTP and of its Rust part
            logger.warning("Chroma did not answer (%s): exact scores from memory", type(error).__name__)
            return None
        rows = np.asarray([row for row, _ in nearest], dtype=np.int64)
        if not len(rows):
            return None
        scores = np.full(len(self._catalog), -np.inf, dtype=np.float32)
        scores[rows] = self._vectors.matrix[rows] @ words
        return scores

    def _wish(self, preference: Preference) -> NDArray[np.float32] | None:
        text = wish_text(preference)
        return self._encode(text) if text else None

    def _words(self, wish: NDArray[np.float32] | None, preference: Preference) -> NDArray[np.float32] | None:
        """What is asked for, and away from what is not wanted."""
        unwished = unwished_text(preference)
        parts = [TEXT * wish] if wish is not None else []
        parts += [UNWISHED * self._encode(unwished)] if unwished else []
        return np.asarray(np.sum(parts, axis=0), dtype=np.float32) if parts else None

    def _taste(self, user: FoldedProfile, *, beside: bool) -> NDArray[np.float32] | None:
        """What the examples and the history are about; `beside` a wish the history only colors the result."""
        fresh = fading(ages(user.profile.times), content.ContentSettings().recency)
        said = self._mean(user, np.where(user.said, fresh, 0))
        known = self._mean(user, np.where(user.said, 0, fresh))
        parts = [SAID * said] if said is not None else []
        if known is not None:
            parts.append((KNOWN if parts or beside else SAID) * known)
        return np.asarray(np.sum(parts, axis=0), dtype=np.float32) if parts else None

    def _mean(self, user: FoldedProfile, fresh: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """The mean liked vector, pushed away from the mean disliked one; None where nothing is liked."""
        vectors, weights = self._subjects[user.profile.items], user.profile.weights * fresh
        liked, disliked = np.maximum(weights, 0), np.maximum(-weights, 0)
        if not liked.any():
            return None
        mean = (liked @ vectors) / liked.sum()
        if disliked.any():
            mean = mean + DISLIKED * (disliked @ vectors) / disliked.sum()
        return np.asarray(mean, dtype=np.float32)

    def _most_similar(self, rows: NDArray[np.int64], user: FoldedProfile) -> list[tuple[str, float]] | None:
        """For each row the liked item with the nearest description; examples given just now go first."""
        liked = user.liked
        if not liked.any():
            return None
        now = liked & user.said
        examples = user.profile.items[now if now.any() else liked]
        cosines = self._vectors.matrix[rows] @ self._vectors.matrix[examples].T
        best = cosines.argmax(axis=1) if len(rows) else np.zeros(0, dtype=np.int64)
        nearest = cosines[np.arange(len(rows)), best]
        pairs = zip(examples[best].tolist(), nearest.tolist(), strict=True)
        return [(self._catalog.items[row].item_id, cosine) for row, cosine in pairs]

    def _candidates(
        self,
        rows: NDArray[np.int64],
        scores: NDArray[np.float32],
        wish: NDArray[np.float32] | None,
        similar: list[tuple[str, float]] | None,
    ) -> list[Candidate]:
        """Rows with their scores; each says how near it is to the wish, and which liked item is most like it."""
        cosines = [None] * len(rows) if wish is None else (self._vectors.matrix[rows] @ wish).tolist()
        likes: Sequence[tuple[str, float] | None] = similar or [None] * len(rows)
        scored = zip(rows.tolist(), scores[rows].tolist(), cosines, likes, strict=True)
        return [
            candidate(self._catalog, row, self.name, score, Pending(self._evidence, row, cosine, alike))
            for row, score, cosine, alike in scored
        ]

    def _evidence(self, row: int, cosine: float | None, similar: tuple[str, float] | None) -> list[Evidence]:
        evidence, item = [], self._catalog.items[row]
        if cosine is not None:
            evidence.append(Evidence(self.name, EvidenceKind.TEXT, score=cosine, text=item.text or item.label))
        if similar is not None and (cosine is None or similar[1] >= NEAR):
            kind, (item_id, score) = EvidenceKind.SIMILAR_ITEM, similar
            evidence.append(Evidence(self.name, kind, item_ids=(item_id,), score=score, text=item.text))
        return evidence

    def _encode(self, text: str) -> NDArray[np.float32]:
        """Remembered by digest, so that a removed chip costs no second run and no text of a user is kept."""
        key = hashlib.sha256(text.encode()).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        vector: NDArray[np.float32] = self._encoder.encode([text])[0]
        with self._lock:
            self._known[key] = vector
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return vector


def wish_text(preference: Preference) -> str:
    """The wish in words, with the values wished for; where there is none, the values that a limit asks for."""
    parts = [part for part in (preference.text.strip(), *_values(preference, 1)) if part]
    if not parts and not preference.liked:
        parts = [
            str(value)
            for constraint in preference.constraints
            if constraint.op is Op.IS
            for value in constraint.values
            if isinstance(value, str)
        ]
    return ", ".join(dict.fromkeys(parts))


def unwished_text(preference: Preference) -> str:
    """The values that are not wanted, in words."""
    return ", ".join(dict.fromkeys(_values(preference, -1)))


def _values(preference: Preference, sign: int) -> list[str]:
    """What is wished for (1), or not wanted (-1); a span of numbers says nothing of what an item is about."""
    return [wish.value for wish in preference.wishes if wish.weight * sign > 0 and parse_span(wish.value) is None]
