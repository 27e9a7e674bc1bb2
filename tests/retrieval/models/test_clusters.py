"""Taste clusters on planted groups of people, their prior, and their names."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.models.clusters import ClusterSettings, TasteClusters, fit
from retrieval.models.clusters_names import holds, label, load_names, name_clusters, save_names
from retrieval.models.log import Log
from tests.fakes import BLOCKS

SETTINGS = ClusterSettings(numbers=(2, 3, 4), smoothing=1.0)


def directions(log: Log) -> np.ndarray:
    """One direction per planted block of tea drinkers, a little off for each person."""
    vectors = np.eye(4, dtype=np.float32)[np.arange(log.n_users) // 10]
    return vectors + 0.05 * np.random.default_rng(1).standard_normal(vectors.shape).astype(np.float32)


@pytest.fixture(scope="module")
def log(teas: Dataset) -> Log:
    everything = Log.of_dataset(teas)
    return everything.where(everything.weights > 0)


@pytest.fixture(scope="module")
def clusters(log: Log) -> TasteClusters:
    return fit(log, directions(log), directions(log), SETTINGS)


def cluster_of_block(clusters: TasteClusters, block: int) -> int:
    return int(clusters.place(np.eye(4, dtype=np.float32)[[block]]).argmax())


def test_the_planted_groups_are_found_and_their_number_is_picked(clusters: TasteClusters):
    clusters_found = {cluster_of_block(clusters, block) for block in range(3)}

    assert len(clusters) == 3
    assert clusters_found == {0, 1, 2}
    assert clusters.shares == pytest.approx([1 / 3] * 3)


def test_what_a_group_likes_is_typical_of_it(clusters: TasteClusters):
    for block, rows in enumerate(BLOCKS):
        assert set(clusters.typical(cluster_of_block(clusters, block), 4).tolist()) == set(rows)


def test_likes_are_counted_by_hand(clusters: TasteClusters, log: Log):
    liked = (log.items == 0) & (log.weights > 0)

    assert clusters.likes[cluster_of_block(clusters, 0), 0] == liked.sum()


def test_people_are_placed_softly_and_strangers_by_the_shares(clusters: TasteClusters):
    between = np.asarray([[0.5, 0.5, 0, 0], [0, 0, 0, 0]], dtype=np.float32)

    placed = clusters.place(between)

    assert placed.sum(axis=1) == pytest.approx([1, 1])
    assert placed[0, cluster_of_block(clusters, 0)] > placed[0, cluster_of_block(clusters, 2)]
    assert placed[1] == pytest.approx(clusters.shares)


def test_the_prior_of_a_group_prefers_what_it_takes_and_leaves_unrated_items_out(clusters: TasteClusters):
    prior = clusters.prior(clusters.place(np.eye(4, dtype=np.float32)[[1]]))[0]

    assert set(np.argsort(-prior)[:4].tolist()) == set(BLOCKS[1])
    assert np.isneginf(prior[12:]).all()
    assert np.exp(prior).sum() == pytest.approx(1, abs=1e-5)


def test_clusters_survive_a_trip_to_disk(clusters: TasteClusters, tmp_path: Path):
    clusters.save(tmp_path)

    loaded = TasteClusters.load(tmp_path)

    assert np.array_equal(loaded.place(np.eye(4, dtype=np.float32)), clusters.place(np.eye(4, dtype=np.float32)))
    assert loaded.evidence == clusters.evidence


@pytest.mark.parametrize("n_users", [0, 1, 2])
def test_few_people_are_one_cluster(n_users: int):
    users = np.arange(n_users)
    log = Log.of(users, users * 0, np.ones(n_users), np.zeros(n_users), n_users=n_users, n_items=1)

    clusters = fit(log, np.ones((n_users, 2), np.float32), np.zeros((n_users, 2), np.float32))

    assert len(clusters) == 1
    assert clusters.place(np.zeros((1, 2), np.float32)).tolist() == [[1.0]]
    assert not np.isnan(clusters.prior(np.ones((1, 1), np.float32))).any()


def test_a_cluster_is_named_by_the_values_that_set_it_apart(clusters: TasteClusters, teas: Dataset):
    names = name_clusters(clusters, teas.catalog)

    assert [("kinds", kind) in names[cluster_of_block(clusters, block)] for block, kind in enumerate(KINDS)] == [
        True
    ] * 3
    assert len(set(names)) == 3
    assert not any(field == "growers" for name in names for field, _ in name)


KINDS = ("Green", "Black", "Oolong")


def test_an_item_holds_its_values_and_its_decade(teas: Dataset):
    mist = teas.catalog.items[0]

    held = [
        holds(mist, fact) for fact in (("kinds", "Green"), ("year", "1990s"), ("kinds", "Black"), ("year", "1980s"))
    ]

    assert held == [True, True, False, False]


def test_a_name_is_picked_from_those_offered_only(clusters: TasteClusters, teas: Dataset):
    offered: list[list[str]] = []

    def last(words):
        offered.append(list(words))
        return words[-1]

    picked = name_clusters(clusters, teas.catalog, last)

    assert [label(facts, teas.catalog) for facts in picked] == [words[-1] for words in offered]
    assert name_clusters(clusters, teas.catalog, lambda _: "Best teas ever") == name_clusters(clusters, teas.catalog)


def test_a_name_reads_in_the_language_of_the_schema(teas: Dataset):
    name = (("kinds", "Green"), ("year", "1990s"), ("gone", "x"))

    assert label(name, teas.catalog) == "Green, 1990s, x"
    assert label(name, teas.catalog, "zh") == "Green、1990年代、x"


def test_names_survive_a_trip_to_disk_and_are_counted(tmp_path: Path):
    names = ((("kinds", "绿"),), ())
    save_names(tmp_path, names)

    assert load_names(tmp_path, 2) == names
    with pytest.raises(IndexMissingError, match="2 names instead of 3"):
        load_names(tmp_path, 3)
