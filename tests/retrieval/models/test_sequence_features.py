"""Features of items, read off a catalog whose values are known."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from retrieval.items import Catalog
from retrieval.models.sequence_features import item_features, stacked
from tests.fakes import tea_catalog


def test_each_part_has_a_mean_square_length_of_one():
    catalog = tea_catalog()
    texts = np.random.default_rng(0).standard_normal((len(catalog), 6)).astype(np.float32)

    plain, with_texts = item_features(catalog), item_features(catalog, texts)

    assert with_texts.shape == (len(catalog), plain.shape[1] + 6)
    assert (with_texts[:, :6] ** 2).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(with_texts[:, 6:], plain)


def test_doubles_have_the_same_features():
    features = item_features(tea_catalog())

    assert np.array_equal(features[5], features[15])
    assert not np.array_equal(features[0], features[5])


def test_an_empty_catalog_and_a_single_item_have_features():
    schema = tea_catalog().schema

    assert len(item_features(Catalog(schema, ()))) == 0
    assert np.isfinite(item_features(Catalog(schema, tea_catalog().items[:1]))).all()


def test_the_table_of_a_very_large_catalog_stays_small():
    held = csr_matrix(np.tile(np.eye(20, dtype=np.float32), (5_000, 30)))  # 100,000 items, 600 values

    features = stacked(held, np.zeros((100_000, 0), dtype=np.float32))

    assert features.shape == (100_000, 200)
