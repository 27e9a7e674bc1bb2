"""Age ratings as authorities and shops write them ('PG-13', 'FSK 12', 'ab 6', '16+'), as the age that they ask for."""

import re
import tomllib
from functools import cache
from importlib.resources import files

AGE = re.compile(
    r"(?:rated |fsk|pegi|usk|bbfc|kijkwijzer|ages?|ab|from|dès|desde)?\s*(\d{1,2})\s*"
    r"(?:\+|a\b|and up|years.*|jahre.*|-\s*\d+|up|plus)?"
)
OLDEST = 21
"""No age rating asks for more years."""


def certificate_age(text: str) -> int | None:
    """The age that an age rating stands for: 'PG-13', 'FSK 12', 'ab 6', '16+'; None where it is none."""
    said = " ".join(text.casefold().split())
    if said in _certificates():
        return _certificates()[said]
    match = AGE.fullmatch(said)
    return int(match[1]) if match and int(match[1]) <= OLDEST else None


@cache
def _certificates() -> dict[str, int]:
    table = tomllib.loads(files(__package__).joinpath("certificates.toml").read_text("utf-8"))
    return {name: int(age) for name, age in table.items()}
