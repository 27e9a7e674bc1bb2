import math

import pytest

from eval.bootstrap import bootstrap_interval
from eval.metrics import ndcg_at_k, recall_at_k

RANKED = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("relevant", "k", "expected"),
    [
        ({"a"}, 1, 1.0),
        ({"b"}, 1, 0.0),
        ({"b", "x"}, 2, 0.5),
        ({"a", "d", "x", "y"}, 4, 0.5),
        ({"d"}, 100, 1.0),
    ],
)
def test_recall_is_the_share_found_among_the_first_k(relevant, k: int, expected: float):
    assert recall_at_k(RANKED, relevant, k) == expected


def test_ndcg_by_hand():
    # gains at ranks 2 and 4: 1/log2(3) + 1/log2(5); at best ranks 1 and 2: 1 + 1/log2(3)
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))

    assert ndcg_at_k(RANKED, {"b", "d"}, 4) == pytest.approx(expected)
    assert ndcg_at_k(RANKED, {"b", "d"}, 4) == pytest.approx(0.6510, abs=1e-3)


@pytest.mark.parametrize(
    ("ranked", "relevant", "k", "expected"),
    [
        (["a", "b"], {"a", "b"}, 2, 1.0),
        (["b", "a"], {"a"}, 2, 1 / math.log2(3)),
        (["a", "a", "b"], {"a"}, 3, 1.0),
        (["a"], {"a", "b", "c"}, 1, 1.0),
        ([], {"a"}, 5, 0.0),
        (["x"], {"a"}, 5, 0.0),
    ],
)
def test_ndcg_at_the_edges(ranked, relevant, k: int, expected: float):
    assert ndcg_at_k(ranked, relevant, k) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [recall_at_k, ndcg_at_k])
@pytest.mark.parametrize(("relevant", "k"), [(set(), 1), ({"a"}, 0)])
def test_nothing_relevant_is_refused(metric, relevant, k: int):
    with pytest.raises(ValueError, match="expected something relevant"):
        metric(RANKED, relevant, k)


def test_equal_values_leave_no_doubt():
    assert bootstrap_interval([[0.5], [0.5, 0.5]]) == (0.5, 0.5)


def test_the_interval_holds_the_mean_and_is_repeatable():
    groups = [[0.0, 0.0], [1.0], [1.0, 1.0, 0.0], [0.0]]

    low, high = bootstrap_interval(groups, seed=3)

    assert 0 <= low < 3 / 7 < high <= 1
    assert (low, high) == bootstrap_interval(groups, seed=3)


def test_turns_of_one_dialogue_are_drawn_together():
    # one dialogue: every draw is that dialogue, so its ten turns give no false certainty and no spread either
    assert bootstrap_interval([[0.0, 1.0] * 5]) == (0.5, 0.5)
    # two of opposite value: the mean is 0, 0.5 or 1
    assert bootstrap_interval([[0.0] * 10, [1.0] * 10]) == (0.0, 1.0)


def test_no_values_have_no_interval():
    assert all(math.isnan(end) for end in bootstrap_interval([[], []]))
