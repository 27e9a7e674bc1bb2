"""Learns the weights of the signals: under which was what people chose most likely among what could be shown?"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate
from retrieval.fusion.base import Shown
from retrieval.fusion.conversation import is_named
from retrieval.fusion.signals import NOBODY, SIGNALS, Signals
from retrieval.fusion.talk import Talk
from retrieval.fusion.weights import ConversationWeights
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.resources import Progress, silent

PULL = 10.0
"""How strongly weights are drawn towards 0, or towards those of all places, in places per squared unit."""
STEPS = 200
LEAST: Mapping[str, Mapping[str, float]] = {
    "named": {"content_words": 0.2, "values": 0.2, "typical": 0.2},
    "bare": {"content_words": 0.6, "values": 0.3, "typical": 0.3},
}
"""What is asked for counts at least so much, since whoever describes what they want must get it.

People who chat describe little: on ReDial words would count nothing. These bounds cost .007 of recall@10.
"""
LEAST_PLACES = 30
"""With fewer places the weights that stand are kept."""
LEAST_OF_HALF = 20
"""Likewise for each half of a folder's own users: what they took only moves the weights that stand."""
MOST_PLACES = 5
"""So many of one person, the newest, count where a folder learns from its own users."""
TINY = 1e-12

Recall = Callable[[Preference, UserHistory], Mapping[str, Sequence[Candidate]]]
"""The channels' lists for a preference of somebody."""


@dataclass(frozen=True, slots=True)
class RecordedPlace:
    """A place of a recorded conversation where something was recommended."""

    preference: Preference
    shown: Shown
    chosen: tuple[str, ...]
    """Item ids that were right there."""
    session: frozenset[str]
    """Item ids that came up anywhere in the conversation."""
    history: UserHistory = NOBODY
    """What was known of the user besides."""


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates of a place as numbers."""

    values: NDArray[np.float32]
    """Shape (n, len(SIGNALS))."""
    right: NDArray[np.bool_]
    """Shape (n,)."""
    is_named: bool


def learn(
    places: Sequence[RecordedPlace],
    sessions: Sequence[frozenset[str]],
    signals: Signals,
    recall: Recall,
    *,
    before: ConversationWeights,
    own: Sequence[frozenset[str]] = (),
    source: str = "",
    progress: Progress = silent,
) -> ConversationWeights:
    """Count what came up, and choose the weights.

    Args:
        places: What was recommended where.
        sessions: What came up in each conversation; those of the places among them.
        signals: Of the catalog that the ids belong to.
        recall: Finds the candidates of a place.
        before: The weights that are kept where there are too few places.
        own: The same of a folder's users: counted, but in no pairs, which would tell one of them by what they named.
        source: What it is learned from, to be written down.
        progress: Told how many places are done.
    """
    paired = frozenset(sessions)
    talk = Talk(Talk.of((*sessions, *own), signals.catalog).counts, Talk.of(sessions, signals.catalog).pairs)
    examples = []
    for done, place in enumerate(places, start=1):
        others = talk.without(signals.catalog.rows(place.session), is_paired=place.session in paired)
        example = _example(place, others, signals, recall)
        examples += [example] if example is not None else []
        progress("places", done, len(places))
    spoken, together = talk.written(signals.catalog)
    kept = {"source": source, "dialogues": len(sessions) + len(own), "places": len(examples), "spoken": spoken}
    kept |= {"together": tuple(together)}
    if len(examples) < LEAST_PLACES:
        return before.model_copy(update=kept)
    sides = fit_sides(examples)
    weights = {name: _named(side) for name, side in sides.items()}
    return before.model_copy(update={**kept, **weights})


@dataclass(frozen=True, slots=True)
class Person:
    """What one user of a folder took, in conversations and besides."""

    places: tuple[RecordedPlace, ...]
    """Oldest first."""
    came_up: frozenset[str] = frozenset()
    """Item ids of all conversations."""


@dataclass(frozen=True, slots=True)
class Relearned:
    """Weights that a folder's own users moved."""

    weights: ConversationWeights
    crossed: tuple[ConversationWeights, ConversationWeights]
    """For people at even and at odd places: fitted on the others, so that they can be measured on these."""
    places: int
    """How many moved them; 0 where only the counts are new."""


