"""Single cells as ids, numbers, lists and times. Every `ValueError` says what was found."""

import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal

from retrieval.ingest.tables import Value, is_empty

UNKNOWN = frozenset(
    ("", "-", "--", "–", "—", "?", "n/a", "n.a.", "na", "nan", "none", "null", "nil", "unknown", "tba", "tbd",
     "unrated", "not rated", "nr", "k. a.", "k.a.", "未知", "无", "不明")
)  # fmt: skip
NAMES = ("name", "title", "label", "value")
"""Keys by which the objects of a JSON list are called."""
YES = frozenset(("yes", "y", "true", "t", "1", "x", "ja", "oui", "sí", "si", "sim", "是", "有", "✓", "✔"))
NO = frozenset(("no", "n", "false", "f", "0", "nein", "non", "não", "否", "无", "✗", "✘"))
DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y",
         "%B %Y", "%b %Y", "%m/%Y", "%Y年%m月%d日", "%Y年%m月", "%Y年")  # fmt: skip
"""Ways to write a date beside ISO 8601; only its year is kept, so that day and month may change places."""
LONGEST_ID = 128
"""As the state keeps them."""
LONGEST_TITLE, LONGEST_VALUE, LONGEST_TEXT = 300, 200, 10_000
"""Characters of a title, of a value, of a description: cards, prose and a client's next request repeat them."""
MOST_VALUES = 1000
"""Of one item in one field."""
LATEST = 253_402_300_799.0
"""The last second of the year 9999."""


def as_text(cell: Value) -> str:
    """A cell as text; whole numbers without a decimal point, lists joined by '; '."""
    if is_empty(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, list | tuple):
        return "; ".join(filter(None, map(as_text, cell)))
    if isinstance(cell, dict):
        return json.dumps(cell, ensure_ascii=False)
    return str(cell).strip()


def as_id(cell: Value, what: str) -> str:
    """An id: any script, printable, not too long."""
    text = as_text(cell)
    if not text:
        raise ValueError(f"no {what}")
    if len(text) > LONGEST_ID or not text.isprintable():
        raise ValueError(f"{what} must be up to {LONGEST_ID} printable characters, found {text[:40]!a}")
    return text


def as_number(cell: Value, what: str) -> float | None:
    """A finite number; None where the cell says that it is unknown."""
    if is_empty(cell):
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float | str | Decimal):
        raise ValueError(f"{what} must be a number, found {as_text(cell)[:40]!r}")
    text = str(cell).strip()
    if text.casefold() in UNKNOWN:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{what} must be a number, found {text[:40]!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a finite number, found {text[:40]!r}")
    return number


def as_list(cell: Value, separator: str = "") -> tuple[str, ...]:
    """Values of a list cell: a list, a JSON array, or text parted by `separator` ('|' or ';' where none is given).

    Objects of a JSON array stand for their names; what says that nothing is known is no value.
    """
    if is_empty(cell):
        return ()
    if isinstance(cell, str):
        cell = _json_list(cell) or _split(cell, separator)
    elif not isinstance(cell, list | tuple):
        cell = [cell]
    named = (" ".join(as_text(_name(entry)).split()) for entry in cell)
    return tuple(dict.fromkeys(text for text in named if text.casefold() not in UNKNOWN))


def short_list(cell: Value, separator: str, what: str, odd: list[str]) -> tuple[str, ...]:
    """The values of a list cell that are short enough to be said, and not too many; `odd` takes what was left out."""
    values = as_list(cell, separator)
    short = [value for value in values if len(value) <= LONGEST_VALUE]
    if len(short) < len(values):
        longest = max(map(len, values))
        odd.append(
            f"{what} must be values of up to {LONGEST_VALUE} characters, found {longest}: left out. "
            "Prose belongs in the description, parted values need their separator"
        )
    if len(short) > MOST_VALUES:
        odd.append(f"{what} must be up to {MOST_VALUES} values, found {len(short)}: the first were taken")
    return tuple(short[:MOST_VALUES])


def short_text(cell: Value, what: str, odd: list[str]) -> str:
    """A description, cut at a word where it is too long; `odd` takes that."""
    text = as_text(cell)
    if len(text) <= LONGEST_TEXT:
        return text
    odd.append(f"{what} must be up to {LONGEST_TEXT} characters, found {len(text)}: cut")
    kept, cut = text[: LONGEST_TEXT - 1], text[LONGEST_TEXT - 1]
    return f"{kept if cut.isspace() else kept.rpartition(' ')[0] or kept}…"


def as_flag(cell: Value) -> bool | None:
    """Yes or no in several languages; None where the cell says neither."""
    text = as_text(cell).casefold()
    return True if text in YES else False if text in NO else None


def as_year(cell: Value, what: str) -> float | None:
    """The year of a date in many forms, or a year; None where it is not known."""
    if isinstance(cell, date):
        return float(cell.year)
    text = as_text(cell)
    if text.casefold() in UNKNOWN:
        return None
    if re.fullmatch(r"\d{4}(?:\.0)?", text):
        return float(text)
    if match := re.fullmatch(r"(\d{4})-\d{2}(?:-\d{2}(?:[T ].*)?)?", text):
        return float(match[1])
    for form in DATES:
        try:
            return float(datetime.strptime(text, form).replace(tzinfo=UTC).year)
        except ValueError:
            continue
    raise ValueError(f"{what} must be a year or a date, found {text[:40]!r}")


def _name(entry: object) -> object:
    """The name of an object of a JSON list; anything else is its own."""
    return next((entry[key] for key in NAMES if entry.get(key)), None) if isinstance(entry, dict) else entry


def _json_list(text: str) -> list[object]:
    if not text.lstrip().startswith("["):
        return []
    try:
        parsed = json.loads(text)
    except ValueError:
        return []
    return parsed if isinstance(parsed, list) else []


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator or ("|" if "|" in text else ";"))


def as_time(cell: Value) -> float:
    """Seconds since 1970 of an ISO date or time (UTC where it has no zone) or of an epoch number; 0 where unknown."""
    if is_empty(cell):
        return 0.0
    if isinstance(cell, date):
        cell = cell.isoformat()
    text = as_text(cell)
    if re.fullmatch(r"\d+(\.\d+)?", text) and not re.fullmatch(r"(19|20)\d{2}((0[1-9]|1[0-2])([0-2]\d|3[01]))?", text):
        return _epoch(float(text))
    try:
        parsed = datetime.fromisoformat(text)
        stamp = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"timestamp must be an ISO date or seconds since 1970, found {text[:40]!r}") from None
    return max(stamp, 0.0)


def _epoch(number: float) -> float:
    """Milliseconds, microseconds and nanoseconds are told by their size."""
    for scale in (1.0, 1e3, 1e6, 1e9):
        if number / scale <= LATEST / 20:
            return number / scale
    raise ValueError(f"timestamp must be seconds since 1970, found {number:g}")
