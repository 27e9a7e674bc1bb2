"""Limits on numbers in words, for every number field of a schema: 'after 1990', '八十年代', 'under two hours'."""

import re
from collections.abc import Iterator
from typing import Final

from agent.drivers.offline.phrases import matches, pattern, small, table
from agent.drivers.text import Spot, is_free
from retrieval.items import Catalog
from retrieval.schema import FieldSpec

YEAR: Final = "year"
BOUNDS: Final = ("least2", "most2", "down2", "up", "least", "down", "most", "plain", "plain2")
PARTS: Final = {"early": (0, 4), "mid": (3, 6), "late": (5, 9), "": (0, 9)}


def find_numbers(text: str, catalog: Catalog) -> list[Spot]:
    """The limits on numbers that a message states; those on what no field holds have no field."""
    specs = catalog.schema.quantities
    read = (_years(text, spec) if spec.unit == YEAR else _amounts(text, spec, catalog) for spec in specs)
    found, kinds = [spot for spots in read for spot in spots], set(map(kind_of, specs))
    units = "|".join(said for kind, sizes in table()["units"].items() if kind not in kinds for said in sizes) or "(?!)"
    signed, rated = ("" if "money" in kinds else r"(?<=[$€£¥])\d+|"), ("" if "rating" in kinds else "|<rated>")
    for match in matches(rf"<bound_before>(?:{signed}<amount>[\s-]*(?:{units})<not_ago>)<bound_behind>{rated}", text):
        if is_free(match.span(), [spot.place for spot in found]) and not re.fullmatch(r"\s*an? \w+", match[0]):
            found.append(Spot(*match.span(), re.sub(r"^an? |的$", "", match[0].strip()), "number"))
    return sorted(dict.fromkeys(found), key=lambda spot: spot.start)


def kind_of(spec: FieldSpec) -> str:
    """What kind of quantity a number field holds; '' for one of its own."""
    said, kinds = [word for word in (spec.unit, spec.name, *spec.words) if word], table()["units"].items()
    found = (kind for kind, units in kinds if any(pattern("|".join(units)).fullmatch(word) for word in said))
    return YEAR if spec.unit == YEAR else next(found, "")


def compared(spec: FieldSpec) -> list[str]:
    """How less, more, the least and the most of a field's quantity are said."""
    return list(table()["compared"].get(kind_of(spec), ("(?!)",) * 4))


def _years(text: str, spec: FieldSpec) -> Iterator[Spot]:
    for match in matches("<bound_before>(?:(?P<first><years>)<range>)?(?P<last><years>)<bound_behind>", text):
        ends = [*_span_of(match["first"] or match["last"]), *_span_of(match["last"])]
        yield from _limits(text, match, spec.name, min(ends), max(ends), step=1)


def _amounts(text: str, spec: FieldSpec, catalog: Catalog) -> Iterator[Spot]:
    sizes = table()["units"].get(kind_of(spec), {})
    own = next((size for said, size in sizes.items() if pattern(said).fullmatch(spec.unit)), 1)
    units = "|".join((*sizes, *filter(None, map(re.escape, (spec.name, spec.unit, *spec.words, *spec.label.values())))))
    limit = (
        rf"(?:(?P<label>{units})\s*(?:of |is |: ?)?)?<bound_before>(?:(?P<first><amount>)[\s-]*(?:{units})?<range>)?"
        rf"(?P<last><amount>)(?:[\s-]*(?P<unit>{units})<not_ago>|<bare>)(?P<half> and a half)?<bound_behind>"
    )
    ends = [(one.name, catalog.bounds(one.name) or (1.0, 0.0)) for one in catalog.schema.quantities]
    for match in matches(limit, text):
        first, last = small(match["first"] or match["last"]), small(match["last"]) + (0.5 if match["half"] else 0)
        holding = [name for name, (low, high) in ends if low <= min(first, last) and last <= high]
        if match["unit"] or match["label"] or holding == [spec.name]:  # a bare number may mean any field's
            size = next((size for said, size in sizes.items() if pattern(said).fullmatch(match["unit"] or "")), own)
            yield from _limits(text, match, spec.name, min(first, last) * size / own, last * size / own, step=0)


def _limits(text: str, match: re.Match[str], field: str, low: float, high: float, *, step: int) -> Iterator[Spot]:
    bound, no = next((name.rstrip("2") for name in BOUNDS if match[name]), ""), match["no"] or match["no2"]
    limits = {"up": [("max" if no else "min", high if no else high + step)], "least": [("max" if no else "min", low)]}
    limits |= {"down": [("min" if no else "max", low if no else low - step)], "most": [("min" if no else "max", high)]}
    if low != high and not no:
        limits["plain"] = limits[""] = [("min", low), *([("max", high)] if high < 2099 else [])]
    elif step and not no and (bound or text.strip(" .!?年的") == match["last"]):
        limits["plain"] = limits[""] = [("is", low)]
    start, said = match.end() - len(match[0].lstrip()), match[0].strip()
    for op, value in limits.get(bound, ()):
        yield Spot(start, start + len(said), said, "number", (), field, value, op)


def _span_of(said: str) -> tuple[float, float]:
    number = int((re.findall(r"\d+", said) or [0])[0])
    if said.endswith(("century", "世纪")):
        return 100 * ((number or 21) - 1), 100 * (number or 21) - 1
    if han := re.search(r"([二三四五六七八九]{1,2})十", said):
        return 1900 + 10 * small(han[1][0]), 1909 + 10 * small(han[1][-1])
    if number > 99 and not re.search("s|年代", said):
        return number, number
    word = re.search(r"[a-z]+ties$", said.lower())
    start = 1900 + small(word[0]) if word else number if number > 99 else number + (2000 if number < 30 else 1900)
    first, last = next(ends for part, ends in PARTS.items() if part in said.lower())
    return start + first, start + last
