"""A fusion learned on planted data: pairs that are always taken one after the other must be found."""

import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import IndexMissingError
from retrieval.fusion.others.attention import AttentionModel, AttentionSettings
from retrieval.fusion.others.fused import FusedModel, FusionSettings, fit_fusion
from retrieval.fusion.others.multitask import MultiTaskSettings
from retrieval.fusion.others.ranker import RankerModel, RankerSettings
from retrieval.models.features import Dimension, ItemSide
from retrieval.models.log import Log, Profile

N_ITEMS = 40
SMALL = FusionSettings(
    members=("ease", "ease_liked", "transitions", "sessions", "trend"),
    pool=20,
    ranker=RankerSettings(trees=30, seeds=1, least_in_leaf=20),
    attention=AttentionSettings(epochs=3, seeds=1),
    multitask=MultiTaskSettings(epochs=3, seeds=1),
)


def planted(n_users: int = 120, seed: int = 0) -> Log:
    """Everyone takes pairs (0, 1), (2, 3) ... at random, the second always right after the first."""
    rng = np.random.default_rng(seed)
    users, items = [], []
    for user in range(n_users):
        firsts = rng.permutation(N_ITEMS // 2)[:6] * 2
        users += [user] * 12
        items += [item + step for item in firsts.tolist() for step in (0, 1)]
    weights = np.where(np.asarray(items) % 4 < 2, 1.0, -0.5)
    times = np.tile(np.arange(12) * 100.0, n_users) + 1e9
    return Log.of(np.asarray(users), np.asarray(items), weights, times, n_users=n_users, n_items=N_ITEMS)


@pytest.fixture(scope="module")
def fused() -> FusedModel:
    return fit_fusion(planted(), ItemSide.bare(N_ITEMS), SMALL)


def profiles_before_pairs(n: int = 30) -> tuple[list[Profile], np.ndarray]:
    """People whose last interaction is the first of a pair, and the second of it."""
    profiles = [profile.head(len(profile) - 1) for profile in planted(n, seed=7).profiles()]
    return profiles, np.asarray([int(profile.items[-1]) + 1 for profile in profiles])


@pytest.mark.parametrize(
    "name", ["weighted", "reciprocal_rank", "votes", "cascade", "ranker", "attention", "multitask"]
)
def test_every_strategy_finds_the_planted_pair(fused: FusedModel, name: str) -> None:
    profiles, targets = profiles_before_pairs()
    scores = fused.using(name).score(profiles)
    assert scores.shape == (len(profiles), N_ITEMS)
    assert (scores.argmax(axis=1) == targets).mean() > 0.8
    for line, profile in zip(scores, profiles, strict=True):
        assert not np.isfinite(line[profile.items]).any()
        assert np.isfinite(np.delete(line, profile.items)).all()


def test_it_survives_the_disk(fused: FusedModel, tmp_path: Path) -> None:
    fused.save(tmp_path)
    again = FusedModel.load(tmp_path, fused.side)
    profiles, _ = profiles_before_pairs(5)
    for name in fused.strategies:
        np.testing.assert_allclose(again.using(name).score(profiles), fused.using(name).score(profiles), rtol=1e-4)
    with pytest.raises(IndexMissingError, match="another catalog"):
        FusedModel.load(tmp_path, ItemSide.bare(N_ITEMS + 1))
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    with pytest.raises(IndexMissingError):
        FusedModel.load(tmp_path, fused.side)


def test_attention_and_shares_add_up(fused: FusedModel) -> None:
    profiles, targets = profiles_before_pairs(5)
    features = fused.features(profiles, np.stack([targets, (targets + 7) % N_ITEMS], axis=1))
    net = fused.strategies["attention"]
    assert isinstance(net, AttentionModel)
    np.testing.assert_allclose(net.attention(features).sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(net.parts(features).sum(axis=2), net.rank(features), rtol=1e-4)
    assert set(net.dimensions) == {Dimension.SENTIMENT, Dimension.TIMELINESS, Dimension.COLLABORATIVE}
    trees = fused.strategies["ranker"]
    assert isinstance(trees, RankerModel)
    apart = trees.rank(features)[:, 0] - trees.rank(features)[:, 1]
    told = trees.shares(features).sum(axis=2)
    np.testing.assert_allclose(told[:, 0] - told[:, 1], apart, rtol=1e-3, atol=1e-3)


def test_nobody_gets_what_most_people_took(fused: FusedModel) -> None:
    nobody = Profile(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0))
    counts = fused.facts.counts
    assert counts[int(fused.score([nobody])[0].argmax())] == counts.max()


def test_nothing_known_is_no_error(fused: FusedModel) -> None:
    nobody = Profile(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0))
    scores = fused.score([nobody])
    assert scores.shape == (1, N_ITEMS)
    assert np.isfinite(scores).any()
    assert fused.score([]).shape == (0, N_ITEMS)


@pytest.mark.parametrize("n_items", [1, 5])
def test_too_little_to_learn_from_falls_back_with_a_notice(n_items: int) -> None:
    empty = np.zeros(0)
    log = Log.of(empty.astype(int), empty.astype(int), empty, empty, n_users=0, n_items=n_items)
    fused = fit_fusion(log, ItemSide.bare(n_items), SMALL)
    assert "weighted sum" in fused.notices[0]
    assert fused.strategy.name == "weighted"
    profile = Profile(np.asarray([0]), np.asarray([1.0], np.float32), np.asarray([0.0]))
    assert not np.isnan(fused.score([profile])).any()


def test_equal_ratings_and_no_times() -> None:
    log = planted(80)
    flat = Log(log.users, log.items, np.zeros_like(log.weights), np.zeros_like(log.times), log.n_users, log.n_items)
    scores = fit_fusion(flat, ItemSide.bare(N_ITEMS), SMALL).score(list(flat.profiles())[:3])
    assert not np.isnan(scores).any()


def test_it_learns_from_the_given_log_alone() -> None:
    """The same log gives the same scores, and what was cut off is not looked at: it is not there."""
    early = planted(80).without_last(2)
    profiles = list(early.profiles())[:4]
    one, again = (fit_fusion(early, ItemSide.bare(N_ITEMS), SMALL).score(profiles) for _ in range(2))
    np.testing.assert_array_equal(one, again)


def test_without_lightgbm_the_next_best_serves_and_a_notice_says_what_to_install(
    fused: FusedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused.using("ranker").save(tmp_path)
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    again = FusedModel.load(tmp_path, fused.side)

    assert again.strategy.name == "attention"
    assert "libgomp1" in again.notices[0]
    few = FusionSettings(members=("ease", "trend"), strategies=("ranker",), pool=20)
    new = fit_fusion(planted(), ItemSide.bare(N_ITEMS), few)
    assert new.strategy.name == "weighted"
    assert "libgomp1" in new.notices[0]


def test_very_many_items_with_hardly_an_interaction() -> None:
    rows = np.asarray([5, 99_999, 70_000])
    log = Log.of(np.asarray([0, 0, 1]), rows, np.ones(3), np.asarray([1.0, 2.0, 3.0]), n_users=2, n_items=100_000)

    fused = fit_fusion(log, ItemSide.bare(100_000), SMALL)

    scores = fused.score(list(log.profiles()))
    assert scores.shape == (2, 100_000)
    assert not np.isnan(scores).any()
