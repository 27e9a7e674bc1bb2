"""Fusion for what comes later: learned from a cut in time, works without times, nobody and one item."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.fusion.others.long_term import fit_long_term, fit_popularity_now
from retrieval.fusion.others.weighted import WEIGHTED
from retrieval.models import popularity_now
from retrieval.models.features import ItemSide
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
    model = fit_long_term(halves(times=times), ItemSide.bare(N_ITEMS))
    profile = Profile(np.asarray([0, 3]), np.ones(2, np.float32), np.zeros(2))
    scores = model.score([profile, NOBODY])

    best = np.argsort(-scores[0])[:8]
    assert (best < N_ITEMS // 2).all()
    assert not np.isin(best, [0, 3]).any()
    assert int(scores[1].argmax()) == int(model.facts.counts.argmax())
    assert model.strategies[WEIGHTED].weights[0] > 0.5


def passing(people: int = 30) -> Log:
    """Everyone takes items 0 to 4 on the first day; newcomers who come a year later take item 5 or 6, mostly 5."""
    early = [(user, item, 0.0) for user in range(people) for item in range(5)]
    late = [(people + user, 5 + (user % 3 == 0), 3e7) for user in range(people)]
    users, items, times = (np.asarray(column) for column in zip(*early, *late, strict=True))
    return Log.of(users.astype(int), items.astype(int), np.ones(len(users)), 1e6 + times, n_users=2 * people, n_items=8)


def test_newcomers_get_what_newcomers_lately_took() -> None:
    bare = ItemSide.bare(8)

    assert int(fit_long_term(passing(), bare).score([NOBODY])[0].argmax()) < 5
    scores = fit_popularity_now(passing(), bare).score([NOBODY])[0]
    assert np.argsort(-scores)[:2].tolist() == [5, 6]
    assert np.isneginf(scores[7])


def test_who_comes_back_gets_what_has_come_up_since() -> None:
    log = passing()
    model = popularity_now.fit(log)
    long_gone = Profile(np.arange(3), np.ones(3, np.float32), np.full(3, 1e6))
    just_here = Profile(np.arange(3), np.ones(3, np.float32), np.full(3, 3.2e7))
    timeless = Profile(np.arange(3), np.ones(3, np.float32), np.zeros(3))
    gone, here, unknown = model.score([long_gone, just_here, timeless])

    assert gone[5] - gone[4] > here[5] - here[4]
    np.testing.assert_allclose(here, unknown)
    assert int(fit_popularity_now(log, ItemSide.bare(8)).score([long_gone])[0].argmax()) == 5


def test_the_more_someone_took_the_more_they_passed_over() -> None:
    model = popularity_now.fit(passing())
    few, many = (Profile(np.arange(n), np.ones(n, np.float32), np.full(n, 1e6)) for n in (1, 4))
    with_few, with_many = model.score([few, many])

    assert with_many[6] - with_many[4] > with_few[6] - with_few[4]


@pytest.mark.parametrize("times", [True, False])
def test_what_is_popular_now_is_kept(times: bool, tmp_path: Path) -> None:
    model = popularity_now.fit(halves(times=times))
    model.save(tmp_path)
    profile = Profile(np.asarray([0, 3]), np.ones(2, np.float32), np.full(2, 4e5))

    again = popularity_now.PopularityNowModel.load(tmp_path)
    np.testing.assert_allclose(again.score([profile, NOBODY]), model.score([profile, NOBODY]), rtol=1e-6)
    assert np.isfinite(model.score([profile, NOBODY])).all()


def test_one_item_and_no_log_are_no_error() -> None:
    empty = np.zeros(0)
    log = Log.of(empty.astype(int), empty.astype(int), empty, empty, n_users=0, n_items=1)
    assert fit_long_term(log, ItemSide.bare(1)).score([NOBODY]).shape == (1, 1)
    assert fit_popularity_now(log, ItemSide.bare(1)).score([NOBODY]).shape == (1, 1)
