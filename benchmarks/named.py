"""Titles in prose, found without the agent's own checker: quotes, bold, 'Name (1995)' and capitalized exact titles.

It errs on the side of finding too much: a quoted name that no item has counts as a title from outside the catalog.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from retrieval.items import Catalog
from retrieval.schema import FieldKind
from retrieval.titles import UNSPACED, normalize_title

CHINESE = re.compile(r"《([^》\n]{1,120})》")
QUOTED = re.compile(
    r"“([^”\n]{2,90})”|「([^」\n]{1,90})」|\"([^\"\n]{2,90})\"|\*\*([^*\n]{2,120})\*\*(?!\s*[:：])|(?<!\*)\*([^*\s][^*\n]{1,90})\*(?!\*)"
)
YEAR = re.compile(r"\s*[(（]((?:1[89]|20)\d\d)[)）]")
SMALL = frozenset(
    re.findall(r"\w+", "a an and as at by de del der for from i in la le of on or the to vs with du van von")
)
COMMON = frozenset(
    re.findall(
        r"\w+",
        "also another because before both each from have here many more most other some that their there these they "
        "this those what when where which while with would your friday sunday saturday",
    )
)
"""Words that begin sentences and are no titles there."""
VERBS = re.compile(
    r"\s*(?:[,:]|[(（]|(?:is|was|has|follows|tells|shows|stars|offers|features|combines|brings|blends|and|[a-z]+s)\b)"
)
ARTICLE_AFTER = re.compile(r"[\s:;,.-]+(?:a|an|the)$")
SENTENCE_START = re.compile(r"(?:^|[.!?。！？:：;\n]\s*|\n\s*(?:[-*•]|\d+[.)])\s*)[\"'“(]*$")


@dataclass(frozen=True, slots=True)
class Named:
    """One title in a text."""

    text: str
    ids: frozenset[str]
    """The items it can mean; none: the catalog has no such title."""


def find_titles(text: str, catalog: Catalog) -> list[Named]:
    """Every title in a text, once for each time it stands there."""
    named: list[Named] = []
    for pattern, sure in ((CHINESE, True), (QUOTED, False)):
        for match in pattern.finditer(text):
            name = next(group for group in match.groups() if group is not None)
            after = YEAR.match(text, match.end())
            label = f"{name} ({after.group(1)})" if after else name
            ids = _ids(label, catalog)
            if ids or sure or _reads_like_title(YEAR.sub("", name)):
                named.append(Named(label, ids))
        text = pattern.sub(" | ", text)
    text = re.sub(r"\|\s*[(（]\d{4}[)）]", "| ", text)
    dated, text = _dated(text, catalog)
    return [*named, *dated, *_bare(text, catalog)]


def strays(text: str, catalog: Catalog, *, allowed: Collection[str], said: str) -> list[str]:
    """The titles of a text that are neither items of `allowed` (or their doubles) nor the user's own words."""
    ids = {double for item_id in allowed for double in catalog.double_of(item_id)}
    return [
        title.text for title in find_titles(text, catalog) if not title.ids & ids and not is_said(title, catalog, said)
    ]


def is_said(named: Named, catalog: Catalog, said: str) -> bool:
    """Whether the user used this title, or another title of the same item."""
    names = [YEAR.sub("", named.text)]
    names += [name for item_id in named.ids for item in (catalog.item(item_id),) for name in (item.title, *item.aka)]
    spoken = f" {normalize_title(said)} "
    return any(
        f" {plain} " in spoken if plain.isascii() else name in said or plain in spoken
        for name in names
        if (plain := normalize_title(name))
    )


def _ids(label: str, catalog: Catalog) -> frozenset[str]:
    """The items that a title means; with a year, those of that year (one off is forgiven)."""
    year = YEAR.search(label)
    matches = catalog.titles.exact(YEAR.sub("", label)) or catalog.titles.exact(label)
    return frozenset(
        double
        for match in matches
        if year is None or match.year is None or abs(match.year - int(year.group(1))) <= 1
        for double in catalog.double_of(match.item_id)
    )


