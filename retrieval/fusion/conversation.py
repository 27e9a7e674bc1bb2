"""The fusion of conversations, and the default: a weighted sum of signals, with weights learned from conversations.

A sum, so that what each dimension of interest adds to an item is exact and can be shown. Where a log is all that was
learned from, it says what people with a past get who ask for nothing (`retrieval.fusion.next_items`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.channels.base import Foreseeing
from retrieval.fusion.base import Fused, Lists, Parts, Shown
from retrieval.fusion.lists import mixed
from retrieval.fusion.signals import CHANNEL_OF, SIGNALS, Signals, asked_values
from retrieval.fusion.weights import ConversationWeights
from retrieval.history import UserHistory
from retrieval.models.features import Dimension
from retrieval.preference import Preference

NAME = "conversation"
SEQUENCE = "sequence"
COLUMNS: Mapping[str, list[int]] = {
    channel: [place for place, name in enumerate(SIGNALS) if CHANNEL_OF[name] == channel]
    for channel in dict.fromkeys(CHANNEL_OF.values())
}
"""The columns of the signals by the channel that they are shown as."""


ASKED: Mapping[str, float] = {
    "content_words": 1.4,
    "values": 0.5,
    "typical": 1.0,
    "likes": 0.4,
    "liking": 0.4,
    "lately": 0.0,
    "newness": 0.35,
    "spoken": 0.5,
}
"""The weights for strangers who ask for something: what they asked for, typical of it, well liked and known enough.

In recorded talk people answer with what everybody speaks of, whatever the words are, so these are not learned from it.
Set on the seventy wishes of `benchmarks/wishes.py`.
"""
STATED: Mapping[str, float] = {"typical": 2.6}
"""In place of these where the catalog says what its items are about; set on the same wishes.

