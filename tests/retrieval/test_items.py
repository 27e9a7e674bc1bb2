"""The catalog: ids and rows, limits, doubles."""

import numpy as np
import pytest

from retrieval.errors import UnknownItemError
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema

SCHEMA = CatalogSchema.model_validate(
    {
        "name": "tools",
        "fields": [
            {"name": "kind", "kind": "category", "label": {"en": "kind"}},
            {"name": "brand", "kind": "entity", "label": {"en": "brand"}},
            {"name": "price", "kind": "number", "label": {"en": "price"}, "unit": "EUR"},
            {"name": "year", "kind": "number", "label": {"en": "year"}, "unit": "year"},
        ],
    }
)
ITEMS = (
    Item("drill", "Drill", values={"kind": ("power",), "brand": ("Acme",)}, numbers={"price": 90, "year": 2020}),
    Item("saw", "Saw", values={"kind": ("hand", "garden"), "brand": ("Bolt",)}, numbers={"price": 15}),
    Item("drill-2", "Drill", values={"kind": ("power",)}, numbers={"price": 95}, same_as="drill"),
    Item("mystery", "Mystery box"),
)


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(SCHEMA, ITEMS)


def test_main_values_come_first_and_slight_ones_last() -> None:
    item = Item("x", "X", values={"kind": ("a", "b", "c", "d"), "brand": ("e", "f")}, main=("c", "f"), slight=("a",))

    assert item.values == {"kind": ("c", "b", "d", "a"), "brand": ("f", "e")}
    assert item.more_than_slight("kind") == ("c", "b", "d")


def test_a_limit_holds_for_slight_values_too() -> None:
    slight = Item("x", "X", values={"kind": ("garden", "hand")}, main=("hand",), slight=("garden",))
    catalog = Catalog(SCHEMA, (*ITEMS, slight))

    refused = catalog.mask((Constraint("kind", Op.NOT, ("garden",)),))

    assert [item.item_id for item, keeps in zip(catalog, refused, strict=True) if keeps] == [
        "drill",
        "drill-2",
        "mystery",
    ]
    assert catalog.satisfies(slight, Constraint("kind", Op.IS, ("garden",)))


def test_ids_and_rows_convert_both_ways(catalog: Catalog) -> None:
    assert [catalog.row(item.item_id) for item in catalog] == [0, 1, 2, 3]
    assert catalog.rows(["saw", "gone", "drill"]).tolist() == [1, 0]


def test_unknown_id_is_an_error_that_says_so(catalog: Catalog) -> None:
    with pytest.raises(UnknownItemError, match="no item 'gone' in the catalog"):
        catalog.item("gone")


@pytest.mark.parametrize(
    ("constraint", "kept"),
    [
        (Constraint("kind", Op.IS, ("POWER",)), ["drill", "drill-2"]),
        (Constraint("kind", Op.IS, ("hand", "power")), ["drill", "saw", "drill-2"]),
        (Constraint("kind", Op.NOT, ("power",)), ["saw", "mystery"]),
        (Constraint("price", Op.MAX, (90,)), ["drill", "saw"]),
        (Constraint("price", Op.MIN, (90,)), ["drill", "drill-2"]),
        (Constraint("price", Op.IS, (15, 95)), ["saw", "drill-2"]),
        (Constraint("price", Op.NOT, (15,)), ["drill", "drill-2", "mystery"]),
        (Constraint("brand", Op.IS, ("nobody",)), []),
        (Constraint("color", Op.IS, ("red",)), []),
        (Constraint("color", Op.NOT, ("red",)), ["drill", "saw", "drill-2", "mystery"]),
        (
            Constraint("kind", Op.NOT, ("power",), unless=(Constraint("price", Op.MIN, (92,)),)),
            ["saw", "drill-2", "mystery"],
        ),
        (
            Constraint("price", Op.MAX, (90,), unless=(Constraint("kind", Op.IS, ("power",)),)),
            ["drill", "saw", "drill-2"],
        ),
    ],
)
def test_limits_keep_the_right_items_one_by_one_and_as_a_mask(
    catalog: Catalog, constraint: Constraint, kept: list[str]
) -> None:
    mask = catalog.mask([constraint])

    assert [item.item_id for item, keep in zip(catalog, mask, strict=True) if keep] == kept
    assert [item.item_id for item in catalog if catalog.satisfies(item, constraint)] == kept


def test_several_limits_hold_together(catalog: Catalog) -> None:
    mask = catalog.mask([Constraint("kind", Op.IS, ("power",)), Constraint("price", Op.MIN, (92,))])

    assert np.flatnonzero(mask).tolist() == [2]


def test_doubles_are_known_from_both_sides(catalog: Catalog) -> None:
    assert catalog.double_of("drill") == catalog.double_of("drill-2") == {"drill", "drill-2"}
    assert catalog.double_of("saw") == {"saw"}


def test_label_carries_the_year_where_it_is_known(catalog: Catalog) -> None:
    assert [item.label for item in catalog] == ["Drill (2020)", "Saw", "Drill", "Mystery box"]


def test_values_and_bounds_describe_the_catalog(catalog: Catalog) -> None:
    assert catalog.values("kind") == {"power": 2, "hand": 1, "garden": 1}
    assert catalog.bounds("price") == (15.0, 95.0)
    assert catalog.bounds("color") is None
    assert Catalog(SCHEMA, (ITEMS[3],)).bounds("price") is None


def test_empty_catalog_works() -> None:
    empty = Catalog(SCHEMA, ())

    assert (len(empty), empty.find_title("Drill"), empty.mask([]).shape) == (0, [], (0,))


@pytest.mark.parametrize(
    ("field", "value", "language", "words"),
    [
        ("year", "1993..1995", "en", "1993–1995"),
        ("year", "..1992", "en", "1992 and before"),
        ("year", "1996..", "zh", "1996年及以后"),
        ("price", "10..20", "en", "10–20 EUR"),
        ("price", "..10", "zh", "10EUR以下"),
        ("price", "20..", "en", "20 EUR and more"),
        ("year", "1996..1996", "en", "1996"),
        ("year", "1996", "en", "1996"),
        ("kind", "1..2", "en", "1..2"),
    ],
)
def test_a_span_of_numbers_is_said_in_words(field: str, value: str, language: str, words: str) -> None:
    assert SCHEMA.field(field).value_in(value, language) == words
