"""Years in the words of many languages."""

import pytest

from agent.drivers.years import years_of
from retrieval.spans import Span


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("1985", 1985, 1985),
        ("85", 1985, 1985),
        ("den 90ern", 1990, 1999),
        ("70'ler", 1970, 1979),
        ("80年代", 1980, 1989),
        ("1970s", 1970, 1979),
        ("2010s", 2010, 2019),
        ("los ochenta", 1980, 1989),
        ("anni settanta", 1970, 1979),
        ("quatre-vingt-dix", 1990, 1999),
        ("девяностых", 1990, 1999),
        ("lat osiemdziesiątych", 1980, 1989),
        ("19世紀", 1800, 1899),
        ("siglo XXI", 2000, 2099),
        ("1980", 1980, 1980),
    ],
)
def test_years_are_read_in_any_language(words: str, first: float, last: float) -> None:
    assert years_of(words) == Span(first, last)


@pytest.mark.parametrize("words", ["", "antes", "3000", "7", "vermutlich", "yirminci yüzyıl", "1e9", "²²", "9" * 5000])
def test_what_names_no_year_is_none(words: str) -> None:
    assert years_of(words) is None
