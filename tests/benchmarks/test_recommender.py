"""Splits, metrics, intervals and the leak guard of the recommender's benchmark, by hand on tiny logs."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.recommender.harness import LeakError, evaluate, gain, interval, run, self_information, tail_items
from benchmarks.recommender.leaks import check_leak, plant
from benchmarks.recommender.splits import few, fingerprint, leave_out, time_cuts, validation, with_history
from eval.metrics import precision_at_k, reciprocal_rank
from retrieval.models.log import Log

N_ITEMS = 20


@dataclass(frozen=True)
class Table:
    """Scores items by how many rows of its log have them, plus 100 for the items that its log has for the user."""

    log: Log
    peeks: bool = False
    name: str = "table"
    log_fingerprint: str = ""

    def score(self, profiles):
        scores = np.tile(self.log.counts().astype(np.float32), (len(profiles), 1))
        if self.peeks:
            known = {tuple(sorted(person.items.tolist()[:3])): person for person in self.log.profiles()}
            for row, profile in enumerate(profiles):
                list_of_person = known.get(tuple(sorted(profile.items.tolist()[:3])))
                scores[row, list_of_person.items if list_of_person is not None else []] += 100
        return scores


def table(log: Log, *, peeks: bool = False) -> Table:
    return Table(log, peeks, log_fingerprint=fingerprint(log))


def make_log(rows) -> Log:
    users, items, weights, times = (np.asarray(column) for column in zip(*rows, strict=True))
    return Log.of(
        users, items, weights.astype(float), times.astype(float), n_users=int(users.max()) + 1, n_items=N_ITEMS
    )


@pytest.fixture
def log() -> Log:
    rows = [(0, 3, 1, 10), (0, 5, 1, 20), (0, 4, 1, 20), (0, 7, -1, 30)]
    rows += [(1, 3, 1, 5), (1, 5, 0, 6), (1, 8, 1, 6)]
    return make_log([*rows, (2, 9, 1, 50)])


def crowd(n_users: int = 60) -> Log:
    random = np.random.default_rng(1)
    rows = [(user, item, 1, at) for user in range(n_users) for at, item in enumerate(random.permutation(N_ITEMS)[:6])]
    return make_log(rows)


def test_the_nth_last_by_time_then_reading_order_is_the_target(log: Log):
    test, before = leave_out(log, 1), validation(log)

    assert test.users.tolist() == [0, 1]
    assert [target.tolist() for target in test.targets] == [[7], [8]]
    assert [profile.items.tolist() for profile in test.profiles] == [[3, 5, 4], [3, 5]]
    assert [target.tolist() for target in before.targets] == [[4], [5]]
    assert [profile.items.tolist() for profile in before.profiles] == [[3, 5], [3]]


def test_a_target_that_shares_its_second_is_tied(log: Log):
    assert leave_out(log, 1).tied.tolist() == [False, True]
    assert leave_out(log, 2).tied.tolist() == [True, True]
    assert leave_out(log, 3).tied.tolist() == [True]


def test_nothing_of_the_target_or_after_it_is_in_the_training_log(log: Log):
    for n in (1, 2, 3):
        split = leave_out(log, n)
        for user, target in zip(split.users, split.targets, strict=True):
            assert not np.isin(target, split.train.items[split.train.users == user]).any()


def test_the_users_with_the_fewest():
    log = make_log([(user, item, 1, item) for user in range(10) for item in range(user + 1)])
    assert np.flatnonzero(few(log)).tolist() == [0, 1]


def test_cuts_in_time_keep_past_and_future_apart():
    log = make_log([(user, item, 1 - item % 2, 10 * user + item) for user in range(5) for item in range(10)])
    splits = list(time_cuts(log, positive=0.5, shares=(0.5, 0.8)))

    first, second = splits
    # 50 interactions at seconds 0 to 49, cut at 24.5 and 39.2; even items are liked
    assert first.train.times.tolist() == list(range(0, 25, 2))
    assert first.users.tolist() == [2, 3]
    assert [target.tolist() for target in first.targets] == [[6, 8], [0, 2, 4, 6, 8]]
    assert with_history(first).tolist() == [True, False]
    assert second.train.times.tolist() == list(range(0, 40, 2))
    assert [target.tolist() for target in second.targets] == [[0, 2, 4, 6, 8]]


def test_metrics_by_hand():
    ranked = [4, 2, 9, 7]
    assert precision_at_k(ranked, {2, 7}, 3) == pytest.approx(1 / 3)
    assert precision_at_k([2], {2}, 10) == pytest.approx(0.1)
    assert reciprocal_rank(ranked, {9, 7}) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranked, {1}) == 0.0
    assert self_information(np.asarray([8, 2, 0]), 8).tolist() == [0.0, 2.0, 3.0]


def test_a_ranking_by_hand(log: Log):
    split = leave_out(log, 1)
    scores = np.tile(-np.arange(N_ITEMS, dtype=np.float32), (2, 1))
    result = evaluate(scores, split, name="by row")

    # user 0 has 3, 4, 5: the ranking is 0 1 2 6 7, target 7 at rank 5; user 1 has 3, 5: 0 1 2 4 6 7 8, rank 7
    assert result.values["mrr"].tolist() == pytest.approx([1 / 5, 1 / 7])
    assert result.values["ndcg@10"].tolist() == pytest.approx([1 / math.log2(6), 1 / math.log2(8)])
    assert result.values["hr@10"].tolist() == [1.0, 1.0]
    assert result.values["precision@10"].tolist() == pytest.approx([0.1, 0.1])
    assert result.top[0].tolist() == [0, 1, 2, 6, 7, 8, 9, 10, 11, 12]
    assert result.coverage == 11 / N_ITEMS  # 0 1 2 4 6 7 8 9 10 11 12


def test_what_has_no_score_is_not_ranked(log: Log):
    split = leave_out(log, 1)
    scores = np.full((2, N_ITEMS), -np.inf, dtype=np.float32)
    scores[0, [3, 7]] = 1
    result = evaluate(scores, split, name="nearly silent")

    assert result.values["hr@10"].tolist() == [1.0, 0.0]
    assert result.values["mrr"].tolist() == [1.0, 0.0]
    assert result.top[0].tolist() == [7] + [-1] * 9
    assert result.coverage == pytest.approx(1 / N_ITEMS)


def test_equal_scores_favor_no_place_in_the_catalog():
    split = leave_out(crowd(), 1)
    result = evaluate(np.zeros((len(split), N_ITEMS), dtype=np.float32), split, name="no opinion")
    assert result.mean("hr@10") == pytest.approx(10 / 15, abs=0.2)


def test_scores_of_a_wrong_shape_or_nan_are_refused(log: Log):
    split = leave_out(log, 1)
    with pytest.raises(ValueError, match="found shape"):
        evaluate(np.zeros((1, N_ITEMS), np.float32), split, name="short")
    with pytest.raises(ValueError, match="NaN"):
        evaluate(np.full((2, N_ITEMS), np.nan, np.float32), split, name="undefined")


def test_the_tail_is_what_lies_outside_the_most_rated_fifth():
    assert np.flatnonzero(~tail_items(np.asarray([5, 1, 9, 9, 0, 0, 0, 0, 0, 0]))).tolist() == [2, 3]


def test_intervals_hold_what_they_should():
    values = np.asarray([0.0, 1.0] * 200)
    low, high = interval(values)
    assert low < 0.5 < high
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / 20, abs=0.02)
    same = gain(values, values)
    assert (same.difference, same.low, same.high, same.ratio) == (0, 0, 0, 1)
    better = gain(values + 0.1, values)
    assert better.difference == pytest.approx(0.1)
    assert (better.low, better.high) == pytest.approx((0.1, 0.1))
    assert better.ratio_low < 1.2 < better.ratio_high


def test_requests_of_one_user_are_drawn_together():
    values = np.asarray([1.0, 0.0] * 50)
    alone = gain(values, np.zeros(100))
    together = gain(values, np.zeros(100), np.repeat(np.arange(50), 2))
    assert (together.low, together.high) == (0.5, 0.5)
    assert alone.high > alone.low


def test_a_fair_learner_passes_the_leak_check():
    result = check_leak(lambda log: table, crowd())
    assert result.mean("hr@10") < 1


def test_a_learner_that_kept_the_whole_log_is_caught():
    with pytest.raises(LeakError, match="fitted on the training log"):
        check_leak(lambda log: lambda train: table(log, peeks=True), crowd())


def test_a_learner_that_hides_what_it_was_fitted_on_is_caught_by_its_score():
    with pytest.raises(LeakError, match="drawn by lot"):
        check_leak(lambda log: lambda train: Table(log, peeks=True, log_fingerprint=fingerprint(train)), crowd())


def test_a_learner_that_changes_its_log_is_stopped(log: Log):
    def spoil(train: Log) -> Table:
        train.items[:] = 0
        return table(train)

    with pytest.raises(ValueError, match="read-only"):
        run(spoil, leave_out(log, 1))


def test_planted_items_are_new_to_the_user():
    log = crowd()
    planted = plant(log, 1)
    at = log.starts()[1:] - 1
    assert (planted.items != log.items).sum() == log.n_users
    for user, item in enumerate(planted.items[at].tolist()):
        assert item not in log.items[log.users == user]
