import numpy as np
import pytest

from retrieval.models.log import Log


def log(rows):
    users, items, weights, times = (np.asarray(column) for column in zip(*rows, strict=True))
    return Log.of(users, items, weights.astype(np.float32), times.astype(np.float64), n_users=3, n_items=5)


def test_a_profile_is_in_order_of_time_and_equal_times_keep_the_reading_order():
    one = log([(0, 3, 1, 20), (1, 1, 1, 5), (0, 2, 1, 10), (0, 4, 1, 10)])

    first, second, third = one.profiles()

    assert first.items.tolist() == [2, 4, 3]
    assert second.items.tolist() == [1]
    assert len(third) == 0


def test_the_last_of_several_signals_about_one_item_counts():
    one = log([(0, 3, -1, 1), (0, 2, 1, 2), (0, 3, 1, 3)])

    profile = next(one.profiles())

    assert profile.items.tolist() == [2, 3]
    assert profile.weights.tolist() == [1, 1]


def test_leaving_out_the_last_takes_nothing_from_shorter_histories():
    one = log([(0, 3, 1, 1), (0, 2, 1, 2), (1, 4, 1, 3)])

    rest = one.without_last(1)

    assert [profile.items.tolist() for profile in rest.profiles()] == [[3], [], []]


def test_a_row_outside_the_catalog_is_named():
    with pytest.raises(ValueError, match=r"items in 0\.\.4"):
        log([(0, 5, 1, 1)])


def test_nothing_at_all_is_a_log_too():
    empty = Log.of(*(np.zeros(0, kind) for kind in (np.int64, np.int64, np.float32, np.float64)), n_users=2, n_items=0)

    assert [len(profile) for profile in empty.profiles()] == [0, 0]
    assert empty.matrix().shape == (2, 0)
