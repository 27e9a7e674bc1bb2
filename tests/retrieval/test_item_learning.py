"""What is learned of an item from everybody's answers to it."""

import numpy as np
import pytest

from retrieval.belief import TasteModel
from retrieval.item_learning import Impressions, updated

COUNTS = np.asarray([100, 0, 0, 0])


def model() -> TasteModel:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((4, 2))
    doubt = np.asarray([0.0, 0.1, 0.1, 0.1])
    return TasteModel(np.full(4, 0.1), features, np.full(4, 0.1), doubt, np.zeros((1, 2)), np.ones(1))


def shown() -> Impressions:
    rows, expected = np.repeat([0, 1, 2], 50), np.full(150, 0.1)
    answered = np.zeros(150)
    answered[:5] = 1.0
    answered[50:65] = 1.0
    return Impressions.none(4).and_also(rows, expected, answered)


def test_an_item_that_is_answered_rises_and_one_that_is_not_falls() -> None:
    after = updated(model(), shown(), COUNTS)

    assert after.base[1] > 0.2
    assert after.base[2] < 0.04
    assert after.base[3] == pytest.approx(0.1)
    assert np.allclose(after.features[1] / model().features[1], after.base[1] / 0.1)


def test_many_ratings_are_hardly_moved_and_doubt_shrinks() -> None:
    after = updated(model(), shown(), COUNTS)

    assert after.base[0] == pytest.approx(0.1, rel=0.05)
    assert (after.doubt[1:3] < 0.1).all()
    assert after.doubt[3] == pytest.approx(0.1)


def test_answers_that_are_rare_everywhere_count_against_no_item() -> None:
    rows = np.repeat([0, 1], 200)
    once = (np.arange(400) % 20 == 0).astype(np.float64)
    half = Impressions.none(4).and_also(rows, np.full(400, 0.1), once)

    assert updated(model(), half, COUNTS).base[1] == pytest.approx(0.1, rel=0.1)


def test_nothing_shown_changes_nothing() -> None:
    after = updated(model(), Impressions.none(4), COUNTS)

    assert np.array_equal(after.base, model().base)
    assert np.array_equal(after.doubt, model().doubt)
