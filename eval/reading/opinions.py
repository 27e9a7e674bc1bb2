"""What a message says of the items that it names: liked, disliked, seen; read from the words around each."""

import math
import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from eval.reading.mentions import Found
from eval.reading.phrases import APPROVAL, BACKWARD, DISLIKE, LIKE, REFUSAL, SEEN

SEPARATOR = r"\W*(?:,|and|or|&|、|和|与|or even|as well as)?\W*"
STOP = r"[.!?;。！？；]"
DULL = r"(?:doesn't|does not|didn't) (?:really )?(?:grab|convince|appeal to|interest) me"
KNOWN = r"(?:already )?(?:seen|watched|read|heard|played|own|know) (?:it|that|this|already)\b"
"""After the title: 'Heat? Seen it', 'Heat is great, but I know it already'."""
BUT = r",?\s*\bbut\b|，?但是?|，?可是"
TITLE = "\x01"
"""Stands for the title among the words around it."""


class Opinion(StrEnum):
    """What is said of an item."""

    LIKED = "liked"
    DISLIKED = "disliked"
    SEEN = "seen"


def stances(message: str, found: Sequence[Found]) -> list[frozenset[Opinion]]:
    """What is said of each mention; titles in a row share what is said of one of them."""
    said = [_stance(message, found, n) for n in range(len(found))]
    joined = [finds(rf"^(?:{SEPARATOR})$", message[one.end : other.start]) for one, other in pairwise(found)]
    for n, together in enumerate(joined):
        said[n + 1] = said[n] if together and not said[n + 1] else said[n + 1]
    for n, together in reversed(list(enumerate(joined))):
        said[n] = said[n + 1] if together and not said[n] else said[n]
    return said


def _stance(message: str, found: Sequence[Found], n: int) -> frozenset[Opinion]:
    if finds("^(?:neither|none of)", message[found[n].start :]):
        return frozenset((Opinion.DISLIKED,))
    before, after = _around(message, found, n)
    text = f"{before} {TITLE} {after}"
    stance = set[Opinion]()
    if finds(SEEN, text) and not finds(r"\b(?:haven't|have not|never|not yet)\b|没看过", text):
        stance.add(Opinion.SEEN)
    # 'Don't really like' holds 'like': where both end alike, the refusal is what was said.
    away = math.inf if finds(r"not that i (?:didn't|don't|hate)", text) else _distance(DISLIKE, text)
    turned_down = finds(r"^[\W_]*(?:no\b(?! more)|nope|nah|不行|不好|算了|就不行)", after)
    if (away < math.inf and away <= _distance(LIKE, text)) or finds(REFUSAL, before) or turned_down:
        stance.add(Opinion.DISLIKED)
    elif finds(LIKE, text) or finds(f"^{APPROVAL}", after):
        stance.add(Opinion.LIKED)
    return frozenset(stance)


def _around(message: str, found: Sequence[Found], n: int) -> tuple[str, str]:
    """The words before and after a mention that can say something about it."""
    mention = found[n]
    between = message[found[n - 1].end if n else 0 : mention.start]
    before = re.split(rf"{STOP}\s*|\bbut\b|但是?|可是", between)[-1]
    before = re.split(r"[,，]", before)[-1] if n else before
    following = message[mention.end : found[n + 1].start if n + 1 < len(found) else len(message)]
    not_for_me = rf"(?:(?:i )?(?:don't|didn't|do not|did not|not for me)|it {DULL})\b"
    if gone := finds(rf"^[^.!?,]{{0,20}}?(?:{BUT})\s*{not_for_me}", following):
        return "", gone.group().replace("but", "")
    likes = r"(?:i|we) (?:still |really |do )*(?:love|adore|like|enjoy)\w*(?: it| that)?"
    if turned := finds(rf"(?:{BUT})\s*{likes}", following):
        return "", turned.group()
    after = re.split(rf"{STOP}|{BUT}|,\s*(?:i want|give me|now|something)\b", following)[0]
    if finds(rf"^[?？]\s*(?:no|nope|nah|not|算了|不|{KNOWN}|(?:that|it) {DULL})", following):
        after = following
    elif known := finds(rf"(?:{BUT})\s*(?:i|we)(?:'ve| have)? (?:already )?{KNOWN}", following):
        after = following[: known.end()]
    # "I loved Heat, I can't stand gore": what is judged already is not judged again by the next clause.
    judged = finds(f"{LIKE}|{DISLIKE}", before) and not finds(BACKWARD, after)
    return before, re.split(r"[,，]", after)[0] if n + 1 < len(found) or judged else after


def _distance(pattern: str, text: str) -> float:
    """How far the nearest match is from the mark of the title; infinite where there is none."""
    place = text.index(TITLE)
    matches = re.finditer(pattern, text, re.IGNORECASE)
    return min((min(abs(match.start() - place), abs(match.end() - place)) for match in matches), default=math.inf)


def finds(pattern: str, text: str) -> re.Match[str] | None:
    """The first match of a pattern, capitals or not."""
    return re.search(pattern, text, re.IGNORECASE)
