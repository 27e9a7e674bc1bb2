"""The chat page's own words, from the catalogs beside it; what names items comes from the catalog's schema."""

import re
from datetime import UTC, datetime

from babel import negotiate_locale
from babel.dates import format_date

from agent.wording.messages import FALLBACK, LANGUAGES, Texts, locale_of

WORDS = Texts("ui.page")
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")
"""A language range with its weight (RFC 9110, 12.5.4)."""


def is_word(key: str) -> bool:
    """Whether there is a text of that key."""
    return WORDS.has(key)


def word(key: str, language: str, *, count: int | None = None, **values: object) -> str:
    """The text of a key in a language ('fr', 'zh-TW' ..., else English), in the form for a count, its places filled."""
    return WORDS.say(key, language, count=count, **values)


def day(timestamp: float, language: str) -> str:
    """The day of a time in seconds since 1970, as it is written in a language."""
    return str(format_date(datetime.fromtimestamp(timestamp, tz=UTC), locale=locale_of(language)))


def language_of(accept_language: str) -> str:
    """The one of the page's languages that a browser's Accept-Language wants most; English where it wants none."""
    ranges = [match for part in accept_language.split(",") if (match := _RANGE.fullmatch(part))]
    wanted = [(float(match[2] or 1), match[1]) for match in ranges]
    ordered = [tag for weight, tag in sorted(wanted, key=lambda pair: -pair[0]) if weight > 0]
    return (negotiate_locale(ordered, LANGUAGES, sep="-") or FALLBACK).lower()
