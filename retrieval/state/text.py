"""Checks text from outside before it is stored: ids are refused when odd, free text is cleaned and cut."""

import unicodedata

from retrieval.errors import BadIdError
from retrieval.state.tables import ID_LENGTH

NAME_LENGTH = 200
WORDS_LENGTH = 1000
KEY_LENGTH = 2000


def checked_id(value: str, *, what: str) -> str:
    """The id itself, when it can be one; the message does not repeat it, since it may name a person.

    Raises:
        BadIdError: It is empty, too long or holds control or unprintable characters.
    """
    if is_id(value):
        return value
    raise BadIdError(
        f"expected {what} of 1 to {ID_LENGTH} printable characters without spaces around it, "
        f"found {len(value)} characters{'' if value.isprintable() else ', unprintable ones among them'}. "
        "Send a plain, short one."
    )


def is_id(value: str) -> bool:
    """Whether a text can be an id at all; a database is not asked for anything else."""
    return 0 < len(value) <= ID_LENGTH and value.isprintable() and value == value.strip()


def is_number(value: int) -> bool:
    """Whether a number can be that of a row; larger ones overflow in the database."""
    return 0 < value < 2**31


def clean(text: str, *, limit: int) -> str:
    """The text without control characters and lone surrogates (PostgreSQL refuses them), cut to `limit`."""
    kept = (" " if char in "\t\r\n" else char for char in text[: 2 * limit])
    return "".join(char for char in kept if unicodedata.category(char) not in ("Cc", "Cs"))[:limit].strip()
