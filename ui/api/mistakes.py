"""What is wrong with the values of a request, in the words of all errors: what was expected and found, what to do.

The library that finds it speaks of its own types; clients, and models that call tools, know JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 3
LONGEST_NAME = 64
_OTHER = "found something else"
_TEXT = f"expected text, {_OTHER}. Send it in quotes."
_OBJECT = f"expected an object, {_OTHER}. Send one with the fields of the schema."
_NUMBER = f"expected a number, {_OTHER}. Send it without quotes."
_WHOLE = f"expected a whole number, {_OTHER}. Send it without quotes."
_ONE_OF = f"expected {{expected}}, {_OTHER}. Send one of these."
_AT_MOST = "expected a length of at most {max_length}, found a greater one. Send less."
_AT_LEAST = "expected a length of at least {min_length}, found a smaller one. Send more."
_WORDS: Mapping[str, str] = {
    "missing": "expected a value, found none. Send one.",
    "extra_forbidden": "expected no field of this name, found one. Leave it out.",
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "string_type": _TEXT,
    "string_pattern_mismatch": "expected text of the form {pattern}, found another. Change it.",
    "string_too_long": _AT_MOST,
    "string_too_short": _AT_LEAST,
    "too_long": _AT_MOST,
    "too_short": _AT_LEAST,
    "less_than_equal": "expected at most {le}, found more. Send less.",
    "greater_than_equal": "expected at least {ge}, found less. Send more.",
    "list_type": f"expected a list, {_OTHER}. Send one.",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "bool_type": f"expected true or false, {_OTHER}. Send one of them, without quotes.",
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "expected a number that is finite, found another. Send one.",
}
"""By the kind of a mistake, as pydantic names it; its own words for a limit stand in braces."""
_UNKNOWN = f"expected a value that fits the schema, {_OTHER}. Look it up there."
_TYPES = frozenset(("str", "int", "float", "bool"))


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong."""

    field: str
    """'messages.0.content'."""
    words: str

    def __str__(self) -> str:
        """Both, as they are told."""
        return f"{self.field}: {self.words}"


def mistakes_of(problems: Sequence[Mapping[str, Any]], *, whole: str) -> list[Mistake]:
    """What is told of the errors of a validation, without what was sent; at most `MOST`.

    Args:
        problems: As pydantic lists them. Of a value that fits none of several types, the alternative that went deepest
            says most.
        whole: What the whole is called, where no field of it is to blame.
    """
    deepest = sorted(problems, key=lambda problem: -len(problem["loc"]))
    found = (Mistake(_field(problem["loc"]) or whole, _words(problem)) for problem in deepest[:MOST])
    return list(dict.fromkeys(found))


def _words(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "value_error":  # our own words
        return str(problem["msg"]).removeprefix("Value error, ")
    return _WORDS.get(problem["type"], _UNKNOWN).format_map(problem.get("ctx", {}))


def _field(location: Sequence[str | int]) -> str:
    """'content' from ('content', 'list[Part]'): without the names of types that a value was held against."""
    return ".".join(str(part)[:LONGEST_NAME] for part in location if not _is_type(str(part)))


def _is_type(part: str) -> bool:
    return part in _TYPES or "[" in part or part[:1].isupper()
