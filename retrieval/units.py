"""Quantities as people and files write them ('1h30', 'two hours', '12,50 €') -> numbers in the unit of a field."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from text_to_num import alpha2digit

NUMBER = (
    r"(?<![\d.,])-?\d{1,3}(?:[,'’\u00a0\u202f]\d{3})+(?:\.\d+)?(?!\d)"
    r"|-?\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|-?\d+(?:[.,]\d+)?"
)
"""1,200 and 1.200,50; 7.5 and 7,5."""
LANGUAGES = ("en", "de", "fr", "es", "pt")
"""Whose number words are read."""
HAN: dict[str, int] = dict(zip("零一二三四五六七八九两", (*range(10), 2), strict=True))
HAN_NUMBER = re.compile(
    r"[一二三四五六七八九两]?百?[一二三四五六七八九]?十?[零一二三四五六七八九两]?(?=个?半?个?(?:小时|钟头|分钟|元|块|页|岁|分|星|年级))"
)
WRITTEN = (
    (r"\bhalf an hour\b|\beine halbe stunde\b|\bune demi-heure\b|(?<!y )\bmedia hora\b|(?<!个)半个?小时", "30 minutes"),
    (r"\b(?:una )?hora y media\b|\b(?:an )?hour and a half\b", "1.5 hours"),
    (r"\b(?:an?|one|une?|una|eine[rn]?)(?= (?:hour|minute|heure|hora|stunde|euro|dollar|pound))", "1"),
)
"""Quantities in set phrases, before number words become digits."""
HALVES = (
    (r"\b(\d+)( [a-z]+?s?)? (?:and a half|et demie?|y media|e meia)( [a-z]+)?", r"\1.5\2\3"),
    (r"\banderthalb\b|\beineinhalb\b", "1.5"),
    (r"(\d+)个半(?=个?(?:小时|钟头))", r"\1.5"),
)
"""Halves, after they have."""


class Quantity(NamedTuple):
    """A number and its unit; '' where none is named."""

    value: float
    unit: str = ""


class Unit(NamedTuple):
    """One unit of a kind of quantity."""

    name: str
    kind: str
    size: float
    words: str


def read_quantity(text: str) -> Quantity | None:
    """The quantity that a text states, parts of a duration added up; None where it has no number."""
    said = in_digits(text)
    parts = [
        Quantity(_number(match["number"]), _named(match["before"] or match["after"] or "").name)
        for match in _quantities().finditer(said)
    ]
    if not parts:
        return None
    clock = re.fullmatch(r"\D*(\d{1,2}):([0-5]\d)(?::[0-5]\d)?\D*", said)
    if clock:
        return Quantity(60.0 * int(clock[1]) + int(clock[2]), "minutes")
    times = [part for part in parts if kind_of(part.unit) == "duration"]
    if times:
        total = sum(_unit(part.unit).size * part.value for part in times)
        last, rest = parts[-1], kind_of(parts[-1].unit)
        total += last.value if not rest and len(parts) > len(times) and _is_attached(said) else 0.0  # '1h30'
        return Quantity(total, "minutes")
    return next((part for part in parts if part.unit), parts[0])


def in_unit(quantity: Quantity, unit: str) -> float | None:
    """The number in another unit; None where the two are of different kinds. Money is not converted."""
    if not quantity.unit or not kind_of(unit):
        return quantity.value
    said, wanted = _unit(quantity.unit), _unit(unit)
    if said.kind != wanted.kind:
        return None
    return round(quantity.value * said.size / wanted.size, 6)


def unit_named(text: str) -> str:
    """The unit that a word or sign names: 'min' -> 'minutes', '€' -> 'EUR'; '' where it names none."""
    return _named(text.strip()).name


def kind_of(unit: str) -> str:
    """'duration' for 'minutes'; '' for a unit that is none of these."""
    return _unit(unit).kind


def words_of(kind: str) -> str:
    """A pattern of the words and signs for all units of a kind; one that matches nothing where there is none."""
    return "|".join(f"(?:{unit.words})" for unit in _units().values() if unit.kind == kind) or "(?!)"


def in_digits(text: str) -> str:
    """Numbers in words as digits: 'two hours' -> '2 hours', '一个半小时' -> '1.5小时'."""
    if _quantities().fullmatch(text.strip()):  # 'mil' is a thousand in Spanish, 'miles' are none
        return text
    text = re.sub(r"(?<=[a-z])-(?=(?:hour|minute|page|euro|dollar)s?\b)", " ", text)
    said = HAN_NUMBER.sub(lambda match: str(_han(match[0])) if match[0] else "", text)
    for written, digits in WRITTEN:
        said = re.sub(written, digits, said, flags=re.IGNORECASE)
    for language in LANGUAGES if re.search(r"[^\W\d_]{3}", said) else ():
        said = alpha2digit(said, language, threshold=0)
    for written, digits in HALVES:
        said = re.sub(written, digits, said, flags=re.IGNORECASE)
    return said


def _is_attached(said: str) -> bool:
    return re.search(r"\dh\s?\d{1,2}\b", said, re.IGNORECASE) is not None


def _number(text: str) -> float:
    """'1,200' and '1.200,50' are thousands, '7,5' is a fraction."""
    if re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?", text) and ("," in text or text.count(".") > 1):
        return float(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"-?\d{1,3}(?:[,'’\u00a0\u202f]\d{3})+(?:\.\d+)?", text):
        return float(re.sub(r"[,'’\u00a0\u202f]", "", text))
    return float(text.replace(",", "."))


def _han(text: str) -> int:
    total, digit = 0, 0
    for sign in text:
        if sign in HAN:
            digit = HAN[sign]
        else:
            total, digit = total + max(digit, 1) * (100 if sign == "百" else 10), 0
    return total + digit


@cache
def _units() -> dict[str, Unit]:
    table = tomllib.loads(files(__package__).joinpath("units.toml").read_text("utf-8"))
    return {
        name: Unit(name, kind, float(unit["size"]), unit["words"])
        for kind, units in table.items()
        for name, unit in units.items()
    }


def _unit(name: str) -> Unit:
    return _units().get(name) or _named(name)


@cache
def _named(text: str) -> Unit:
    """The unit of a word; one without a kind where there is none."""
    units = (unit for unit in _units().values() if re.fullmatch(unit.words, text, re.IGNORECASE))
    return next(units, Unit("", "", 1.0, ""))


@cache
def _quantities() -> re.Pattern[str]:
    words = "|".join(f"(?:{unit.words})" for unit in _units().values())
    money = "|".join(unit.words for unit in _units().values() if unit.kind == "money")
    return re.compile(rf"(?:(?P<before>{money})\s?)?(?P<number>{NUMBER})(?:[\s-]*(?P<after>{words}))?", re.IGNORECASE)
