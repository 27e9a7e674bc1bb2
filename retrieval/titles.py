"""Titles in free text: exact and fuzzy search over titles and other titles, in any script."""

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

HAN = r"\u3400-\u9fff"
"""Chinese characters, for use inside [ ]."""
UNSPACED = rf"\u3040-\u30ff{HAN}\uac00-\ud7af"
"""Characters of scripts that put no spaces between words (Chinese, Japanese, Korean), for use inside [ ]."""
KANA, HANGUL = "[\u3041-\u30fa\u30fc]", "[\uac00-\ud7af]"
"""What Japanese, and Korean, alone is written with."""
LETTER = rf"[^\W_{UNSPACED}]"
"""A letter or digit of a script that puts spaces between words."""
BEGINS = 88.0
"""The likeness, of 100, of a title and its beginning."""
REMEMBERED, MOST_ALIKE = 512, 60
"""Texts whose likest names are at hand, and names of each."""
ARTICLES = frozenset(("the", "a", "an", "le", "la", "les", "il", "der", "die", "das", "el", "los"))


class TitleRow(NamedTuple):
    """What the index needs to know of an item."""

    item_id: str
    title: str
    year: int | None
    aka: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TitleMatch:
    """An item found by its title."""

    item_id: str
    title: str
    year: int | None
    score: float
    """From 0 to 1; 1 means the same title but for case, accents, punctuation and articles."""


@dataclass(frozen=True, slots=True)
class TitleSpan:
    """A title found inside a longer text."""

    start: int
    end: int
    text: str
    matches: tuple[TitleMatch, ...]
    """Best first; several of equal score when the title is ambiguous."""


def without_accents(text: str) -> str:
    """'Amélie' -> 'Amelie', and other characters in their plainest form; most texts have none."""
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def normalize_title(text: str) -> str:
    """Casefolded words without accents, punctuation and outer articles: 'Usual Suspects, The' -> 'usual suspects'."""
    plain = without_accents(text)
    words = re.findall(r"[^\W_]+", plain.replace("'", "").replace("’", "").replace("&", " and ").casefold())
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in ARTICLES:
        words = words[:-1]
    return " ".join(words)


def native_title(names: Iterable[str], language: str) -> str:
    """The title by which readers of a language know something, told by its script; '' where none is in one of theirs.

    Args:
        names: All its titles, the usual ones of each language first.
        language: A code; of languages that share the Latin script nothing can be told.
    """
    if language == "zh":  # a Japanese title has kana, or characters that no simplified Chinese text has
        chinese = [name for name in names if re.search(f"[{HAN}]", name) and not re.search(KANA, name)]
        return min(
            chinese, key=lambda name: (not _is_simplified(name), bool(re.search("[A-Za-z]{2}", name))), default=""
        )
    script = {"ja": KANA, "ko": HANGUL}.get(language)
    return next((name for name in names if script and re.search(script, name)), "")


def _is_simplified(name: str) -> bool:
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


