"""The question beside a list is about the field that tells most apart, with a few choices, and never asked in vain."""

import numpy as np
import pytest

from retrieval.exploration.splitting import Split, best_split
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

SCHEMA = CatalogSchema(
    name="shows",
    fields=(
        FieldSpec(name="service", kind=FieldKind.CATEGORY, label={"en": "service"}, ask=True),
        FieldSpec(name="size", kind=FieldKind.CATEGORY, label={"en": "size"}, ask=True, order=("S", "M", "L")),
        FieldSpec(name="minutes", kind=FieldKind.NUMBER, label={"en": "length"}, ask=True, unit="minutes"),
        FieldSpec(name="year", kind=FieldKind.NUMBER, label={"en": "year"}, ask=True, unit="year"),
        FieldSpec(name="maker", kind=FieldKind.CATEGORY, label={"en": "maker"}),
    ),
)
SERVICES, SIZES = ("Net", "Hub", "Max"), ("L", "S")
CATALOG = Catalog(
    SCHEMA,
    tuple(
        Item(
            f"s{row}",
            f"Show {row}",
            values={"service": (SERVICES[row % 3],), "size": (SIZES[row % 5 > 2],), "maker": (f"m{row % 4}",)},
            numbers={"minutes": 60.0 + 3 * row, "year": 1990.0 + row},
        )
        for row in range(30)
    ),
)
ALL = np.ones(30, dtype=np.bool_)


@pytest.mark.parametrize(
    ("settled", "field", "choices"),
    [
        ((), "service", ("Net", "Hub", "Max")),
        (("service",), "minutes", ("..90", "90..120", "120..")),
        (("minutes", "service"), "size", ("S", "L")),
    ],
)
def test_the_field_that_splits_best_is_asked_about(settled: tuple[str, ...], field: str, choices: tuple[str, ...]):
    split = best_split(CATALOG, ALL, settled)

    assert split is not None
    assert (split.field, split.choices) == (field, choices)


def test_years_and_fields_that_nobody_is_to_be_asked_about_are_never_asked_about():
    assert best_split(CATALOG, ALL, ("minutes", "service", "size")) is None


def test_nothing_is_asked_where_all_fits_on_a_screen_or_is_alike():
    few = np.arange(30) < 7
    alike = CATALOG.mask(()) & (np.arange(30) % 3 == 0)

    assert best_split(CATALOG, few, ()) is None
    assert best_split(CATALOG, alike, ("minutes", "size")) is None


def test_the_key_names_the_field_alone():
    assert Split("service", ("a", "b"), 0.5).key == "service:"
