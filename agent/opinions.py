"""Which of the titles in a message are liked, disliked or known, by the words around each."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from agent.mentions import Found
from agent.phrases import APPROVAL, BACKWARD, DISLIKE, LIKE, REFUSAL, SEEN
from agent.reading import Mention, Reading, unique

SEPARATOR = r"\W*(?:,|and|or|&|、|和|与|or even|as well as)?\W*"
STOP = r"[.!?;。！？；]"
NONE_OF = r"neither|none of"
DULL = r"(?:doesn't|does not|didn't) (?:really )?(?:grab|convince|appeal to|interest) me"
KNOWN = r"(?:already )?(?:seen|watched|read|heard|played|own|know) (?:it|that|this|already)\b"
"""After the title: 'Heat? Seen it', 'Heat is great, but I know it already'."""
BUT = r",?\s*\bbut\b|，?但是?|，?可是"


def with_opinions(message: str, found: Sequence[Found], reading: Reading) -> Reading:
    """The reading with the stance on every mention filled in."""
    stances = _stances(message, found)
    liked: list[Mention] = []
    disliked: list[Mention] = []
    seen: list[Mention] = []
    for one, stance in zip(found, stances, strict=True):
        if "seen" in stance:
            seen.extend(one.mentions)
        if "dislike" in stance:
            disliked.extend(one.mentions)
        elif "like" in stance:
            liked.extend(one.mentions)
    every = [mention for one in found for mention in one.mentions]
    return replace(reading, liked=unique(liked), disliked=unique(disliked), seen=unique(seen), mentions=unique(every))


def _stances(message: str, found: Sequence[Found]) -> list[str]:
    """'like', 'dislike', 'seen', 'seen like' ... or '' for each; titles in a row share what is said of one of them."""
    stances = [
        "dislike"
        if re.match(NONE_OF, message[one.start : one.end], re.IGNORECASE)
        else _stance(*_around(message, found, index))
        for index, one in enumerate(found)
    ]
    joined = [
        index > 0 and bool(re.fullmatch(SEPARATOR, message[found[index - 1].end : one.start], re.IGNORECASE))
        for index, one in enumerate(found)
    ]
    for index in range(1, len(found)):
        if joined[index] and not stances[index]:
            stances[index] = stances[index - 1]
    for index in range(len(found) - 2, -1, -1):
        if joined[index + 1] and not stances[index]:
            stances[index] = stances[index + 1]
    return stances


def _around(message: str, found: Sequence[Found], index: int) -> tuple[str, str]:
    """The words before and after a mention that can say something about it."""
    one = found[index]
    between = message[found[index - 1].end if index else 0 : one.start]
    before = re.split(rf"{STOP}\s*|\bbut\b|但是?|可是", between)[-1]
    if index:
        before = re.split(r"[,，]", before)[-1]
    following = message[one.end : found[index + 1].start if index + 1 < len(found) else len(message)]
    if gone := re.match(
        rf"[^.!?,]{{0,20}}?(?:{BUT})\s*(?:(?:i )?(?:don't|didn't|do not|did not|not for me)|it {DULL})\b",
        following,
        re.IGNORECASE,
    ):
        return "", gone.group().replace("but", "")
    if turned := re.search(
        rf"(?:{BUT})\s*(?:i|we) (?:still |really |do )*(?:love|adore|like|enjoy)\w*(?: it| that)?",
        following,
        re.IGNORECASE,
    ):
        return "", turned.group()
    after = re.split(rf"{STOP}|{BUT}|,\s*(?:i want|give me|now|something)\b", following)[0]
    if re.match(rf"[?？]\s*(?:no|nope|nah|not|算了|不|{KNOWN}|(?:that|it) {DULL})", following, re.IGNORECASE):
        after = following
    elif known := re.search(rf"(?:{BUT})\s*(?:i|we)(?:'ve| have)? (?:already )?{KNOWN}", following, re.IGNORECASE):
        after = following[: known.end()]
    if index + 1 < len(found) and re.search(r"[,，]", after):
        after = re.split(r"[,，]", after)[0]
    # "I loved Heat, I can't stand gore": what is judged already is not judged again by the next clause.
    if re.search(f"{LIKE}|{DISLIKE}", before, re.IGNORECASE) and not re.search(BACKWARD, after, re.IGNORECASE):
        after = re.split(r"[,，]", after)[0]
    return before, after


def _nearest(pattern: str, text: str) -> float:
    """How far the nearest match is from the mark of the title; infinite where there is none."""
    place = text.index("\x01")
    ends = [min(abs(one.start() - place), abs(one.end() - place)) for one in re.finditer(pattern, text, re.IGNORECASE)]
    return min(ends, default=math.inf)


def _stance(before: str, after: str) -> str:
    stance = []
    text = f"{before} \x01 {after}"
    unseen = re.search(r"\b(?:haven't|have not|never|not yet)\b|没看过", text, re.IGNORECASE)
    if re.search(SEEN, text, re.IGNORECASE) and not unseen:
        stance.append("seen")
    double_no = re.search(r"not that i (?:didn't|don't|hate)", text, re.IGNORECASE)
    # 'Don't really like' holds 'like': where both end alike, the refusal is what was said.
    away = _nearest(DISLIKE, text)
    refused = not double_no and away < math.inf and away <= _nearest(LIKE, text)
    near_no = re.search(REFUSAL, before, re.IGNORECASE)
    no_after = re.match(r"[\W_]*(?:no\b(?! more)|nope|nah|不行|不好|算了|就不行)", after, re.IGNORECASE)
    if refused or near_no or no_after:
        stance.append("dislike")
    elif re.search(LIKE, text, re.IGNORECASE) or re.match(APPROVAL, after, re.IGNORECASE):
        stance.append("like")
    return " ".join(stance)
