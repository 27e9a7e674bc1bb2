"""Limits on numbers in words, English and Chinese."""

import pytest

from agent.drivers.offline.numbers import find_numbers
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tests.agent.films import film_catalog
from tests.fakes import tea_catalog


def measured() -> Catalog:
    fields = (("year", "year"), ("runtime", "min"), ("rating", ""))
    specs = tuple(FieldSpec(name=name, kind=FieldKind.NUMBER, label={"en": name}, unit=unit) for name, unit in fields)
    items = ({"year": 1950.0, "runtime": 80.0, "rating": 1.0}, {"year": 2020.0, "runtime": 240.0, "rating": 9.5})
    return Catalog(
        CatalogSchema(name="x", fields=specs),
        tuple(Item(str(row), "X", {}, numbers) for row, numbers in enumerate(items)),
    )


def limits(text: str, catalog: Catalog) -> list[str]:
    return sorted(f"{spot.field}:{spot.op}:{spot.value:g}" for spot in find_numbers(text, catalog) if spot.field)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("something after 1990", ["year:min:1991"]),
        ("newer than 1990", ["year:min:1991"]),
        ("since 1990", ["year:min:1990"]),
        ("1990 or later", ["year:min:1990"]),
        ("from 1994 on", ["year:min:1994"]),
        ("not older than 1990", ["year:min:1990"]),
        ("nothing before 1960", ["year:min:1960"]),
        ("before 1990", ["year:max:1989"]),
        ("older than 1990", ["year:max:1989"]),
        ("until 1990", ["year:max:1990"]),
        ("no newer than 1990", ["year:max:1990"]),
        ("nothing made after 2005", ["year:max:2005"]),
        ("pre-1950", ["year:max:1949"]),
        ("from 1994", ["year:is:1994"]),
        ("made in 1994", ["year:is:1994"]),
        ("1994", ["year:is:1994"]),
        ("between 1980 and 1995", ["year:max:1995", "year:min:1980"]),
        ("from 1995 to 1980", ["year:max:1995", "year:min:1980"]),
        ("1980-1985", ["year:max:1985", "year:min:1980"]),
        ("from the 90s", ["year:max:1999", "year:min:1990"]),
        ("the 1940s", ["year:max:1949", "year:min:1940"]),
        ("the late 80s", ["year:max:1989", "year:min:1985"]),
        ("aus den 80ern", ["year:max:1989", "year:min:1980"]),
        ("aus den 1990er-Jahren", ["year:max:1999", "year:min:1990"]),
        ("de los años 80", ["year:max:1989", "year:min:1980"]),
        ("des années 1970", ["year:max:1979", "year:min:1970"]),
        ("90년대", ["year:max:1999", "year:min:1990"]),
        ("an eighties one", ["year:max:1989", "year:min:1980"]),
        ("a film noir from the forties", ["year:max:1949", "year:min:1940"]),
        ("before the 70s", ["year:max:1969"]),
        ("since the eighties", ["year:min:1980"]),
        ("after the sixties", ["year:min:1970"]),
        ("the 2000s", ["year:max:2009", "year:min:2000"]),
        ("from this century", ["year:min:2000"]),
        ("1990年以后的", ["year:min:1990"]),
        ("2000年之前", ["year:max:1999"]),
        ("1994年的", ["year:is:1994"]),
        ("九十年代的", ["year:max:1999", "year:min:1990"]),
        ("80年代", ["year:max:1989", "year:min:1980"]),
        ("八九十年代", ["year:max:1999", "year:min:1980"]),
        ("八十年代以前", ["year:max:1979"]),
        ("1980到1990年之间", ["year:max:1990", "year:min:1980"]),
        ("1990年以前的不要", ["year:min:1990"]),
        ("不要2009年以后的", ["year:max:2009"]),
        ("d'avant 1970", ["year:max:1969"]),
        ("nothing about years here", []),
        ("room 1408 is not a year", []),
        ("in 1066 words", []),
    ],
)
def test_years_in_words_are_limits(text: str, expected: list[str]):
    assert limits(text, film_catalog()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under 130 minutes", ["runtime:max:130"]),
        ("no longer than 130 minutes", ["runtime:max:130"]),
        ("not over 2 hours", ["runtime:max:120"]),
        ("under two hours", ["runtime:max:120"]),
        ("longer than 2 hours", ["runtime:min:120"]),
        ("within an hour and a half", ["runtime:max:90"]),
        ("90 to 100 min", ["runtime:max:100", "runtime:min:90"]),
        ("between 90 and 120 minutes", ["runtime:max:120", "runtime:min:90"]),
        ("不超过90分钟", ["runtime:max:90"]),
        ("两个半小时以内", ["runtime:max:150"]),
        ("最多两个小时", ["runtime:max:120"]),
        ("at least 6.5", ["rating:min:6.5"]),
        ("rated above 8", ["rating:min:8"]),
        ("评分高于8", ["rating:min:8"]),
        ("at least 3 of them", []),
        ("in two hours", []),
    ],
)
def test_quantities_bound_the_field_that_has_their_unit_the_right_way_round(text: str, expected: list[str]):
    assert limits(text, measured()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under 20 EUR", ["price:max:20"]),
        ("less than 12.50 EUR", ["price:max:12.5"]),
        ("at least 10 EUR", ["price:min:10"]),
        ("15 EUR or less", ["price:max:15"]),
        ("no more than 20 euros", ["price:max:20"]),
        ("under $20", ["price:max:20"]),
        ("price below 15", ["price:max:15"]),
        ("20 of them", []),
    ],
)
def test_every_number_field_of_a_schema_can_be_bounded(text: str, expected: list[str]):
    assert limits(text, tea_catalog()) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a book under 200 pages", ["under 200 pages"]),
        ("rated above 8", ["rated above 8"]),
        ("under $20", ["under $20"]),
        ("one of two years ago, after 1990, the 39 steps", []),
    ],
)
def test_an_amount_that_no_field_knows_has_no_field(text: str, words: list[str]):
    assert [spot.words for spot in find_numbers(text, film_catalog()) if not spot.field] == words
