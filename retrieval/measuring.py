"""A quick figure for the manifest: does a fitted model find again what people took last? A check, not a forecast."""

import numpy as np

from retrieval.models.base import Model
from retrieval.models.log import Log

METRIC = "train_hit@10"
"""The model was fitted on what it is asked for: what it could do for strangers is in docs/recommender.md."""
AMONG = 10
MOST_PEOPLE = 100
AT_ONCE = 25


def train_hits(model: Model, log: Log, *, seed: int = 0) -> dict[str, float]:
    """The share of people whose newest item is among the ten best for those who have the rest of their items.

    Returns:
        One figure under `METRIC`, over at most `MOST_PEOPLE` people drawn at random; empty where nobody has two items.
    """
    people = [profile for profile in log.profiles() if len(profile) > 1]
    drawn = np.random.default_rng(seed).permutation(len(people))[:MOST_PEOPLE].tolist()
    hits: list[bool] = []
    for begin in range(0, len(drawn), AT_ONCE):
        asked = [people[at] for at in drawn[begin : begin + AT_ONCE]]
        earlier = [profile.head(len(profile) - 1) for profile in asked]
        for scores, past, whole in zip(model.score(earlier), earlier, asked, strict=True):
            open_scores = scores.copy()
            open_scores[past.items] = -np.inf
            newest = open_scores[whole.items[-1]]
            hits.append(bool(np.isfinite(newest) and (open_scores > newest).sum() < AMONG))
    return {METRIC: round(float(np.mean(hits)), 4)} if hits else {}
