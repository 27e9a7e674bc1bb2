"""Matches messages against the phrases and empty words of `phrases.toml`, the only lists by which they are judged."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table() -> dict[str, Any]:
    """The file: patterns, lists of words, and tables of patterns, by name."""
    return tomllib.loads(files(__package__).joinpath("phrases.toml").read_text("utf-8"))


def _expand(text: str) -> str:
    return re.sub(r"(?<!P)<([a-z_]+)>", lambda match: f"(?:{_expand(table()[match[1]])})", text.replace("\n", ""))


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern without regard to case, in which '<like>' stands for the phrase of that name."""
    return re.compile(_expand(text), re.IGNORECASE)


def has(text: str, message: str) -> bool:
    """Whether a pattern ('<like>|<seen>') occurs in a message."""
    return pattern(text).search(message) is not None


def matches(text: str, message: str) -> Iterator[re.Match[str]]:
    """Every place where a pattern occurs."""
    return pattern(text).finditer(message)


@cache
def words(name: str) -> frozenset[str]:
    """A list of words: 'stopwords' or 'chatter' (the stopwords included)."""
    return frozenset(table()[name].split()) | (words("stopwords") if name == "chatter" else frozenset())


@cache
def small(said: str) -> float:
    """The number that words or digits say: 'three', '两', '7'; 0 for none."""
    return float(dict(pair.split("=") for pair in table()["small"].split()).get(said.lower()) or said or 0)
