"""How typical items are of their values: planted worlds in which the right answer is known beforehand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.items import Catalog, Item
from retrieval.models.typicality import LEAST, Typicality, build_typicality, fit, open_typicality
from retrieval.settings import RetrievalSettings
from tests.fakes import tea_schema

SMOKY, MILD, ODD = range(20), range(20, 40), range(40, 44)
NOBODY_LIKES = csr_matrix((0, 44), dtype=np.float32)


@pytest.fixture
def catalog() -> Catalog:
    """Twenty black teas, twenty green ones, and four that are black in name alone."""
    kinds = {"Black": (*SMOKY, *ODD), "Green": MILD}
    of = {row: kind for kind, rows in kinds.items() for row in rows}
    return Catalog(tea_schema(), tuple(Item(f"tea:{row}", f"Tea {row}", {"kinds": (of[row],)}) for row in range(44)))


def likeness(rows: range) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(scale=0.3, size=(44, 8)).astype(np.float32)
    vectors[list(SMOKY), 0] += 1
    vectors[list(MILD), 1] += 1
    vectors[list(rows), 1] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_an_item_that_reads_like_another_kind_is_hardly_typical(catalog: Catalog) -> None:
    rows, shares = Typicality(catalog, fit(catalog, likeness(ODD), NOBODY_LIKES)).of("kinds", "black")

    by_row = dict(zip(rows.tolist(), shares.tolist(), strict=True))
    assert max(by_row[row] for row in ODD) < min(sorted(by_row[row] for row in SMOKY)[4:])
    assert all(0 < share < 1 for share in by_row.values())


def test_who_likes_it_with_what_tells_too(catalog: Catalog) -> None:
    likes = np.zeros((30, 44), dtype=np.float32)
    likes[:15, list(SMOKY)] = np.random.default_rng(1).random((15, 20)) < 0.6
    likes[15:, [*MILD, *ODD]] = np.random.default_rng(2).random((15, 24)) < 0.6

    rows, shares = Typicality(catalog, fit(catalog, None, csr_matrix(likes))).of("kinds", "Black")

    by_row = dict(zip(rows.tolist(), shares.tolist(), strict=True))
    assert np.mean([by_row[row] for row in ODD]) < np.mean([by_row[row] for row in SMOKY]) - 0.2


def test_of_few_nothing_is_learned_and_of_unknown_values_nothing_is_said(catalog: Catalog) -> None:
    rare = tuple(
        Item(item.item_id, item.title, {**item.values, "notes": ("tar",)} if row < LEAST - 1 else item.values)
        for row, item in enumerate(catalog)
    )
    typicality = Typicality(
        Catalog(catalog.schema, rare), fit(Catalog(catalog.schema, rare), likeness(ODD), NOBODY_LIKES)
    )

    assert typicality.of("notes", "tar")[1].tolist() == [0.5] * (LEAST - 1)
    assert len(typicality.of("notes", "gone")[0]) == 0


def test_what_is_stated_comes_before_what_is_learned(catalog: Catalog) -> None:
    main, slight = ODD[0], SMOKY[3]
    items = list(catalog)
    items[main], items[slight] = replace(items[main], main=("Black",)), replace(items[slight], slight=("Black",))
    stated = Catalog(catalog.schema, tuple(items))

    learned, found = (
        dict(
            zip(
                *(
                    column.tolist()
                    for column in Typicality(one, fit(one, likeness(ODD), NOBODY_LIKES)).of("kinds", "Black")
                ),
                strict=True,
            )
        )
        for one in (catalog, stated)
    )

    others = {*SMOKY, *ODD} - {main, slight}
    assert learned[main] < learned[slight]
    assert found[main] >= 2 / 3 > 1 / 3 >= found[slight]
    assert {row: found[row] for row in others} == {row: learned[row] for row in others}


def test_fields_of_which_nothing_is_stated_stay_as_learned(catalog: Catalog) -> None:
    items = tuple(replace(item, values={**item.values, "notes": ("smoky",)}) for item in catalog)
    plain = Catalog(catalog.schema, items)
    stated = Catalog(catalog.schema, tuple(replace(item, slight=item.values["kinds"]) for item in items))

    learned, found = (
        Typicality(one, fit(one, likeness(ODD), NOBODY_LIKES)).of("notes", "smoky")[1] for one in (plain, stated)
    )

    assert found.tolist() == learned.tolist()
    assert found.max() > 2 / 3


def test_within_a_band_items_stay_in_the_order_that_was_learned(catalog: Catalog) -> None:
    stated = Catalog(catalog.schema, tuple(replace(item, main=item.values["kinds"]) for item in catalog))

    learned, found = (
        Typicality(one, fit(one, likeness(ODD), NOBODY_LIKES)).of("kinds", "Black")[1] for one in (catalog, stated)
    )

    assert found.argsort(kind="stable").tolist() == learned.argsort(kind="stable").tolist()
    assert found.min() > 0.5


def test_what_is_built_is_opened_for_the_same_data_alone(catalog: Catalog, tmp_path: Path) -> None:
    settings = RetrievalSettings(data_dir=tmp_path, encoder="hash")
    with pytest.raises(IndexMissingError):
        open_typicality(Dataset(catalog), settings)

    build_typicality(Dataset(catalog), settings)

    assert len(open_typicality(Dataset(catalog), settings).of("kinds", "Green")[0]) == len(MILD)
    with pytest.raises(IndexMissingError):
        open_typicality(Dataset(Catalog(catalog.schema, catalog.items[:9])), settings)
