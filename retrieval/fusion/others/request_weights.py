"""How much each channel counts for one request: what only habits say steps back once something is asked for."""

from collections.abc import Mapping

from retrieval.fusion.others.learned import TASTE
from retrieval.preference import Preference

HABIT = 0.4
"""How much a channel counts that is of little use for the request (see `request_weights`)."""
BESIDE_EXAMPLES = 0.5
"""How much the channels that know habits count beside descriptions and facts where an example is given."""
STRANGER = 1.5
"""How much the trend counts where nothing of someone's taste is known and no free words were said: among all that keep
the limits, what many like is the better guess than a description in which the limit's word occurs."""
HABITUAL = frozenset(("factors", "neighbors", "sequence", "trend"))
DESCRIPTIVE = frozenset(("content", "graph"))
BESIDE_WORDS = 0.5
"""How much taste counts at most where words ask for something, relative to the channels that answer them."""
SPEAKS_FOR = {"content": "content", "graph": "graph"}
"""The dimension of interest of each channel that answers words."""


def request_weights(weights: Mapping[str, float], preference: Preference) -> dict[str, float]:
    """Fusion weights for one request: what only the history says steps back once something is asked for.

    Where nothing is asked for and no example is given, people of like taste know more than descriptions do; for a
    stranger of whom no channel knows habits, the trend speaks for all of them.
    """
    words = preference.text or any(wish.field == "text" for wish in preference.wishes)
    if HABITUAL.intersection(weights) == {"trend"} and not (words or preference.liked):
        weights = {**weights, "trend": max(STRANGER, weights["trend"])}
    stepping_back, factor = HABITUAL, 0.8 if preference.examples else HABIT
    if not (preference.text or preference.wishes):
        stepping_back, factor = DESCRIPTIVE, 1.0 if preference.liked else HABIT
        if preference.examples:  # "like X" asks for what is like it, not only for what its fans like too
            stepping_back, factor = HABITUAL, BESIDE_EXAMPLES
    return {name: weight * (factor if name in stepping_back else 1.0) for name, weight in weights.items()}


def taste_weights(weights: Mapping[str, float], preference: Preference) -> dict[str, float]:
    """Weights for one request where a learned fusion speaks for what the history says.

    It takes over the weight of all channels that only know habits; these keep their evidence. Where nothing is asked
    for and nothing was just liked or disliked, it decides alone, since it has looked at descriptions and facts, too;
    where words ask for something, it counts `BESIDE_WORDS` of what answers them.
    """
    mine = sum(weight for name, weight in weights.items() if name in HABITUAL)
    if preference.text or preference.wishes:
        mine = min(mine, BESIDE_WORDS * sum(weight for name, weight in weights.items() if name in DESCRIPTIVE))
    asked = bool(preference.text or preference.wishes or preference.liked or preference.disliked)
    silent = HABITUAL if asked else HABITUAL | DESCRIPTIVE
    return {name: 0.0 if name in silent else weight for name, weight in weights.items()} | {TASTE: mine}


def dimension_weights(attention: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """How much each dimension of interest counts for a person and a request, summing to 1.

    Args:
        attention: How the learned fusion divides its attention.
        weights: Of that fusion and of the channels that answer words.
    """
    taste = weights.get(TASTE, 0.0)
    by_dimension = {name: taste * share for name, share in attention.items()}
    for channel, dimension in SPEAKS_FOR.items():
        if by_dimension and weights.get(channel, 0.0) > 0:
            by_dimension[dimension] = by_dimension.get(dimension, 0.0) + weights[channel]
    total = sum(by_dimension.values())
    return {name: weight / total for name, weight in by_dimension.items()} if total > 0 else {}