def _reads_like_title(name: str) -> bool:
    words = re.findall(r"[^\W\d_][\w'’-]*", name)
    big = [word for word in words if word.lower() not in SMALL]
    return 0 < len(words) <= 10 and bool(big) and all(word[0].isupper() for word in big) and name[-1] not in ".,:;"


def _dated(text: str, catalog: Catalog) -> tuple[list[Named], str]:
    """'Heat (1995)': the longest title of the catalog that ends before the year, else the capitalized words there."""
    named, kept, start = [], [], 0
    for match in YEAR.finditer(text):
        before = text[start : match.start()]
        cut = re.split(r"[\n|]|[.!?;:]\s", before)[-1]
        ends = [hit.start() for hit in re.finditer(r"(?<![\w'’])[\w(]", cut)]
        names = [cut[place:].strip() for place in ends]
        name = next((field_name for field_name in names if catalog.titles.exact(field_name)), "") or _capitals(cut)
        first, joined, last = name.rpartition(" and ")
        if joined and not catalog.titles.exact(name) and catalog.titles.exact(first):
            name = last  # 'Heat and Dune (2021)' are two
        if name:
            named.append(Named(f"{name} ({match.group(1)})", _ids(f"{name} ({match.group(1)})", catalog)))
            before = before[: before.rindex(name)]
        kept.append(before)
        start = match.end()
    return named, " | ".join([*kept, text[start:]])


def _capitals(text: str) -> str:
    """The capitalized words at the end of a text, small words between them included."""
    match = re.search(r"(?:[A-Z0-9][\w'’:&.!-]*(?:\s+(?:a|an|and|at|by|de|for|in|la|of|on|or|the|to)\b)*\s*)+$", text)
    return match.group().strip() if match and re.search("[A-Z]", match.group()) else ""


def _bare(text: str, catalog: Catalog) -> Iterator[Named]:
    """Exact titles of the catalog in capitals."""
    values = {
        normalize_title(word)
        for spec in catalog.schema.fields
        if spec.kind is not FieldKind.NUMBER
        for value in catalog.values(spec.name)
        for word in (value, spec.value_in(value, "zh"), *spec.synonyms.get(value, ()))
    }
    people = {
        spec.value_in(value, "zh")
        for spec in catalog.schema.fields
        if spec.people
        for value in catalog.values(spec.name)
    }
    for person in people:
        if not person.isascii() and person in text:
            text = text.replace(person, "|" * len(person))  # a title inside a longer name is no title
    for span in catalog.titles.spans(text):
        name = ARTICLE_AFTER.sub("", span.text)  # of 'Heat: a story' the index takes 'Heat: a'
        end = span.start + len(name)
        if normalize_title(name) in values or not _believable(name, text[: span.start], text[end:]):
            continue
        ids = frozenset(double for match in span.matches for double in catalog.double_of(match.item_id))
        yield Named(name, ids)


def _believable(name: str, before: str, after: str) -> bool:
    """Whether words that equal a title are meant as one."""
    words = name.split()
    if not name.isascii() and re.search(rf"[{UNSPACED}]", name):
        return len(re.findall(rf"[{UNSPACED}]", name)) >= 3
    if not words[0][0].isupper() or re.match(r"['’-]\w{2,}", after):
        return False
    if len(words) > 1:
        return _reads_like_title(name) and not (len(words) == 2 and words[0].lower() in SMALL | COMMON)
    if len(name) < 4 or name.lower() in COMMON:
        return False
    joined = re.search(r"[A-Z][\w'’.-]*\s+$", before) or re.match(r"\s+[A-Z]", after)
    if joined:
        return False
    return bool(VERBS.match(after)) if SENTENCE_START.search(before) else True