def relearn(
    people: Sequence[Person], signals: Signals, recall: Recall, *, before: ConversationWeights, support: int
) -> Relearned:
    """Move the weights that stand by what a folder's own users took, as far as that shows on other people.

    Everybody counts alike: a person has one say in how often an item came up, and at most `MOST_PLACES` places. The
    weights are fitted on half of the people and tried on the other half, both ways; they are taken where the right
    candidates of people that they do not know become likelier, and else stay.

    Args:
        people: Who took something.
        signals: Of the catalog that the ids belong to, of models that do not know what was taken.
        recall: Finds the candidates of a place.
        before: The weights that stand; new ones are drawn towards them.
        support: An item counts as spoken of where so many people spoke of it.
    """
    spoken = Counter(item_id for person in people for item_id in person.came_up if item_id in signals.catalog)
    heard = Counter({item_id: count for item_id, count in spoken.items() if count >= support})
    updated = before.model_copy(update={"spoken": dict(Counter(before.spoken) + heard)})
    talk = updated.talk(signals.catalog)
    halves: tuple[list[Example], list[Example]] = ([], [])
    for number, person in enumerate(people):
        for place in person.places[-MOST_PLACES:]:
            others = talk.without(signals.catalog.rows(person.came_up & heard.keys()), is_paired=False)
            if (example := _example(place, others, signals, recall)) is not None:
                halves[number % 2].append(example)
    if min(map(len, halves)) < LEAST_OF_HALF:
        return Relearned(updated, (updated, updated), 0)
    standing = {name: _column(getattr(before, name)) for name in LEAST}
    crossed = [fit_sides(others, standing) for others in halves[::-1]]
    gain = sum(
        _likelihood(half, tried) - _likelihood(half, standing) for half, tried in zip(halves, crossed, strict=True)
    )
    if gain <= 0:
        return Relearned(updated, (updated, updated), 0)
    every = fit_sides([*halves[0], *halves[1]], standing)
    even, odd, all_ = (
        updated.model_copy(update={name: _named(weights) for name, weights in sides.items()})
        for sides in (*crossed, every)
    )
    return Relearned(all_, (even, odd), sum(map(len, halves)))


def fit_sides(
    examples: Sequence[Example], standing: Mapping[str, NDArray[np.float64]] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Weights of both situations, each drawn towards those that stand, else towards those of all examples."""
    every = np.zeros(len(SIGNALS))
    if standing is None:
        every = fit_weights(examples, every, every)
    least = {name: _column(floors) for name, floors in LEAST.items()}
    return {
        name: fit_weights(
            [example for example in examples if example.is_named is (name == "named")],
            every if standing is None else standing[name],
            least[name],
        )
        for name in LEAST
    }


def _column(weights: Mapping[str, float]) -> NDArray[np.float64]:
    return np.asarray([weights.get(name, 0.0) for name in SIGNALS], dtype=np.float64)


def _named(weights: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(SIGNALS, weights.round(4).tolist(), strict=True))


def _likelihood(examples: Sequence[Example], sides: Mapping[str, NDArray[np.float64]]) -> float:
    """The sum of the logarithms of the right candidates' shares."""
    total = 0.0
    for example in examples:
        shares = _shares(example, sides["named" if example.is_named else "bare"])
        total += float(np.log(np.maximum(shares[example.right], TINY)).mean())
    return total


def _shares(example: Example, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each candidate is chosen, shape (n,), summing to 1."""
    scores = example.values @ weights
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def fit_weights(
    examples: Sequence[Example], start: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights under which the right candidates are likeliest (multinomial logit), drawn towards `start`.

    Args:
        examples: Candidates of places.
        start: Shape (len(SIGNALS),).
        least: Lower bounds, of the same shape.
    """
    from scipy.optimize import minimize

    if not examples:
        return np.maximum(start, least)
    values = np.concatenate([example.values for example in examples]).astype(np.float64)
    sizes = np.asarray([len(example.right) for example in examples])
    begins = np.cumsum(sizes) - sizes
    right = np.concatenate([example.right / example.right.sum() for example in examples])
    wanted = right @ values

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        apart, scores = weights - start, values @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, begins), sizes)
        scores -= np.repeat(np.log(np.add.reduceat(np.exp(scores), begins)), sizes)
        total = float(PULL * apart @ apart - right @ scores)
        return total, 2.0 * PULL * apart + np.exp(scores) @ values - wanted

    begin, bounds = np.maximum(start, least), [(low, None) for low in least.tolist()]
    fitted = minimize(loss, begin, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(fitted.x, dtype=np.float64)


def _example(place: RecordedPlace, talk: Talk, signals: Signals, recall: Recall) -> Example | None:
    """The candidates of a place; None where nothing right is among them.

    `talk` is without the conversation of the place: it would give the answer away.
    """
    catalog = signals.catalog
    lists = recall(place.preference, place.history)
    closed = {item_id for shown_list in place.shown for item_id in shown_list}
    ids = [
        item_id
        for item_id in dict.fromkeys(candidate.item_id for many in lists.values() for candidate in many)
        if item_id not in closed
    ]
    right = np.asarray([item_id in place.chosen for item_id in ids], dtype=np.bool_)
    if not right.any():
        return None
    values = signals.of(catalog.rows(ids), place.preference, place.history, place.shown, talk=talk)
    return Example(values, right, is_named(place.preference, place.history))
