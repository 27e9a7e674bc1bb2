"""Fusion for what comes later: learned from a cut in time, works without times, nobody and one item."""

from dataclasses import replace

import numpy as np
import pytest

from retrieval.models.features import ItemSide
from retrieval.models.fusion_members import NOW
from retrieval.models.fusion_weights import WEIGHTED
from retrieval.models.later import LATER, fit_later
from retrieval.models.log import Log, Profile

N_USERS, N_ITEMS = 40, 30
NOBODY = Profile(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0))


def halves(*, times: bool = True) -> Log:
    """People of two tastes who take ten items of their half each, in an order of their own."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(N_USERS), 10)
    items = np.concatenate([rng.permutation(N_ITEMS // 2)[:10] + (user % 2) * N_ITEMS // 2 for user in range(N_USERS)])
    stamps = np.tile(np.arange(10.0), N_USERS) * 1e5 if times else np.zeros(len(users))
    return Log.of(users, items, np.ones(len(users)), stamps, n_users=N_USERS, n_items=N_ITEMS)


@pytest.mark.parametrize("times", [True, False])
def test_it_stays_in_the_half_of_a_profile(times: bool) -> None:
    model = fit_later(halves(times=times), ItemSide.bare(N_ITEMS))
    profile = Profile(np.asarray([0, 3]), np.ones(2, np.float32), np.zeros(2))
    scores = model.score([profile, NOBODY])

    best = np.argsort(-scores[0])[:8]
    assert (best < N_ITEMS // 2).all()
    assert not np.isin(best, [0, 3]).any()
    assert int(scores[1].argmax()) == int(model.facts.counts.argmax())
    assert model.strategies[WEIGHTED].weights[0] > 0.5


def test_nobody_gets_what_is_popular_lately_where_a_member_knows() -> None:
    users, items = np.arange(6), np.asarray([0, 0, 0, 0, 1, 1])
    times = np.asarray([1e6, 1e6, 1e6, 1e6, 1e8, 1e8])
    log = Log.of(users, items, np.ones(6), times, n_users=6, n_items=3)
    settings = replace(LATER, members=(NOW, "items_plain"))
    someone = Profile(np.asarray([2]), np.ones(1, np.float32), np.zeros(1))

    assert int(fit_later(log, ItemSide.bare(3)).score([NOBODY])[0].argmax()) == 0
    model = fit_later(log, ItemSide.bare(3), settings)
    assert int(model.score([NOBODY])[0].argmax()) == 1
    assert int(model.members[NOW].score([someone])[0].argmax()) == 1


def test_one_item_and_no_log_are_no_error() -> None:
    empty = np.zeros(0)
    log = Log.of(empty.astype(int), empty.astype(int), empty, empty, n_users=0, n_items=1)
    assert fit_later(log, ItemSide.bare(1)).score([NOBODY]).shape == (1, 1)
