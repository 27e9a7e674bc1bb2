"""How near items are to a profile, given a vector per item: by the profile's mean, or by its nearest entries."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.models.log import Profile
from retrieval.models.recency import ages, fading


def by_mean(
    vectors: NDArray[np.float32], profiles: Sequence[Profile], *, recency: float, opinions: float = 0.0
) -> NDArray[np.float32]:
    """The cosine between every item and the fading mean of each profile.

    Args:
        vectors: One per item, shape (n_items, d); zeros where nothing is known of an item.
        profiles: What people took.
        recency: Power by which older entries fade.
        opinions: How much an opinion changes an entry's strength of 1: 1 makes loved 2 and hated 0.

    Returns:
        Shape (len(profiles), n_items), in -1..1; -inf where nothing is known of the profile or of the item.
    """
    means = np.zeros((len(profiles), vectors.shape[1]), dtype=np.float32)
    for i, profile in enumerate(profiles):
        strengths = fading(ages(profile.times), recency) * (1.0 + opinions * profile.weights)
        means[i] = strengths @ vectors[profile.items]
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    known = np.asarray(vectors.any(axis=1))[None, :] & np.asarray(means.any(axis=1))[:, None]
    return np.where(known, means @ vectors.T, -np.inf).astype(np.float32)


def nearest(
    vectors: NDArray[np.float32], profiles: Sequence[Profile], *, recency: float, near: int, opinions: float = 0.0
) -> NDArray[np.float32]:
    """The mean over the `near` largest of strength times cosine, for every item.

    Returns:
        Shape (len(profiles), n_items); -inf where nothing is known of the profile or of the item.
    """
    known = np.asarray(vectors.any(axis=1))
    scores = np.full((len(profiles), len(vectors)), -np.inf, dtype=np.float32)
    for i, profile in enumerate(profiles):
        told = known[profile.items]
        items = profile.items[told]
        if len(items) == 0:
            continue
        strengths = (fading(ages(profile.times), recency) * (1.0 + opinions * profile.weights))[told]
        cosines = (vectors @ vectors[items].T) * strengths
        count = min(near, len(items))
        best = np.partition(cosines, len(items) - count, axis=1)[:, len(items) - count :]
        scores[i, known] = best.mean(axis=1)[known]
    return scores
