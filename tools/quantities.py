"""Numbers and spans of them out of what a model wrote: '90 min', '7,5', '1,200', '1990s', '10 to 15'."""

import re
from collections.abc import Sequence
from typing import Final

from retrieval.certificates import certificate_age
from retrieval.schema import SUITS_FROM, FieldSpec
from retrieval.spans import Span
from retrieval.units import HAN, in_digits, in_unit, kind_of, read_quantity

NUMBER = r"(?:(?<!\w)-)?(?:[1-9]\d{0,2}(?:[,'’\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
FIRST = re.compile(NUMBER)
GROUPS = re.compile(r"[,'’\u00a0\u202f](?=\d{3}(?!\d))")
"""What stands between the thousands."""
BETWEEN = re.compile(
    rf"\D*?(?P<low>{NUMBER})[^\d\s]*\s*(?:-|–|—|~|\.\.|\bto\b|\band\b)\s*(?P<high>{NUMBER})\D*", re.IGNORECASE
)
DECADE = re.compile(r"(?:the |early |mid[- ]?|late |')*(?P<decade>\d{3}|\d)0(?: ?['’]?s|年代)", re.IGNORECASE)
SHARE = re.compile(r"(?:/|\bout of|\bof|\bvon|\bsur)\s*(?P<of>\d+)\b|%")
"""'4/5', '4 out of 5 stars', '80 %'."""
PARTS = re.compile(r"\d\s?(?:h|hours?|std|stunden?|heures?|horas?|小时|時間)\b.*\d", re.IGNORECASE)
"""Hours and minutes of one duration, which are no span."""
OLDEST_SHORT_DECADE = 2
"""'20s' to '90s' are of the 20th century, '00s' and '10s' of the 21st."""
TENS: Final = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
OF_DECADE: Final = {"early": (0, 4), "mid": (3, 6), "late": (5, 9), "": (0, 9)}
CALLED: Final = {"rating": "score", "score": "score", "rated": "score", "price": "money"}
"""Fields without a unit that are told by their names."""
MOST_YEARS = 200
"""So many years one by one are still a limit; more are a slip."""


def read_number(said: str | float) -> float | None:
    """A number out of a value: 1990, '1990', '7,5', '1,200', '90 min'; None where there is none."""
    if isinstance(said, int | float):
        return float(said)
    match = FIRST.search(said)
    return None if match is None else _number(match.group())


def read_span(said: str | float, *, is_year: bool) -> Span | None:
    """The numbers that a value stands for: '10 to 15', '1990s' of a year; a single number is its own span."""
    text = said.strip() if isinstance(said, str) else ""
    if is_year and (decade := read_decade(text)):
        return decade
    if between := BETWEEN.fullmatch(text):
        low, high = _number(between["low"]), _number(between["high"])
        if is_year and high < 100 <= low:
            high += low // 100 * 100
        return Span(low, high) if low <= high else None
    number = read_number(said)
    return None if number is None else Span(number, number)


def read_of(said: str | float, spec: FieldSpec) -> Span | None:
    """The numbers that a value stands for in a field's own unit: '1h30' as minutes, '4 of 5 stars' on its scale."""
    if not isinstance(said, str) or spec.unit == "year":
        return read_span(said, is_year=spec.unit == "year")
    if spec.role == SUITS_FROM and (age := certificate_age(said)) is not None:
        return Span(age, age)
    quantity = read_quantity(said)
    if quantity is None:
        return None
    share = SHARE.search(said) if spec.scale else None
    if share is not None and spec.scale:
        number = (read_number(in_digits(said)) or 0.0) / float(share["of"] or 100) * spec.scale[1]
        return Span(number, number)
    placed, digits = in_unit(quantity, spec.unit), in_digits(said)
    if placed is None:
        return None
    span = None if PARTS.search(digits) else read_span(digits, is_year=False)
    if span is None or span.low == span.high or kind_of(quantity.unit) not in ("", kind_of(spec.unit)):
        return Span(placed, placed)
    unit_size = in_unit(quantity._replace(value=1.0), spec.unit) or 1.0
    size = placed / span.high if kind_of(quantity.unit) == "duration" else unit_size  # 'from 1 to 2 hours', of minutes
    return Span(span.low * size, span.high * size)


def kind_of_field(spec: FieldSpec) -> str:
    """What kind of quantity a number field holds: 'year', 'score', 'duration' ...; '' for one of its own."""
    kind = "score" if spec.scale else "year" if spec.unit == "year" else kind_of(spec.unit)
    return kind or next((CALLED[name] for name in (spec.name, *spec.words) if name in CALLED), "")


def read_years(said: str) -> Span:
    """The years of words for them: '1994', 'the late 80s', '80er', 'nineties', '八九十年代', '21st century'."""
    number, word = int((re.findall(r"\d+", said) or [0])[0]), re.search(r"[a-z]+ties$", said.lower())
    if said.endswith(("century", "世纪")):
        return Span(100.0 * ((number or 21) - 1), 100.0 * (number or 21) - 1)
    if han := re.search(r"([二三四五六七八九]{1,2})十", said):
        return Span(1900.0 + 10 * HAN[han[1][0]], 1909.0 + 10 * HAN[han[1][-1]])
    if number > 99 and not re.search("s|er|年代|년대", said):
        return Span(number, number)
    start = number if number > 99 else number + (2000 if number < 30 else 1900)
    start = 1920 + 10 * TENS.index(word[0]) if word else start
    first, last = next(ends for part, ends in OF_DECADE.items() if part in said.lower())
    return Span(start + first, start + last)


def read_decade(said: str) -> Span | None:
    """The years of '1990s', 'the 90s', '90年代'; None where it is no decade."""
    match = DECADE.fullmatch(said.strip())
    if match is None:
        return None
    digits = match["decade"]
    century = "" if len(digits) == 3 else "19" if int(digits) >= OLDEST_SHORT_DECADE else "20"
    start = float(f"{century}{digits}0")
    return Span(start, start + 9)


def joined(spans: Sequence[Span]) -> list[Span]:
    """Spans of whole numbers, lowest first, those that touch as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.low):
        if merged and span.low <= merged[-1].high + 1:
            merged[-1] = Span(merged[-1].low, max(merged[-1].high, span.high))
        else:
            merged.append(span)
    return merged


def whole_numbers(spans: Sequence[Span]) -> list[float]:
    """Every whole number of some spans; none where there are more than anybody means."""
    if sum(span.high - span.low + 1 for span in spans) > MOST_YEARS:
        return []
    return [float(number) for span in spans for number in range(int(span.low), int(span.high) + 1)]


def listed(values: Sequence[str | float]) -> list[str]:
    """Values as they are written, three and more whole numbers in a row as '1950 to 1959'."""
    spans = joined([Span(value, value) for value in values if not isinstance(value, str) and value == int(value)])
    whole = {float(number) for span in spans if span.high - span.low > 1 for number in whole_numbers([span])}
    rows = [f"{plain(span.low)} to {plain(span.high)}" for span in spans if span.high - span.low > 1]
    return [*rows, *(plain(value) for value in values if value not in whole)]


def plain(value: str | float) -> str:
    """A value as it is written: '1990' rather than '1990.0', never '1e+06'."""
    return value if isinstance(value, str) else f"{value:.15g}"


def _number(text: str) -> float:
    return float(GROUPS.sub("", text) if GROUPS.search(text) and not text.startswith("0") else text.replace(",", "."))
