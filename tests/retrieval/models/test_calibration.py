import numpy as np

from retrieval.models.calibration import HIGHEST, places, shares, standardize

ALL = np.ones((1, 4), dtype=np.bool_)


def test_scores_become_deviations_from_that_persons_mean():
    deviations = standardize(
        np.asarray([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]]), np.ones((2, 4), dtype=np.bool_)
    )

    np.testing.assert_allclose(deviations[0], deviations[1], rtol=1e-6)
    np.testing.assert_allclose([deviations[0].mean(), deviations[0].std()], [0.0, 1.0], atol=1e-6)


def test_closed_items_count_neither_for_the_mean_nor_for_the_deviation():
    is_open = np.asarray([[True, True, True, False]])

    deviations = standardize(np.asarray([[1.0, 2.0, 3.0, 1000.0]]), is_open)

    np.testing.assert_allclose(deviations[0, :3], [-1.2247, 0.0, 1.2247], atol=1e-3)
    assert deviations[0, 3] == HIGHEST


def test_not_knowing_is_never_better_than_the_worst_that_is_known():
    deviations = standardize(np.asarray([[-np.inf, 5.0, 6.0, 7.0]]), ALL)

    assert deviations[0, 0] == deviations[0, 1] == deviations[0].min()


def test_equal_scores_and_unknown_ones_say_nothing():
    assert not standardize(np.full((1, 4), 0.1, dtype=np.float32), ALL).any()
    assert not standardize(np.full((1, 4), -np.inf), ALL).any()
    assert standardize(np.zeros((0, 4)), np.zeros((0, 4), dtype=np.bool_)).shape == (0, 4)


def test_places_count_the_open_items_above():
    is_open = np.asarray([[True, True, False, True]])

    counted = places(np.asarray([[4.0, 3.0, 9.0, 3.0]]), is_open, np.asarray([[0, 1, 3]]))

    assert counted.tolist() == [[0.0, 1.0, 1.0]]


def test_shares_sum_to_one_also_for_large_scores():
    parts = shares(np.asarray([[1000.0, 1000.0, 0.0]]))

    np.testing.assert_allclose(parts, [[0.5, 0.5, 0.0]], atol=1e-6)
