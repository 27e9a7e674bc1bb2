"""What a person said and did, read as answers: from a history and a present request to a belief.

Each kind of signal has its own weight. Nothing is stored: the belief is made anew from what is known, so that an
answer taken back, a clock that ran backwards or a second tab leave no trace.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.belief import TINY, Belief, Floats, TasteModel
from retrieval.belief_fit import TasteSettings
from retrieval.comparing import compare
from retrieval.history import UserHistory
from retrieval.items import Catalog
from retrieval.preference import Leaning, Preference, Wish

RECENT = 400
"""The oldest signals beyond this many say little about today."""


@dataclass(frozen=True, slots=True)
class NoiseScale:
    """Factor on the noise of an answer, by how it was given; a larger one counts less."""

    rated: float = 1.0
    """Rated or clicked, earlier or now."""
    said: float = 0.7
    """Named as an example in this conversation: that is about today."""
    known: float = 1.0
    """Known without an opinion."""
    wished: float = 1.0
    """A wish for a value ("heists"), in prior variances of that direction."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads people of one catalog."""

    catalog: Catalog
    model: TasteModel
    settings: TasteSettings
    noise_scale: NoiseScale = NoiseScale()

    def belief(self, preference: Preference, history: UserHistory, shown: Collection[str] = ()) -> Belief:
        """What is believed of one person.

        Args:
            preference: What was said in this conversation.
            history: What was done before; the last word about an item counts.
            shown: Ids of items that were shown and not answered.
        """
        answers = self._answers(preference, history, shown)
        rows = self.catalog.rows(answers)
        values = np.asarray([value for value, _ in answers.values()], dtype=np.float64)
        noise_scale = np.asarray([factor for _, factor in answers.values()], dtype=np.float64)
        model, belief = self.model, Belief(self.model)
        noise = (model.noise[rows] + model.doubt[rows]) * noise_scale
        belief.learn(model.features[rows], values - model.base[rows], noise)
        self._learn_wishes(belief, preference.wishes)
        self._learn_leanings(belief, preference.leanings)
        return belief

    def direction(self, field: str, value: str) -> Floats:
        """Where the items with a value lie, shape (width,)."""
        rows = self.catalog.holders(field, value)
        direction: Floats = (
            self.model.features[rows].mean(axis=0) if len(rows) else np.zeros(self.model.features.shape[1])
        )
        return direction

    def _answers(
        self, preference: Preference, history: UserHistory, shown: Collection[str]
    ) -> dict[str, tuple[float, float]]:
        """Item id -> (how strong the answer was, patience); the present conversation overrules the past."""
        patience, settings = self.noise_scale, self.settings
        answers = dict.fromkeys(shown, (0.0, settings.silence))
        past = history.weights
        values = settings.answers(np.asarray(list(past.values()), dtype=np.float64))
        answers |= {
            item_id: (value, patience.rated if weight else patience.known)
            for (item_id, weight), value in zip(past.items(), values.tolist(), strict=True)
        }
        answers |= dict.fromkeys(preference.seen, (settings.known, patience.known)) if preference.seen else {}
        answers |= dict.fromkeys(preference.liked, (settings.loved, patience.said))
        answers |= dict.fromkeys(preference.disliked, (settings.disliked, patience.said))
        known = [(item_id, answer) for item_id, answer in answers.items() if item_id in self.catalog]
        return dict(known[-RECENT:])

    def _learn_wishes(self, belief: Belief, wishes: Iterable[Wish]) -> None:
        """A wish says that the taste is a standard deviation further along its values than a stranger's."""
        directions = [(self.direction(wish.field, wish.value), wish.weight) for wish in wishes]
        told = [(along, weight) for along, weight in directions if along @ along > TINY]
        if not told:
            return
        along: NDArray[np.float64] = np.asarray([direction for direction, _ in told])
        length = (along**2).sum(axis=1)
        values = np.sign([weight for _, weight in told]) * np.sqrt(length)
        belief.learn(along, values, self.noise_scale.wished * length)

    def _learn_leanings(self, belief: Belief, leanings: Iterable[Leaning]) -> None:
        """An answer to a question says that the taste is further on the side that it names."""
        held = self.catalog.holders
        comparisons = [
            compare(self.model, held(leaning.field, leaning.more), held(leaning.field, leaning.less))
            for leaning in leanings
        ]
        told = [comparison for comparison in comparisons if comparison is not None]
        if told:
            along = np.asarray([comparison.along for comparison in told])
            belief.learn(
                along,
                np.asarray([comparison.answer for comparison in told]),
                np.asarray([comparison.noise for comparison in told]),
            )
