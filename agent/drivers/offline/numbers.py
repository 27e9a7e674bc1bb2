"""Limits on numbers in words, for every number field of a schema: 'after 1990', '八十年代', 'under two hours'."""

import re
from collections.abc import Iterator
from typing import Final

from agent.drivers.offline.phrases import matches, table
from agent.drivers.text import Spot, is_free
from retrieval.items import Catalog
from retrieval.schema import FieldSpec
from retrieval.spans import Span
from retrieval.units import words_of
from tools.quantities import kind_of_field, read_of, read_years

YEAR: Final = "year"
MEASURED: Final = ("duration", "pages", "money", "score", "weight")
BOUNDS: Final = ("least2", "least3", "most2", "down2", "up", "least", "down", "most", "plain", "plain2")


def find_numbers(text: str, catalog: Catalog) -> list[Spot]:
    """The limits on numbers that a message states; those on what no field holds have no field."""
    specs = catalog.schema.quantities
    spots = [spot for spec in specs if spec.unit != YEAR for spot in _amounts(text, spec, catalog)]
    spots = [spot for spot in spots if not any(b.start < spot.start < b.end and b.field != spot.field for b in spots)]
    years, taken = [spec for spec in specs if spec.unit == YEAR], [spot.place for spot in spots]
    spots += [spot for spec in years for spot in _years(text, spec) if is_free(spot.place, taken)]
    kinds = {kind_of_field(spec) for spec in specs}
    measures = "|".join(words_of(kind) for kind in MEASURED if kind not in kinds) or "(?!)"
    signed, rated = ("" if "money" in kinds else r"(?<=[$€£¥])\d+|"), ("" if "score" in kinds else "|<rated>")
    amount = rf"<bound_before>(?:{signed}<amount>[\s-]*(?:{measures})<not_ago>)<bound_behind>{rated}"
    for match in matches(amount, text):
        if is_free(match.span(), [spot.place for spot in spots]) and not re.fullmatch(r"\s*an? \w+", match[0]):
            spots.append(Spot(*match.span(), re.sub(r"^an? |的$", "", match[0].strip()), "number"))
    return sorted(dict.fromkeys(spots), key=lambda spot: spot.start)


def compared(spec: FieldSpec) -> list[str]:
    """How less, more, the least and the most of a field's quantity are said, by its kind and by its name."""
    less, more, *ends = table()["compared"].get(spec.role or kind_of_field(spec), ("(?!)",) * 4)
    own = "|".join(re.escape(name) for name in {spec.name, *spec.label.values()})
    return [f"{less}|{table()['less_of'].format(own)}", f"{more}|{table()['more_of'].format(own)}", *ends]


def bound_of(match: re.Match[str]) -> tuple[str, str, int]:
    """How a match of '<bound_before>...<bound_behind>' bounds it, 'min' or 'max', and how far beyond it begins."""
    said = match.groupdict()
    name = next((name.rstrip("23") for name in BOUNDS if said.get(name)), "")
    op, step = {"up": ("min", 1), "least": ("min", 0), "down": ("max", -1), "most": ("max", 0)}.get(name, ("", 0))
    return (name, {"min": "max", "max": "min"}[op], 0) if op and (said["no"] or said["no2"]) else (name, op, step)


def _years(text: str, spec: FieldSpec) -> Iterator[Spot]:
    for match in matches("<bound_before>(?:(?P<first><years>)<range>)?(?P<said><years>)<bound_behind>", text):
        ends = [read_years(match["first"] or match["said"]), read_years(match["said"])]
        span = Span(min(end.low for end in ends), max(end.high for end in ends))
        yield from _limits(text, match, spec.name, span, step=1)


def _amounts(text: str, spec: FieldSpec, catalog: Catalog) -> Iterator[Spot]:
    names = {*filter(None, (spec.name, spec.unit, *spec.words, *spec.label.values()))}
    called = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    said = "|".join((words_of(kind_of_field(spec)), called, *(["<share>"] if spec.scale else [])))
    limit = (
        rf"(?:(?P<label>{called})\s*<copula>)?<bound_before>(?P<said>(?:<amount>[\s-]*(?:{said})?<range>)?"
        rf"(?!an? (?:{called})\b)<amount>(?:(?P<least3>\+)?[\s-]*(?P<unit>{said})<not_ago>|<bare>)(?: and a half)?)"
        "<bound_behind>"
    )
    ends = [(field.name, catalog.bounds(field.name) or (1.0, 0.0)) for field in catalog.schema.quantities]
    is_count = not spec.unit and not spec.scale and not (catalog.numbers(spec.name) % 1 > 0).any()
    for match in matches(limit, text):
        span = read_of(match["said"], spec)
        holding = [name for name, (low, high) in ends if span and low <= span.low and span.high <= high]
        if span and (match["unit"] or match["label"] or holding == [spec.name]):  # a bare number may mean any field's
            yield from _limits(text, match, spec.name, span, step=int(is_count))


def _limits(text: str, match: re.Match[str], field: str, span: Span, *, step: int) -> Iterator[Spot]:
    (name, op, beyond), (low, high), no = bound_of(match), (span.low, span.high), match["no"] or match["no2"]
    limits = [(op, (high if name in ("up", "most") else low) + beyond * step)] if op else []
    if not (op or no) and low != high:
        limits = [("min", low), *([("max", high)] if high < 2099 else [])]
    elif not (op or no) and step and (name or text.strip(" .!?年的") == match["said"]):
        limits = [("is", low)]
    start, said = match.end() - len(match[0].lstrip()), match[0].strip()
    for bound, value in limits:
        yield Spot(start, start + len(said), said, "number", (), field, value, bound)
