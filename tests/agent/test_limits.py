"""Number limits in words, English and Chinese."""

import pytest

from agent.limits import find_limits, find_unmet
from retrieval.items import Catalog
from tests.fakes import tea_schema


def keys(text: str, schema) -> list[str]:
    return sorted(one.constraint.key for one in find_limits(text, schema))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("something after 1990", ["year:min:1991"]),
        ("newer than 1990", ["year:min:1991"]),
        ("since 1990", ["year:min:1990"]),
        ("1990 or later", ["year:min:1990"]),
        ("not older than 1990", ["year:min:1990"]),
        ("nothing before 1960", ["year:min:1960"]),
        ("before 1990", ["year:max:1989"]),
        ("older than 1990", ["year:max:1989"]),
        ("until 1990", ["year:max:1990"]),
        ("no newer than 1990", ["year:max:1990"]),
        ("pre-1950", ["year:max:1949"]),
        ("from 1994", ["year:is:1994"]),
        ("made in 1994", ["year:is:1994"]),
        ("between 1980 and 1995", ["year:max:1995", "year:min:1980"]),
        ("from 1995 to 1980", ["year:max:1995", "year:min:1980"]),
        ("1980-1985", ["year:max:1985", "year:min:1980"]),
        ("from the 90s", ["year:max:1999", "year:min:1990"]),
        ("the 1940s", ["year:max:1949", "year:min:1940"]),
        ("an eighties one", ["year:max:1989", "year:min:1980"]),
        ("before the 70s", ["year:max:1969"]),
        ("since the eighties", ["year:min:1980"]),
        ("after the sixties", ["year:min:1970"]),
        ("the 2000s", ["year:max:2009", "year:min:2000"]),
        ("1990年以后的", ["year:min:1990"]),
        ("2000年之前", ["year:max:1999"]),
        ("1994年的", ["year:is:1994"]),
        ("九十年代的", ["year:max:1999", "year:min:1990"]),
        ("80年代", ["year:max:1989", "year:min:1980"]),
        ("八十年代以前", ["year:max:1979"]),
        ("1980到1990年之间", ["year:max:1990", "year:min:1980"]),
        ("nothing about years here", []),
        ("room 1408 is not a year", []),
        ("seven good ones", []),
        ("in 1066 words", []),
    ],
)
def test_years(text: str, expected: list[str], films: Catalog):
    assert keys(text, films.schema) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under 20 EUR", ["price:max:20"]),
        ("less than 12.50 EUR", ["price:max:12.5"]),
        ("at least 10 EUR", ["price:min:10"]),
        ("price below 15", []),
        ("15 EUR or less", ["price:max:15"]),
        ("不超过20 EUR", ["price:max:20"]),
        ("20 of them", []),
    ],
)
def test_quantities_need_their_unit(text: str, expected: list[str]):
    assert keys(text, tea_schema()) == expected


def test_a_limit_keeps_the_words_it_rests_on(films: Catalog):
    (found,) = find_limits("a comedy after 1990, please", films.schema)

    assert found.constraint.words == "after 1990"
    assert "a comedy after 1990, please"[found.start : found.end] == "after 1990"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a thriller under 2 hours", ["under 2 hours"]),
        ("at most 90 minutes, please", ["at most 90 minutes"]),
        ("a two-hour one", ["two-hour"]),
        ("两小时以内的喜剧", ["两小时以内"]),
        ("rated above 8", ["rated above 8"]),
        ("PG-13 please", ["PG-13"]),
        ("under $20", ["under $20"]),
        ("one of two years ago, after 1990, the 39 steps", []),
    ],
)
def test_an_amount_that_no_field_knows_is_found(films: Catalog, text: str, words: list[str]):
    assert [one for _, _, one in find_unmet(text, films.schema)] == words


def test_an_amount_that_a_field_knows_is_a_limit_and_not_unmet():
    schema = tea_schema()
    spec = next(one for one in schema.fields if one.kind == "number" and one.unit != "year")

    assert find_limits(f"under 5 {spec.unit}", schema)
    assert find_unmet(f"under 5 {spec.unit}", schema) == []