class TitleIndex:
    """Finds items by title. Immutable after construction."""

    def __init__(self, rows: Iterable[tuple[str, str, int | None, tuple[str, ...]]]) -> None:
        self._rows: dict[str, TitleRow] = {}
        self._by_name: dict[str, list[str]] = {}
        for row in (TitleRow(*row) for row in rows):
            self._rows[row.item_id] = row
            for name in dict.fromkeys(filter(None, map(normalize_title, (row.title, *row.aka)))):
                self._by_name.setdefault(name, []).append(row.item_id)
        self._names = list(self._by_name)
        self._places = {name: place for place, name in enumerate(self._names)}
        self._sorted = sorted(self._names)
        self._by_word = [" ".join(sorted(name.split())) for name in self._names]
        self._found: OrderedDict[bytes, list[tuple[float, str]]] = OrderedDict()
        self._lock = Lock()

    def exact(self, text: str, *, year: int | None = None) -> list[TitleMatch]:
        """Items with just this title; those of that year first."""
        ids = self._by_name.get(normalize_title(text), [])
        matches = [self._match(item_id, 1.0) for item_id in ids]
        return sorted(matches, key=lambda match: _year_gap(match.year, year))

    def find(self, text: str, *, year: int | None = None, limit: int = 5, cutoff: float = 0.75) -> list[TitleMatch]:
        """Items whose title is like `text`, best first; an exact title leaves no room for others.

        Args:
            text: A title as somebody wrote it.
            year: A year that was said with it; the nearest year wins among equals.
            limit: The most matches.
            cutoff: The least likeness, 0..1.
        """
        name = normalize_title(text)
        if not name:
            return []
        if exact := self.exact(text, year=year):
            return exact[:limit]
        # One wrong letter makes another word of a short title: 'Rocky' is not 'The Rock'.
        cutoff = max(cutoff, 0.92) if len(name) < 6 else cutoff
        hits = self._like(name, cutoff * 100)[: limit * 3]
        matches = [self._match(item_id, score / 100) for score, hit in hits for item_id in self._by_name[hit]]
        matches.sort(key=lambda match: (-match.score, _year_gap(match.year, year)))
        return list({match.item_id: match for match in reversed(matches)}.values())[::-1][:limit]

    def misspelled(self, text: str, *, year: int | None = None, least: float = 0.9) -> list[TitleMatch]:
        """Items whose title differs by a few letters but by no number, best first; quick for large catalogs.

        Args:
            text: A title as somebody wrote it.
            year: The nearest year wins among equals.
            least: The least likeness, 0..1.
        """
        name = normalize_title(text)
        hits = process.extract(name, self._names, scorer=fuzz.ratio, limit=10, score_cutoff=least * 100) if name else ()
        matches = [
            self._match(item_id, score / 100)
            for hit, score, _ in hits
            if _numerals(hit) == _numerals(name)  # another part of a series is another item
            for item_id in self._by_name[hit]
        ]
        return sorted(matches, key=lambda match: (-match.score, _year_gap(match.year, year)))

    def cut_short(self, text: str, *, shortest: int = 6) -> list[TitleMatch]:
        """Items whose title goes on where the text ends, or ends where it goes on: 'Dr. Strangelove' without the rest.

        The score is the shared part of the longer of the two.
        """
        name = normalize_title(text)
        matches = [
            self._match(item_id, min(len(hit), len(name)) / max(len(hit), len(name)))
            for hit in self._names
            if min(len(hit), len(name)) >= shortest and (hit.startswith(f"{name} ") or name.startswith(f"{hit} "))
            for item_id in self._by_name[hit]
        ]
        return sorted(matches, key=lambda match: -match.score)

    def _like(self, name: str, cutoff: float) -> list[tuple[float, str]]:
        """Names at least that like another, best first, of equals the earlier one: typos cost less than missing words.

        Scores run from 0 to 100. Both measures are compiled ones over all names; what was asked lately is remembered by
        its digest, as one message asks several times, and nothing of a user's words is kept.
        """
        key = hashlib.sha256(f"{cutoff} {name}".encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = self._compared(name, cutoff)[:MOST_ALIKE]
        with self._lock:
            self._found[key] = found
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return found

    def _compared(self, name: str, cutoff: float) -> list[tuple[float, str]]:
        by_word = " ".join(sorted(name.split()))  # fuzz.token_sort_ratio, without sorting every name for every question
        similarities = np.maximum(
            *(
                process.cdist([asked], names, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.float64)[0]
                for asked, names in ((name, self._names), (by_word, self._by_word))
            )
        )
        if cutoff <= BEGINS:
            begins = self._beginning_alike(name)
            similarities[begins] = np.maximum(similarities[begins], BEGINS)
        places = np.flatnonzero(similarities > 0)
        order = places[np.argsort(-similarities[places], kind="stable")]
        return [(float(similarities[place]), self._names[place]) for place in order]

    def _beginning_alike(self, name: str) -> list[int]:
        """The places of names that go on where another ends, or end where it goes on."""
        words = name.split()
        heads = (" ".join(words[:length]) for length in range(1, len(words)))
        shorter = [self._places[head] for head in heads if len(head) >= 4 and head in self._places]
        if len(name) < 4:
            return shorter
        longer = self._sorted[bisect_left(self._sorted, f"{name} ") : bisect_left(self._sorted, f"{name}!")]
        return [*shorter, *(self._places[other] for other in longer)]

    def _match(self, item_id: str, score: float) -> TitleMatch:
        row = self._rows[item_id]
        return TitleMatch(item_id, row.title, row.year, score)

    def spans(self, text: str, *, longest: int = 9) -> Iterator[TitleSpan]:
        """Exact titles inside a text, longest first from the left, without overlaps.

        Any word sequence that is a title counts here, common words too ('heat', 'seven'): the caller decides which to
        believe, by quotes, capitals or context.
        """
        words = list(re.finditer(rf"{LETTER}+(?:['’]{LETTER}+)*", text))
        start = 0
        while start < len(words):
            for length in range(min(longest, len(words) - start), 0, -1):
                first, last = words[start], words[start + length - 1]
                piece = text[first.start() : last.end()]
                if re.search(r"[.!?;:\n]\s", piece) and length > 1 and not self.exact(piece):
                    continue
                if matches := self.exact(piece):
                    yield TitleSpan(first.start(), last.end(), piece, tuple(matches))
                    start += length - 1
                    break
            start += 1
        yield from self._cjk_spans(text)

    def _cjk_spans(self, text: str) -> Iterator[TitleSpan]:
        """Titles in scripts without spaces are looked up as substrings of at least two characters."""
        for run in re.finditer(rf"[{UNSPACED}·：:0-9A-Za-z]{{2,}}", text):
            piece, offset, position = run.group(), run.start(), 0
            if not re.search(rf"[{UNSPACED}]", piece):
                continue
            while position < len(piece) - 1:
                for length in range(min(24, len(piece) - position), 1, -1):
                    part = piece[position : position + length]
                    if matches := self.exact(part):
                        yield TitleSpan(offset + position, offset + position + length, part, tuple(matches))
                        position += length - 1
                        break
                position += 1


def _numerals(name: str) -> list[str]:
    return re.findall(r"\b(?:\d+|[ivx]+)\b", name)


def _year_gap(year: int | None, wanted: int | None) -> int:
    return 0 if wanted is None else abs(year - wanted) if year is not None else 10_000
