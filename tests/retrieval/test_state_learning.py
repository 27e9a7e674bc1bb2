"""What the log of guesses teaches of items at start-up."""

import numpy as np

from retrieval.datasets import Dataset
from retrieval.item_learning import PRIOR_EXPECTED
from retrieval.state import Exposure, FeedbackKind, StateStore
from retrieval.state.learning import learn_from_log


def guess(item_id: str, expected: float | None = 0.1, *, exploratory: bool = True) -> Exposure:
    context = {} if expected is None else {PRIOR_EXPECTED: expected}
    return Exposure(item_id, 1, 0.5, exploratory=exploratory, policy="ucb", context=context)


def test_guesses_are_counted_with_what_became_of_them(teas: Dataset) -> None:
    state = StateStore("sqlite://")
    user = state.create_user().user_id
    shown = (guess("tea:1"), guess("tea:2"), guess("tea:3", None), guess("tea:4", exploratory=False), guess("gone"))
    ids = state.record_exposures(user, "talk", 0, list(shown))
    state.add_feedback(user, "tea:1", FeedbackKind.LIKE, exposure_id=ids[0])
    state.add_feedback(user, "tea:2", FeedbackKind.DISLIKE, exposure_id=ids[1])

    impressions, guessed = learn_from_log(state, teas.catalog)

    rows = teas.catalog.rows(["tea:1", "tea:2", "tea:3", "tea:4"])
    assert guessed[rows].tolist() == [1, 1, 1, 0]
    assert impressions.expected[rows].tolist() == [0.1, 0.1, 0.0, 0.0]
    assert impressions.answered[rows].tolist() == [1.0, 0.0, 0.0, 0.0]
    state.close()


def test_an_empty_log_teaches_nothing(teas: Dataset) -> None:
    state = StateStore("sqlite://")

    impressions, guessed = learn_from_log(state, teas.catalog)

    assert not impressions.expected.any()
    assert not guessed.any()
    assert np.array_equal(impressions.factors(np.zeros(len(teas.catalog), dtype=np.int64)), np.ones(len(teas.catalog)))
    state.close()
