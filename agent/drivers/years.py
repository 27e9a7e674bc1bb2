"""The years that words of a message stand for, in any language: '85', 'den 90ern', 'anni ottanta', '19世紀'."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from retrieval.spans import Span

FIRST_YEAR, LAST_YEAR = 1880, 2049
THIS_CENTURY: Final = 30
"""Two digits below this are of the 21st century."""
LEAST_DECADE: Final = 20
TEN: Final = 10
CENTURY = re.compile(
    r"centur|世纪|世紀|세기|siècle|jahrhundert|secol|siglo|século|eeuw|wiek|век|столет|yüzyıl", re.IGNORECASE
)
DECADE = re.compile(
    r"^\d+\s?['’]?(?:s\b|e?r[ns]?\b|年代|년대)|decad|década|décenn|jahrzehnt|decenni|десятилет", re.IGNORECASE
)
"""What makes a round year a decade."""
ROMAN: Final = {"xviii": 18, "xix": 19, "xx": 20, "xxi": 21}


def years_of(words: str) -> Span | None:
    """The first and the last year that words stand for; None where they name none.

    Args:
        words: What was said: 'den 90ern', '1985', 'ochenta'.
    """
    said = words.casefold()
    number = re.search(r"(?<!\d)\d{1,4}(?!\d)", said)
    digits = int(number[0]) if number else 0
    if CENTURY.search(said):
        century = digits or next((ROMAN[word] for word in re.findall(r"[xvi]+", said) if word in ROMAN), 0)
        return Span(100.0 * (century - 1), 100.0 * century - 1) if century else None
    if FIRST_YEAR <= digits <= LAST_YEAR:
        is_decade = digits % TEN == 0 and number is not None and DECADE.search(said[number.start() :])
        return Span(digits, digits + TEN - 1) if is_decade else Span(digits, digits)
    if number and len(number[0]) == 2:
        year = digits + (2000 if digits < THIS_CENTURY else 1900)
        return Span(year, year + TEN - 1) if digits % TEN == 0 and digits >= LEAST_DECADE else Span(year, year)
    starts = [decade for decade, stem in _stems() if re.search(rf"(?<!\w){re.escape(stem)}", said)]
    return Span(1900.0 + starts[0], 1909.0 + starts[0]) if starts and not number else None


@cache
def _stems() -> list[tuple[int, str]]:
    """(decade, beginning of a word), the longest first."""
    table = tomllib.loads(files(__package__).joinpath("decades.toml").read_text(encoding="utf-8"))
    return sorted(
        ((int(decade), stem) for decade, stems in table.items() for stem in stems), key=lambda one: -len(one[1])
    )
