"""Histories as padded batches of windows: what the sequence model reads. Knows numpy only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from retrieval.models.log import Log, Profile

OPINIONS = 5
"""Kinds of weight, from hated to loved; one more stands for padding."""
GAPS_S = (0.5, 5.0, 15.0, 40.0, 90.0, 300.0, 3600.0, 172_800.0)
"""Limits between the kinds of pause before an interaction, in seconds."""
START = len(GAPS_S)
"""The pause before the first interaction, and of padding."""
UNTOLD_GAPS = len(GAPS_S) + 1


@dataclass(frozen=True, slots=True)
class History:
    """One person's interactions with items that have a place, oldest first."""

    places: NDArray[np.int64]
    """Shape (n,)."""
    opinions: NDArray[np.int64]
    """0..OPINIONS - 1, shape (n,)."""
    times: NDArray[np.float64]
    """Seconds since 1970, shape (n,)."""

    def __len__(self) -> int:
        return len(self.places)

    def shuffled_ties(self, rng: Generator) -> "History":
        """The same with interactions of one time in a new order: their order says nothing."""
        order = np.lexsort((rng.random(len(self)), self.times))
        return History(self.places[order], self.opinions[order], self.times[order])

    def slice(self, begin: int, end: int) -> "History":
        """The interactions from `begin` to before `end`."""
        return History(self.places[begin:end], self.opinions[begin:end], self.times[begin:end])


@dataclass(frozen=True, slots=True)
class Window:
    """Some interactions in a row, the item that follows each, and from which on these are learned."""

    past: History
    following: NDArray[np.int64]
    """Place of the next item after each interaction, shape (n,)."""
    learned_from: int
    """Interactions before this index are context alone: an earlier window has learned what follows them."""
    before: NDArray[np.int64]
    """Places taken before the window begins."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded on the left, so that the newest interaction stands last."""

    places: NDArray[np.int64]
    """Shape (n, length); the number of places where padded."""
    opinions: NDArray[np.int64]
    """Shape (n, length)."""
    gaps: NDArray[np.int64]
    """The kind of pause before each, shape (n, length)."""
    apart: NDArray[np.int64]
    """The kind of time between each and every earlier one, shape (n, length, length)."""


def history_of(profile: Profile, place_of: NDArray[np.int64], longest: int) -> History:
    """The newest `longest` interactions of a profile with items that have a place (-1: none)."""
    places = place_of[profile.items]
    known = places >= 0
    opinions = np.clip(np.rint(2 * profile.weights[known]) + 2, 0, OPINIONS - 1).astype(np.int64)
    whole = History(places[known], opinions, profile.times[known])
    return whole.slice(max(0, len(whole) - longest), len(whole))


def histories(log: Log, place_of: NDArray[np.int64], longest: int) -> list[History]:
    """The histories in which something follows something."""
    all_histories = (history_of(profile, place_of, longest) for profile in log.profiles())
    return [history for history in all_histories if len(history) >= 2]


def gaps(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The kind of pause before each interaction, shape (n,)."""
    if len(times) == 0:
        return np.zeros(0, dtype=np.int64)
    kinds = np.searchsorted(GAPS_S, np.diff(times, prepend=times[:1])).astype(np.int64)
    kinds[0] = START
    return kinds


def windows(history: History, longest: int, rng: Generator) -> Iterator[Window]:
    """Windows of at most `longest` interactions that together teach each step once; the cuts are drawn."""
    steps = len(history) - 1
    begin, end = 0, steps if steps <= longest else int(rng.integers(longest // 2, longest + 1))
    while begin < steps:
        low = max(0, end - longest)
        yield Window(history.slice(low, end), history.places[low + 1 : end + 1], begin - low, history.places[:low])
        begin, end = end, min(steps, end + longest)


def batches(all_windows: Sequence[Window], most_places: int, rng: Generator) -> list[list[Window]]:
    """Windows of similar length together, in random order; at most `most_places` places each, padding included."""
    keys = np.asarray([len(window.past) for window in all_windows]) * np.exp(rng.normal(0, 0.1, len(all_windows)))
    made: list[list[Window]] = []
    length = 0
    for index in np.argsort(keys).tolist():
        length = max(length, len(all_windows[index].past))
        if not made or length * (len(made[-1]) + 1) > most_places:
            made.append([])
            length = len(all_windows[index].past)
        made[-1].append(all_windows[index])
    return [made[index] for index in rng.permutation(len(made))]


def pad(chosen: Sequence[History], n_places: int) -> Batch:
    """Histories as one batch; `n_places` marks padding."""
    length = max((len(history) for history in chosen), default=0)
    shape = (len(chosen), length)
    places, opinions, pauses = np.full(shape, n_places), np.full(shape, OPINIONS), np.full(shape, START)
    times = np.zeros(shape)
    for row, history in enumerate(chosen):
        begin = length - len(history)
        places[row, begin:], opinions[row, begin:] = history.places, history.opinions
        pauses[row, begin:], times[row, begin:] = gaps(history.times), history.times
    apart = np.searchsorted(GAPS_S, times[:, :, None] - times[:, None, :]).astype(np.int64)
    return Batch(places, opinions, pauses, apart)


def taken(window: Window, n_places: int) -> NDArray[np.bool_]:
    """What a person has had at each learned interaction, shape (n - learned_from, n_places)."""
    had = np.zeros((len(window.past), n_places), dtype=np.bool_)
    had[np.arange(len(window.past)), window.past.places] = True
    had = np.logical_or.accumulate(had, axis=0)
    had[:, window.before] = True
    return np.asarray(had[window.learned_from :])
