"""Ages, fading and near pairs against values worked out by hand."""

import numpy as np
import pytest

from retrieval.models.log import Log
from retrieval.models.pairs import most_rated, near_pairs
from retrieval.models.recency import ages, fading


def test_the_newest_entry_has_age_zero_and_equal_times_share_their_places() -> None:
    assert ages(np.asarray([1.0, 5.0, 5.0, 9.0])).tolist() == [3.0, 1.5, 1.5, 0.0]
    assert ages(np.asarray([1.0, 9.0, 9.0])).tolist() == [2.0, 0.5, 0.5]


def test_unknown_times_make_all_entries_equal() -> None:
    assert fading(ages(np.zeros(4)), 0.6).tolist() == [1.0, 1.0, 1.0, 1.0]


def test_older_entries_fade_by_a_power_of_their_age() -> None:
    assert fading(np.asarray([3.0, 1.0, 0.0]), 0.5) == pytest.approx([0.5, 1 / np.sqrt(2), 1.0])
    assert fading(np.asarray([3.0, 1.0, 0.0]), 0.0).tolist() == [1.0, 1.0, 1.0]
    assert len(fading(np.zeros(0), 0.5)) == 0


def log() -> Log:
    """One user took 0, 1, 3 in this order, another 1 and 3 at one time."""
    users, items = np.asarray([0, 0, 0, 1, 1]), np.asarray([0, 1, 3, 1, 3])
    return Log.of(users, items, np.ones(5), np.asarray([1.0, 2.0, 3.0, 7.0, 7.0]), n_users=2, n_items=5)


def test_pairs_count_by_how_near_they_were_taken() -> None:
    pairs = near_pairs(log(), np.asarray([0, 1, 3]), nearness=2.0)

    near, far = np.exp(-0.5), np.exp(-1.0)
    assert pairs == pytest.approx(np.asarray([[1, near, far], [near, 2, near + 1], [far, near + 1, 2]]))


def test_without_nearness_every_pair_counts_one() -> None:
    pairs = near_pairs(log(), np.asarray([0, 1, 3]), nearness=0)

    assert pairs.tolist() == [[1, 1, 1], [1, 2, 2], [1, 2, 2]]


def test_only_the_most_rated_items_get_a_place() -> None:
    assert most_rated(log(), 2).tolist() == [1, 3]
    assert most_rated(log(), 9).tolist() == [0, 1, 3]
