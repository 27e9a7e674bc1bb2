"""How much the newest entries of a profile weigh: by their place in the order of time."""

import numpy as np
from numpy.typing import NDArray


def ages(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many entries lie between each entry and the newest one.

    Entries with the same time share the mean of their places, since their order says nothing; where no time is known
    all are of one age.

    Args:
        times: Seconds since 1970, ascending, shape (n,); 0 where unknown.

    Returns:
        Ages in places, shape (n,), >= 0; the newest entry, if alone at its time, has 0.
    """
    n = len(times)
    first = np.searchsorted(times, times, side="left")
    last = np.searchsorted(times, times, side="right") - 1
    return np.asarray(n - 1 - (first + last) / 2.0, dtype=np.float64)


def fading(ages_in_places: NDArray[np.float64], power: float) -> NDArray[np.float32]:
    """Weights (1 + age)^-power, scaled so that the largest is 1, shape (n,); all 1 where all are of one age."""
    if len(ages_in_places) == 0:
        return np.zeros(0, dtype=np.float32)
    youngest = float(ages_in_places.min())
    return np.asarray(((1.0 + ages_in_places) / (1.0 + youngest)) ** -power, dtype=np.float32)
