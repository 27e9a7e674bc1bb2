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
from retrieval.fusion.weights import ConversationWeights
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

Recall = Callable[[Preference], Mapping[str, Sequence[Candidate]]]
"""The channels' lists for a preference."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a recorded conversation where something was recommended."""

    preference: Preference
    shown: Shown
    chosen: tuple[str, ...]
    """Item ids that were right there."""
    session: frozenset[str]
    """Item ids that came up anywhere in the conversation."""


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates of a place as numbers."""

    values: NDArray[np.float32]
    """Shape (n, len(SIGNALS))."""
    right: NDArray[np.bool_]
    """Shape (n,)."""
    is_named: bool


def learn(
    places: Sequence[Place],
    sessions: Sequence[frozenset[str]],
    signals: Signals,
    recall: Recall,
    *,
    before: ConversationWeights,
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
        source: What it is learned from, to be written down.
        progress: Told how many places are done.
    """
    counts = Counter(item_id for one in sessions for item_id in one if item_id in signals.catalog)
    spoken = _counted(counts, signals)
    examples = []
    for done, place in enumerate(places, start=1):
        found = _example(place, spoken, signals, recall)
        examples += [found] if found is not None else []
        progress("places", done, len(places))
    kept = {"source": source, "dialogues": len(sessions), "places": len(examples), "spoken": dict(counts)}
    if len(examples) < LEAST_PLACES:
        return before.model_copy(update=kept)
    sides = fit_sides(examples)
    weights = {name: dict(zip(SIGNALS, found.round(4).tolist(), strict=True)) for name, found in sides.items()}
    return before.model_copy(update={**kept, **weights})


def fit_sides(examples: Sequence[Example]) -> dict[str, NDArray[np.float64]]:
    """Weights of both situations, each drawn towards those of all examples."""
    every = fit_weights(examples, np.zeros(len(SIGNALS)), np.zeros(len(SIGNALS)))
    least = {name: np.asarray([found.get(one, 0.0) for one in SIGNALS]) for name, found in LEAST.items()}
    return {
        name: fit_weights([one for one in examples if one.is_named is (name == "named")], every, least[name])
        for name in LEAST
    }


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

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        apart = weights - start
        total, slope = float(PULL * apart @ apart), 2.0 * PULL * apart
        for one in examples:
            scores = one.values @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            n_right = int(one.right.sum())
            total -= float(np.log(np.maximum(shares[one.right], 1e-12)).sum()) / n_right
            slope -= one.values[one.right].sum(axis=0) / n_right - shares @ one.values
        return total, slope

    begin, bounds = np.maximum(start, least), [(low, None) for low in least.tolist()]
    found = minimize(loss, begin, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.asarray(found.x, dtype=np.float64)


def _example(place: Place, spoken: NDArray[np.float32], signals: Signals, recall: Recall) -> Example | None:
    """The candidates of a place; None where nothing right is among them.

    What came up is counted without the conversation of the place: it would give the answer away.
    """
    catalog = signals.catalog
    lists = recall(place.preference)
    closed = {item_id for one in place.shown for item_id in one}
    ids = [
        one for one in dict.fromkeys(found.item_id for many in lists.values() for found in many) if one not in closed
    ]
    right = np.asarray([one in place.chosen for one in ids], dtype=np.bool_)
    if not right.any():
        return None
    others = spoken.copy()
    others[catalog.rows(place.session)] -= 1
    values = signals.of(catalog.rows(ids), place.preference, NOBODY, place.shown, spoken=np.maximum(others, 0))
    return Example(values, right, is_named(place.preference, NOBODY))


def _counted(counts: Mapping[str, int], signals: Signals) -> NDArray[np.float32]:
    found = np.zeros(len(signals.catalog), dtype=np.float32)
    found[signals.catalog.rows(counts)] = list(counts.values())
    return found
