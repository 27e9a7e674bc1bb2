"""A stranger's likes, by hand."""

import numpy as np

from benchmarks.strangers import cases, ndcg, table
from retrieval.models.log import Log, Profile


def log_of(liked: list[list[int]], n_items: int = 12) -> Log:
    users = np.concatenate([np.full(len(items), user) for user, items in enumerate(liked)])
    items = np.concatenate(liked)
    ones = np.ones(len(items), np.float32)
    return Log.of(users, items, ones, ones.astype(np.float64), n_users=len(liked), n_items=n_items)


def test_what_is_named_is_not_asked_for():
    drawn = cases(log_of([list(range(8))]), [0], 2, np.random.default_rng(0))

    for profile, right, user in drawn:
        assert user == 0
        assert sorted([*profile.items.tolist(), *right.tolist()]) == list(range(8))


def test_who_likes_too_little_is_left_out():
    assert cases(log_of([[0, 1, 2]]), [0], 1, np.random.default_rng(0)) == []


def test_the_share_of_the_ideal_is_worked_out_by_hand():
    scores = np.zeros(12)
    scores[[3, 4, 5]] = 3, 2, 1
    case = (Profile(np.asarray([3]), np.ones(1, np.float32), np.zeros(1)), np.asarray([4, 9]), 0)

    value, top = ndcg(scores, case)

    # 4 comes first; 9 comes tenth among those of score 0: rows 0, 1, 2, 6, 7, 8 stand before it after 5
    assert top[0] == 4
    assert value == (1 / np.log2(2) + 1 / np.log2(top.tolist().index(9) + 2)) / (1 / np.log2(2) + 1 / np.log2(3))


def test_the_table_has_a_line_for_each_model():
    class Knowing:
        name = "knowing"

        def score(self, profiles):
            return np.tile(np.arange(12.0), (len(profiles), 1))

    lines = table(log_of([list(range(12)), list(range(6, 12))]), {"knowing": Knowing()}, [0, 1], 0)

    assert [line.split("|")[1].strip() for line in lines[2:]] == ["popular", "knowing"]
    assert "1.000" in lines[3]
    assert "too few people" in lines[3]
