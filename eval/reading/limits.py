"""Limits on numbers in a text: years ('after 1990', '八十年代') and quantities ('under 300 pages')."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80,
    "nineties": 90, "二十": 20, "三十": 30, "四十": 40, "五十": 50, "六十": 60, "七十": 70, "八十": 80, "九十": 90,
}  # fmt: skip
YEAR = r"((?:18|19|20)\d{2})"
DECADE = (
    r"(?:the\s+)?(?:early\s+|mid\s+|late\s+|mid-|early-|late-)?"
    rf"(?:((?:18|19|20)\d)0['’]?s|['’]?(\d)0['’]?s|({'|'.join(word for word in DECADES if word.isascii())}))\b"
)
DECADE_CHINESE = r"(?:(?:上世纪|二十世纪)?\s*(?:(?:19|20)?(\d)0|([二三四五六七八九]十))\s*年代)(以前|之前|以后|之后)?"
BEFORE_DECADE = r"\b(before|pre|older than|earlier than|after|post|newer than|since|not before)?[\s-]*(?<![\w])"
CENTURY = r"\b(?:this|the (?:present|current|21st|twenty-first)) century\b|(?:本|这个|二十一|21)世纪"
RANGE = rf"(?:between|from|从)?\s*{YEAR}\s*年?\s*(?:-|–|to|and|until|till|through|到|至|和)\s*{YEAR}\s*年?(?:之间)?"
MORE = r"(?:more|over|above|at least|longer|bigger|minimum|min\.?|(?<!不)超过|至少|不少于|(?<!不)多于|以上)"
LESS = (
    r"(?:less|under|below|at most|up to|fewer|shorter|cheaper|maximum|max\.?|within|"
    r"不超过|不多于|最多|(?<!不)少于|低于|以内|以下)"
)
REFUSED = r"的?[^\W\d]{0,4}?(?:不要|不看|不行|免谈|不考虑|不想看)了?(?=\s*(?:$|[，。！？；,.!?;]))"
"""What turns a stretch of years in Chinese around: '1990年以前的不要'."""
YEAR_RULES: tuple[tuple[str, Op, int], ...] = (
    (rf"\b(?:nothing|none|not|no\w* \w+) (?:\w+ )?(?:after|newer than|later than)\s+{YEAR}", Op.MAX, 0),
    (rf"\b(?:nothing|none|not|no\w* \w+) (?:\w+ )?(?:before|older than|earlier than)\s+{YEAR}", Op.MIN, 0),
    (rf"\b(?:not (?:after|newer than)|no newer than|nothing (?:after|newer than)|until|up to)\s+{YEAR}", Op.MAX, 0),
    (rf"\b(?:after|later than|newer than|more recent than|past)\s+{YEAR}", Op.MIN, 1),
    (rf"\b(?:since|from|as of)\s+{YEAR}\s+(?:on|onwards?|or (?:later|newer)|and (?:later|newer)|up)\b", Op.MIN, 0),
    (rf"\b(?:since|not (?:before|older than)|no older than|nothing (?:before|older than))\s+{YEAR}", Op.MIN, 0),
    (rf"{YEAR}\s*(?:or|and)\s+(?:later|newer|after|onwards?)", Op.MIN, 0),
    (rf"\bpost[- ]{YEAR}", Op.MIN, 1),
    (rf"{YEAR}\s*(?:or|and)\s+(?:earlier|older|before)", Op.MAX, 0),
    (rf"\b(?:before|older than|earlier than|prior to)\s+{YEAR}", Op.MAX, -1),
    (rf"\bpre[- ]{YEAR}", Op.MAX, -1),
    (rf"\b(?:from|of|in|made in|released in|published in)\s+(?:the year\s+)?{YEAR}\b(?!\s*s)", Op.IS, 0),
    (rf"(?:不要|不看|别要|不想看)\s*{YEAR}\s*年?\s*(?:以前|之前|前)", Op.MIN, 0),
    (rf"(?:不要|不看|别要|不想看)\s*{YEAR}\s*年?\s*(?:以后|之后|后)", Op.MAX, 0),
    (rf"{YEAR}\s*年?\s*(?:以前|之前|前){REFUSED}", Op.MIN, 0),
    (rf"{YEAR}\s*年?\s*(?:以后|之后|后){REFUSED}", Op.MAX, 0),
    (rf"{YEAR}\s*年?\s*(?:以后|之后|后|以来|起)", Op.MIN, 0),
    (rf"{YEAR}\s*年?\s*(?:以前|之前|前)", Op.MAX, -1),
    (rf"{YEAR}\s*年(?!代|以|之|前|后|起)", Op.IS, 0),
)
"""Pattern, operator, correction: 'after 1990' begins in 1991, 'since 1990' in 1990. The first that fits counts."""


@dataclass(frozen=True, slots=True)
class LimitSpan:
    """A limit and the place of its words."""

    start: int
    end: int
    constraint: Constraint


def find_limits(text: str, schema: CatalogSchema) -> list[LimitSpan]:
    """The number limits that a message states, without overlaps, in the order of the text."""
    found: list[LimitSpan] = []
    for spec in schema.of_kind(FieldKind.NUMBER):
        for span in _year_limits(text, spec) if spec.unit == "year" else _unit_limits(text, spec):
            overlaps = any(old.start < span.end and span.start < old.end for old in found)
            if not overlaps or any((old.start, old.end) == (span.start, span.end) for old in found):
                found.append(span)
    return sorted(found, key=lambda span: span.start)


def _year_limits(text: str, spec: FieldSpec) -> Iterator[LimitSpan]:
    for match in re.finditer(RANGE, text, re.IGNORECASE):
        low, high = sorted((int(match.group(1)), int(match.group(2))))
        yield from _between(match, spec, low, high)
    for match in re.finditer(CENTURY, text, re.IGNORECASE):
        yield from _between(match, spec, 2000, None)
    for match in re.finditer(r"([三四五六七八])([四五六七八九])十年代", text):
        low, high = (1900 + DECADES[f"{match.group(place)}十"] for place in (1, 2))
        yield from _between(match, spec, low, high + 9)
    for match in re.finditer(BEFORE_DECADE + DECADE, text, re.IGNORECASE):
        yield from _decade(match, spec, _decade_start(*match.groups()[1:]), (match.group(1) or "").lower())
    for match in re.finditer(DECADE_CHINESE, text):
        word = {"以前": "before", "之前": "before", "以后": "after", "之后": "after"}.get(match.group(3) or "", "")
        yield from _decade(match, spec, _decade_start("", match.group(1), match.group(2)), word)
    taken: list[tuple[int, int]] = []
    for pattern, op, shift in YEAR_RULES:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            if not any(a < match.end() and match.start() < b for a, b in taken):
                taken.append(match.span())
                yield _span(match, spec, op, int(match.group(1)) + shift)


def _decade_start(century: str | None, tens: str | None, word: str | None) -> int:
    if century:
        return int(century) * 10
    digits = DECADES[word.lower()] if word else int(tens or 0) * 10
    return (2000 if digits < 30 and not word else 1900) + digits


def _decade(match: re.Match[str], spec: FieldSpec, start: int, word: str) -> Iterator[LimitSpan]:
    if word in ("before", "pre", "older than", "earlier than"):
        return _between(match, spec, None, start - 1)
    if word in ("after", "post", "newer than"):
        return _between(match, spec, start + 10, None)
    return _between(match, spec, start, None if word in ("since", "not before") else start + 9)


def _unit_limits(text: str, spec: FieldSpec) -> Iterator[LimitSpan]:
    words = sorted({*spec.words, spec.unit, spec.name} - {""}, key=len, reverse=True)
    unit, number = "|".join(map(re.escape, words)), r"(\d+(?:[.,]\d+)?)"
    for op, compare, behind in ((Op.MIN, MORE, "more|以上"), (Op.MAX, LESS, "less|fewer|以下|以内")):
        for pattern in (
            rf"{compare}\s*(?:than\s+)?(?:{unit})?\s*{number}\s*(?:{unit})",
            rf"{compare}\s*(?:than\s+)?(?:{unit})\s*{number}",
            rf"{number}\s*(?:{unit})\s*(?:or|and)?\s*(?:{behind})",
        ):
            for match in re.finditer(pattern, text, re.IGNORECASE):
                yield _span(match, spec, op, float(match.group(1).replace(",", ".")))


def _between(match: re.Match[str], spec: FieldSpec, low: int | None, high: int | None) -> Iterator[LimitSpan]:
    if low is not None:
        yield _span(match, spec, Op.MIN, low)
    if high is not None:
        yield _span(match, spec, Op.MAX, high)


def _span(match: re.Match[str], spec: FieldSpec, op: Op, value: float) -> LimitSpan:
    words = match.group().strip()
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    return LimitSpan(start, match.end(), Constraint(spec.name, op, (float(value),), words=words))
