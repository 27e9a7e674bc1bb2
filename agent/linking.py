"""Titles in words -> items of the catalog, by code: quotes, 《》, years, typos, other titles, and 'the second one'."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.reading import Mention
from retrieval.items import Catalog
from retrieval.titles import TitleMatch, normalize_title

SURE = 0.86
"""The least likeness at which a title is taken for a misspelled one."""
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5,
    "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}


@dataclass(frozen=True, slots=True)
class Link:
    """What became of a mention: one item, several to choose from, or none."""

    mention: Mention
    item_ids: tuple[str, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether the user must say which one."""
        return len(self.item_ids) > 1


def link(mention: Mention, catalog: Catalog, *, shown: Sequence[str] = (), known: Iterable[str] = ()) -> Link:
    """Find the item that a mention means.

    Args:
        mention: '#2', or a title with or without a year.
        catalog: Where to look.
        shown: Item ids of the last cards, in order, for '#2'.
        known: Item ids that came up before: they win over others of the same title.
    """
    if match := re.fullmatch(r"#(\d+)", mention.text.strip()):
        index = int(match.group(1)) - 1
        return Link(mention, tuple(shown[index : index + 1]) if 0 <= index < len(shown) else ())
    title, year = split_year(mention.text)
    matches = [one for one in catalog.find_title(title, year=year, limit=6) if one.score >= SURE]
    if not matches and year is None:
        return Link(mention)
    matches = _narrow(matches, title, year, catalog)
    ids = tuple(one.item_id for one in matches)
    preferred = tuple(item_id for item_id in ids if item_id in {*shown, *known})
    return Link(mention, preferred[:1] or ids)


def split_year(text: str) -> tuple[str, int | None]:
    """'Heat (1995)' -> ('Heat', 1995)."""
    text = text.strip().strip("《》“”\"'‘’.,!?")
    if match := re.fullmatch(r"(.+?)\s*[(（,]?\s*((?:18|19|20)\d{2})\s*[)）]?", text):
        return match.group(1).strip(), int(match.group(2))
    return text, None


def _narrow(matches: list[TitleMatch], title: str, year: int | None, catalog: Catalog) -> list[TitleMatch]:
    """Keep the best matches only: a year decides, doubles count once, the first of a series stands for it."""
    if not matches:
        return []
    if year is not None:
        near = [one for one in matches if one.year is not None and abs(one.year - year) <= 1]
        matches = near or matches[:1]
    best = [one for one in matches if one.score >= matches[0].score - 0.005]
    name = normalize_title(title)
    if best[0].score < 1.0:
        series = [one for one in best if normalize_title(one.title).startswith(name + " ")]
        best = [min(series, key=lambda one: one.year or 9999)] if series else best[:1]
    unique: list[TitleMatch] = []
    for one in best:
        if not any(one.item_id in catalog.double_of(other.item_id) for other in unique):
            unique.append(one)
    return unique


def references(text: str, shown: Sequence[str]) -> list[tuple[int, int, tuple[Mention, ...]]]:
    """Where a message points at the last cards ('the second one', 'the first two', '第三部', 'all of these').

    Returns:
        (start, end, mentions such as '#2') in the order of the text; nothing when nothing was shown.
    """
    if not shown:
        return []
    n = len(shown)
    found: list[tuple[int, int, tuple[Mention, ...]]] = []
    word = "|".join(ORDINALS)
    number = "|".join(NUMBERS)

    def add(match: re.Match[str], positions: Iterable[int]) -> None:
        if not any(start < match.end() and match.start() < end for start, end, _ in found):
            mentions = tuple(Mention(f"#{p}", certain=True) for p in positions if 1 <= p <= n)
            if mentions:
                found.append((*match.span(), mentions))

    for match in re.finditer(rf"\b(?:the )?(first|last) ({number}|\d)\b(?! (?:years|decades))", text, re.IGNORECASE):
        count = NUMBERS.get(match.group(2).lower()) or int(match.group(2))
        add(match, range(1, count + 1) if match.group(1).lower() == "first" else range(n - count + 1, n + 1))
    for match in re.finditer(r"前([一二两三四五六七八九十\d])[部个本]", text):
        add(match, range(1, (ORDINALS.get(match.group(1)) or int(match.group(1))) + 1))
    for match in re.finditer(r"\bthe middle one\b|中间(?:那|的)?(?:一)?[部个本]", text, re.IGNORECASE):
        add(match, [(n + 1) // 2])
    none = r"neither(?: of (?:these|them|those))?|none of (?:these|them|those)"
    everyone = rf"all (?:(?:of )?(?:these|them|those)|{number}|\d)|these|them all|both(?: of them)?|every one"
    everything = rf"\b(?:{none}|{everyone})\b"
    for match in re.finditer(rf"{everything}|全部|这几部|都", text, re.IGNORECASE):
        if match.group() != "都" or re.search(r"都(?:看|读|买|玩|听)过", text):
            add(match, range(1, n + 1))
    last = r"\bthe last(?: one)?\b(?! time| (?:few |\d+ )?(?:year|week|month|decade))|最后(?:一)?[部个本]"
    for match in re.finditer(last, text, re.IGNORECASE):
        add(match, [n])
    for match in re.finditer(r"#(\d+)|\b(?:number|no\.|nr\.?)\s*(\d+)\b", text, re.IGNORECASE):
        add(match, [int(match.group(1) or match.group(2))])
    ascii_words = "|".join(one for one in ORDINALS if one.isascii())
    for match in re.finditer(
        rf"\b(?:the\s+)?({ascii_words})(?:\s+(?:one|title|option|pick|suggestion))?\b", text, re.IGNORECASE
    ):
        if not re.match(r"\s+(?:time|year|half|thing|date|of all|world)", text[match.end() :], re.IGNORECASE):
            add(match, [ORDINALS[match.group(1).lower()]])
    for match in re.finditer(rf"第({word}|\d+)[部个本款张]?", text):
        add(match, [ORDINALS.get(match.group(1)) or int(match.group(1))])
    others = r"\bthe (?:others?|other (?:ones?|two|three|four))\b|(?:另外|其他|其余)(?:[一两二三四几])?[部个本]"
    for match in re.finditer(others, text, re.IGNORECASE):
        said = {mention.text for _, _, mentions in found for mention in mentions}
        if said:
            add(match, [place for place in range(1, n + 1) if f"#{place}" not in said])
    return sorted(found, key=lambda one: one[0])


def pronoun(text: str) -> re.Match[str] | None:
    """'that one', 'it', 'this', '那部', '它': the item that was spoken of last."""
    return re.search(
        r"\b(?:th(?:at|is) one|that|this|it|he|she)\b(?!['’]s (?:not that|late|been|just))|[这那]一?[部个本]|它",
        text,
        re.IGNORECASE,
    )
