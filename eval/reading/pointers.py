"""Words that point at the last list: 'the second one', 'the first two', 'neither', '第三部', 'it'."""

import re
from collections.abc import Iterable

ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5,
    "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
WORDS, SIGNS = ("|".join(word for word in ORDINALS if word.isascii() is plain) for plain in (True, False))
FIRST_OR_LAST = rf"\b(?:the )?(first|last) ({'|'.join(NUMBERS)}|\d)\b(?! (?:years|decades))"
EVERY = (
    r"\b(?:neither(?: of (?:these|them|those))?|none of (?:these|them|those)"
    rf"|all (?:(?:of )?(?:these|them|those)|{'|'.join(NUMBERS)}|\d)|these|them all|both(?: of them)?|every one)\b"
    r"|全部|这几部|都(?=[看读买玩听]过)"
)
MIDDLE = r"\bthe middle one\b|中间(?:那|的)?(?:一)?[部个本]"
LAST = r"\bthe last(?: one)?\b(?! time| (?:few |\d+ )?(?:year|week|month|decade))|最后(?:一)?[部个本]"
NUMBERED = rf"#(\d+)|\b(?:number|no\.|nr\.?)\s*(\d+)\b|第({SIGNS}|\d+)[部个本款张]?"
ORDINAL = (
    rf"\b(?:the\s+)?({WORDS})(?:\s+(?:one|title|option|pick|suggestion))?\b"
    r"(?!\s+(?:time|year|half|thing|date|of all|world))"
)
OTHERS = r"\bthe (?:others?|other (?:ones?|two|three|four))\b|(?:另外|其他|其余)(?:[一两二三四几])?[部个本]"
PRONOUN = r"\b(?:th(?:at|is) one|that|this|it|he|she)\b(?!['’]s (?:not that|late|been|just))|[这那]一?[部个本]|它"
Pointer = tuple[int, int, tuple[int, ...]]
"""Start, end, and the places that are meant, from 1."""


def pointers(text: str, n: int) -> list[Pointer]:
    """Where a text points at a list of `n` items, in its order."""
    found: list[Pointer] = []

    def add(match: re.Match[str], places: Iterable[int]) -> None:
        inside = tuple(place for place in places if 1 <= place <= n)
        if inside and not any(start < match.end() and match.start() < end for start, end, _ in found):
            found.append((*match.span(), inside))

    for match in re.finditer(FIRST_OR_LAST, text, re.IGNORECASE):
        count = _number(match.group(2))
        add(match, range(1, count + 1) if match.group(1).lower() == "first" else range(n - count + 1, n + 1))
    for match in re.finditer(rf"前({SIGNS}|\d)[部个本]", text):
        add(match, range(1, _number(match.group(1)) + 1))
    for pattern, every in ((MIDDLE, [(n + 1) // 2]), (EVERY, range(1, n + 1)), (LAST, [n])):
        for match in re.finditer(pattern, text, re.IGNORECASE):
            add(match, every)
    for pattern in (NUMBERED, ORDINAL):
        for match in re.finditer(pattern, text, re.IGNORECASE):
            add(match, [_number(next(filter(None, match.groups())))])
    for match in re.finditer(OTHERS, text, re.IGNORECASE):
        said = {place for _, _, places in found for place in places}
        add(match, [place for place in range(1, n + 1) if said and place not in said])
    return sorted(found, key=lambda pointer: pointer[0])


def _number(word: str) -> int:
    return ORDINALS.get(word.lower()) or NUMBERS.get(word.lower()) or int(word)
