"""What speaks for each candidate of a request, a column per signal: scores of channels, fame, values asked for.

A channel is asked about parts of what is known: about all that is liked, about what was named last, and about what was
shown in the conversation. Which of them counts how much is learned (`retrieval.fusion.learning`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retrieval.channels.base import Channel, Scoring
from retrieval.channels.trend import TrendChannel
from retrieval.fusion.base import Shown
from retrieval.fusion.talk import Talk
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.models.features import Dimension
from retrieval.models.typicality import Typicality
from retrieval.preference import Op, Preference

ASKED = ("content", "factors", "neighbors", "graph")
"""The channels that score every item for any profile within milliseconds."""
_OF_CHANNEL = {
    "content": Dimension.CONTENT,
    "factors": Dimension.COLLABORATIVE,
    "neighbors": Dimension.COLLABORATIVE,
    "graph": Dimension.GRAPH,
}
SIGNALS: Mapping[str, Dimension] = {
    **{f"{name}_{part}": _OF_CHANNEL[name] for name in ASKED for part in ("liked", "last", "shown")},
    "content_words": Dimension.CONTENT,
    "values": Dimension.GRAPH,
    "typical": Dimension.GRAPH,
    "likes": Dimension.COLLABORATIVE,
    "liking": Dimension.SENTIMENT,
    "lately": Dimension.TIMELINESS,
    "newness": Dimension.TIMELINESS,
    "spoken": Dimension.TIMELINESS,
    "together": Dimension.COLLABORATIVE,
    "era": Dimension.CONTENT,
}
"""Every signal, in the order of the columns, with the dimension of interest that it speaks for."""
CHANNEL_OF: Mapping[str, str] = {name: name.split("_")[0] for name in SIGNALS if "_" in name} | {
    "values": "graph",
    "typical": "graph",
    **dict.fromkeys(("likes", "liking", "lately", "newness", "spoken"), "trend"),
    "together": "neighbors",
    "era": "content",
}
"""The channel that each signal is shown as."""
HEAD = 2
"""So many of the first places stand for a list that was shown: one of ten must not outweigh what was named."""
LISTS = 6
"""So many of the latest lists are looked at."""
UNTOLD = 0.5
"""How typical items are of a value where that was not learned."""
PRIOR = 10.0
"""In raters: an item with so few has half the say in its own share of likes."""
ERA = 5.0
"""In years: so far from what was named an item is, it has a third of the say of one of the same year."""
NOBODY = UserHistory()


@dataclass(frozen=True)
class Signals:
    """Computes the columns over one catalog; holds no user."""

    catalog: Catalog
    channels: Mapping[str, Channel]
    popularity: TrendChannel
    talk: Talk
    """What came up in recorded conversations."""
    typicality: Typicality | None = None
    """Of values; None where it was not built."""

    def of(
        self,
        rows: NDArray[np.int64],
        preference: Preference,
        history: UserHistory,
        shown: Shown = (),
        *,
        talk: Talk | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """The signals of some candidates.

        Args:
            rows: Catalog rows, shape (n,).
            preference: What is wanted.
            history: What is known of the user.
            shown: What was shown in this conversation.
            talk: In place of the field of that name.
            weights: What each signal counts: no channel is asked for one that counts nothing, which stays 0.

        Returns:
            Shape (n, len(SIGNALS)), finite; each column has mean 0 and deviation 1, or is 0 where it tells nothing.
        """
        counted = (
            SIGNALS if weights is None else {name for name, weight in zip(SIGNALS, weights, strict=True) if weight}
        )
        signals = self._of_profiles(preference, history, shown, counted)
        signals["content_words"] = self._scores("content", _words(preference), NOBODY)
        signals["values"], signals["typical"] = self._values(preference)
        signals |= self._fame
        talk = talk or self.talk
        named = self._named(preference, shown)
        signals |= {"spoken": np.log1p(talk.counts), "together": talk.beside(named), "era": self._era(named)}
        return standard(np.stack([signals[name][rows] for name in SIGNALS], dtype=np.float64)).T.astype(
            np.float32, order="C"
        )

    def asked_for(self, preference: Preference) -> NDArray[np.float64]:
        """How much each item has of the values asked for, and how typical it is of them, shape (n_items,)."""
        has, typical = self._values(preference)
        return standard(has.astype(np.float64)) + standard(typical.astype(np.float64))

    def _of_profiles(
        self, preference: Preference, history: UserHistory, shown: Shown, counted: Collection[str]
    ) -> dict[str, NDArray[np.floating]]:
        nothing = np.zeros(len(self.catalog), dtype=np.float32)
        liked = replace(preference, text="", constraints=(), wishes=(), leanings=(), examples=())
        asked = {
            "liked": (liked, history),
            "last": (Preference(liked=preference.liked[-1:]), NOBODY),
            "shown": (Preference(liked=_came_up(shown, preference)), NOBODY),
        }
        return {
            f"{name}_{part}": self._scores(name, *about) if f"{name}_{part}" in counted else nothing
            for name in ASKED
            for part, about in asked.items()
        }

    def _named(self, preference: Preference, shown: Shown) -> NDArray[np.int64]:
        """Rows of what is liked, and of what came up without an opinion."""
        return self.catalog.rows(dict.fromkeys((*preference.liked, *_came_up(shown, preference))))

    def _era(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """How near in time each item is to some, from 0 to 1; the mean of all where that is unknown."""
        named = self._years[rows]
        named = named[~np.isnan(named)]
        if not len(named):
            return np.zeros(len(self.catalog))
        near = np.exp(-np.abs(self._years[:, None] - named[None]) / ERA).mean(axis=1)
        return np.asarray(np.where(np.isnan(near), np.nanmean(near), near), dtype=np.float64)

    def _scores(self, name: str, preference: Preference, history: UserHistory) -> NDArray[np.floating]:
        """A channel's scores of all items; the lowest where it cannot tell, 0 where it cannot of any."""
        nothing = np.zeros(len(self.catalog), dtype=np.float32)
        if not (preference.text or asked_values(preference) or preference.liked or history.interactions):
            return nothing
        channel: object = self.channels.get(name)
        if not isinstance(channel, Scoring):
            return nothing
        scores = channel.scores(preference, history)
        known = np.isfinite(scores)
        return np.where(known, scores, scores[known].min()) if known.any() else nothing

    def _values(self, preference: Preference) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How many of the values asked for each item has, and how typical it is of them."""
        has = np.zeros(len(self.catalog), dtype=np.float32)
        typical = np.zeros(len(self.catalog), dtype=np.float32)
        for field, value, weight in asked_values(preference):
            rows = self.catalog.holders(field, value)
            has[rows] += weight
            typical[rows] += weight * np.sqrt(UNTOLD)
            if self.typicality is not None:
                rows, shares = self.typicality.of(field, value)
                typical[rows] += weight * (np.sqrt(shares) - np.sqrt(UNTOLD))  # what is hardly typical loses most
        return has, typical

    @cached_property
    def are_stated(self) -> bool:
        """Whether the catalog says of any item what it is about, or only touches."""
        return any(item.main or item.slight for item in self.catalog)

    @cached_property
    def _fame(self) -> dict[str, NDArray[np.floating]]:
        """What holds for everybody: how many know an item, how they like it, how new it is."""
        counts, shares = self.popularity.counts, self.popularity.shares
        mean = float((counts * shares).sum() / max(1, counts.sum()))
        return {
            "likes": np.log1p(counts * shares),
            "liking": (counts * shares + PRIOR * mean) / (counts + PRIOR),
            "lately": np.log1p(self.popularity.popularity),
            "newness": self._newness(),
        }

    @cached_property
    def _years(self) -> NDArray[np.float64]:
        """When each item came out, NaN where unknown, shape (n_items,)."""
        dated = [spec.name for spec in self.catalog.schema.fields if spec.unit == "year"]
        return self.catalog.numbers(dated[0]) if dated else np.full(len(self.catalog), np.nan)

    def _newness(self) -> NDArray[np.float64]:
        """The share of dated items that are older, from 0 to 1; one half where unknown."""
        years = self._years
        known = np.sort(years[~np.isnan(years)])
        older = np.searchsorted(known, years, side="left") / max(1, len(known))
        return np.where(np.isnan(years), 0.5, older)


def standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers brought to mean 0 and deviation 1 along the last axis; zeros where all are alike."""
    if not values.size:
        return values
    deviation = values.std(axis=-1, keepdims=True)
    differ = deviation > 1e-9
    return np.where(differ, (values - values.mean(axis=-1, keepdims=True)) / np.where(differ, deviation, 1.0), 0.0)


def asked_values(preference: Preference) -> list[tuple[str, str, float]]:
    """Values that are wished for, and those that a limit asks for, as (field, value, weight)."""
    asked = [(wish.field, wish.value, wish.weight) for wish in preference.wishes if wish.weight > 0]
    limits = (constraint for constraint in preference.constraints if constraint.op is Op.IS)
    return asked + [(limit.field, str(value), 1.0) for limit in limits for value in limit.values]


def _words(preference: Preference) -> Preference:
    """What was asked for in words alone."""
    return replace(preference, liked=(), disliked=(), examples=())


def _came_up(shown: Shown, preference: Preference) -> tuple[str, ...]:
    """What is known without opinion, and the first items of the latest lists; nothing that met an opinion."""
    heads = (item_id for shown_list in shown[-LISTS:] for item_id in shown_list[:HEAD])
    judged = {*preference.liked, *preference.disliked}
    return tuple(dict.fromkeys(item_id for item_id in (*preference.seen[-LISTS:], *heads) if item_id not in judged))