Where it says nothing so much would be too much: what is learned alone is less sure.
"""
LIMITS_AS_WORDS = 0.3
"""The weight of words where a wish has none but the values of its limits, which all candidates have."""
FAME = {"spoken": 0.4, "newness": 0.4}
"""What is left of these weights where a wish names an example."""


@dataclass(frozen=True)
class ConversationFusion:
    """Signals times weights; channels that no signal asks count by their lists."""

    signals: Signals
    weights: ConversationWeights
    by_list: Mapping[str, float]
    """Weights of the lists of other channels, in deviations of the sum of signals."""

    def fuse(self, lists: Lists, preference: Preference, history: UserHistory, shown: Shown = ()) -> Fused:
        """See `retrieval.fusion.base.Fusion`."""
        catalog = self.signals.catalog
        brought = dict.fromkeys([candidate.item_id for candidates in lists.values() for candidate in candidates])
        ids = [item_id for item_id in brought if item_id in catalog]
        if not ids:
            return Fused({})
        foreseen = self._foreseen(ids, preference, history)
        if foreseen is not None:
            return foreseen
        weights = self._weights(preference, history)
        added = self.signals.of(catalog.rows(ids), preference, history, shown, weights=weights) * weights
        by_channel = {name: added[:, places].sum(axis=1, dtype=np.float64) for name, places in COLUMNS.items()}
        spread = float(added.sum(axis=1).std()) or 1.0
        by_channel |= {name: spread * points for name, points in self._of_lists(lists, ids).items()}
        scaled = _scaled(by_channel)
        shares = {name: dict(zip(ids, one.tolist(), strict=True)) for name, one in scaled.items()}
        total = dict(zip(ids, sum(scaled.values(), start=np.zeros(len(ids))).tolist(), strict=True))
        kinds, parts = _by_dimension(added)
        return Fused(shares, _shares(kinds, parts), lambda asked: _parts(kinds, parts, ids, asked), "exact", total)

    def _foreseen(self, ids: list[str], preference: Preference, history: UserHistory) -> Fused | None:
        """What a log teaches of somebody who asks for nothing; None where they ask, or no log was learned from."""
        channel: object = self.signals.channels.get(SEQUENCE)
        if not isinstance(channel, Foreseeing) or preference.text or preference.liked or asked_values(preference):
            return None
        by_dimension = channel.foreseen(preference, history)
        if by_dimension is None:
            return None
        rows = self.signals.catalog.rows(ids)
        added = np.stack([scores[rows] for scores in by_dimension.values()], axis=1)
        added -= added.mean(axis=0)
        names = [str(kind) for kind in by_dimension]
        points = _scaled({SEQUENCE: added.sum(axis=1, dtype=np.float64)})[SEQUENCE]
        total = dict(zip(ids, points.tolist(), strict=True))
        return Fused({SEQUENCE: total}, _shares(names, added), lambda asked: _parts(names, added, ids, asked), "exact")

    def _weights(self, preference: Preference, history: UserHistory) -> NDArray[np.float32]:
        """The weights of the situation, shape (len(SIGNALS),).

        Where no conversation was recorded, strangers get what people like in place of what people speak of.
        """
        named = is_named(preference, history)
        weights = self.weights.named if named else self.weights.bare
        if not named and (preference.text or asked_values(preference)):
            words = {} if preference.text else {"content_words": LIMITS_AS_WORDS}
            weights = {**weights, **ASKED, **(STATED if self.signals.are_stated else {}), **words}
        elif preference.examples:
            weights = {**weights, **{name: left * weights.get(name, 0.0) for name, left in FAME.items()}}
        if not named and not self.signals.talk.counts.any():
            weights = {**weights, "likes": weights.get("likes", 0.0) + weights.get("spoken", 0.0)}
        return np.asarray([weights.get(name, 0.0) for name in SIGNALS], dtype=np.float32)

    def _of_lists(self, lists: Lists, ids: list[str]) -> dict[str, NDArray[np.float64]]:
        """What channels without a signal say, each shape (len(ids),)."""
        at = {item_id: place for place, item_id in enumerate(ids)}
        said = {}
        for channel, candidates in lists.items():
            known = [candidate for candidate in candidates if candidate.item_id in at]
            if channel in COLUMNS or not known or not self.by_list.get(channel):
                continue
            scores = np.asarray([candidate.scores.get(channel, 0.0) for candidate in known], dtype=np.float64)
            said[channel] = np.zeros(len(ids))
            said[channel][[at[candidate.item_id] for candidate in known]] = self.by_list[channel] * mixed(scores)
        return said


def is_named(preference: Preference, history: UserHistory) -> bool:
    """Whether the user likes any item that others can be compared with."""
    return bool(preference.liked or history.interactions)


def _scaled(by_channel: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Shares from 0 up that sum to 1 for the best candidate and keep the order of the sums."""
    lowered = {name: points - points.min() for name, points in by_channel.items()}
    best = float(np.sum(list(lowered.values()), axis=0).max()) or 1.0
    return {name: points / best for name, points in lowered.items()}


def _by_dimension(added: NDArray[np.float32]) -> tuple[list[str], NDArray[np.float32]]:
    """Names of dimensions, and what each adds, shape (n, n_dimensions)."""
    kinds = [dimension for dimension in Dimension if dimension in SIGNALS.values()]
    columns = [[place for place, dimension in enumerate(SIGNALS.values()) if dimension is kind] for kind in kinds]
    return [str(kind) for kind in kinds], np.stack([added[:, places].sum(axis=1) for places in columns], axis=1)


def _shares(names: list[str], by_dimension: NDArray[np.float32]) -> dict[str, float]:
    """How much of the differences between candidates each dimension makes, summing to 1."""
    spread = by_dimension.std(axis=0)
    whole = float(spread.sum())
    return (
        {name: float(share / whole) for name, share in zip(names, spread, strict=True) if share > 0}
        if whole > 0
        else {}
    )


def _parts(names: list[str], by_dimension: NDArray[np.float32], ids: list[str], asked: Iterable[str]) -> Parts:
    """Exact shares of the sum; each has mean 0, so that they compare with the mean candidate."""
    at = {item_id: place for place, item_id in enumerate(ids)}
    return {
        item_id: dict(zip(names, by_dimension[at[item_id]].tolist(), strict=True)) for item_id in asked if item_id in at
    }
