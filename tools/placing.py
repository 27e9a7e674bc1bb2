"""Names and values as somebody wrote them -> items and values of the catalog. Compares letters, judges no meaning."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from unicodedata import normalize

from rapidfuzz import fuzz, process

from retrieval.items import Catalog
from retrieval.schema import YEARS, CatalogSchema, FieldKind, FieldSpec
from retrieval.titles import TitleMatch, normalize_title, without_accents
from tools.arguments import ArgumentTypes

SURE_TITLE = 0.86
"""The least similarity at which a title is taken for a misspelled one."""
SURE_VALUE = 88.0
"""The least similarity, of 100, at which a name is taken for a misspelled one."""
NEAR_VALUE = 60.0
CHOICES = 5
MOST_TITLES = 6
"""Items of one title that somebody may be asked to choose from."""
YEARS_OFF, MISSPELLED_YEARS_OFF = 3, 1
"""How wrong a year beside a title may be, and beside a misspelled one: 'Holiday (1938)' is not The Holiday of 2006."""
COMMON_SURNAME_SHARE = 3
"""A surname alone names a person who has at least this many times the items of the next one of that name."""
POINTER = re.compile(r"(?P<kind>#|i)\s?(?P<number>\d{1,9})(?:[.:]?\s+(?P<title>.+))?", re.IGNORECASE)
"""'#2', 'i12', and a row as tools write it: 'i12 Heat (1995) | ...'."""
LISTED = re.compile(r"(?P<title>.*?)\s*\[(?P<kind>i)(?P<number>\d{1,9})\]", re.IGNORECASE)
"""'Heat (1995) [i12]', as tools write what comes near."""
LABEL = re.compile(r"(.+?)\s*[(（,]?\s*((?:18|19|20)\d{2})\s*[)）]?")
NUMERAL = re.compile(r"\b(?:\d+|[ivx]+)\b")


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """What became of a reference: one item, several to choose from, or none and what comes near."""

    said: str
    item_ids: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    """Item ids whose titles come near; only where there is no match."""
    is_pointer: bool = False
    """Whether it is '#2' or 'i12' rather than a title: nothing that a user named."""
    is_like: bool = False
    """Whether its title is only like what was said: it may be another item."""

    @property
    def item_id(self) -> str:
        """The one item; '' where there is none or the user must say which."""
        return self.item_ids[0] if len(self.item_ids) == 1 else ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether the user must say which one."""
        return len(self.item_ids) > 1


@dataclass(frozen=True, slots=True)
class PlacedValue:
    """What became of a value: the catalog's own form of it and the field that has it, or what comes near."""

    said: str
    field: str = ""
    value: str = ""
    near: tuple[str, ...] = ()


def reference_of(catalog: Catalog, item_id: str) -> str:
    """How tools write an item: 'i12' is row 12, the same in every turn."""
    return f"i{catalog.row(item_id)}"


def split_year(text: str) -> tuple[str, int | None]:
    """'Heat (1995)' -> ('Heat', 1995)."""
    text = text.strip().strip("《》“”„\"'‘’«».,!?")
    if match := LABEL.fullmatch(text):
        return match.group(1).strip(), int(match.group(2))
    return text, None


def fold(text: str) -> str:
    """Casefolded, without accents, hyphens as spaces: 'Sci-Fi' -> 'sci fi'; Korean syllables stay whole."""
    return " ".join(re.findall(r"[^\W_]+", normalize("NFC", without_accents(text)).casefold()))


@dataclass(frozen=True)
class Placer:
    """Places references and values of one catalog; made once, holds no user."""

    catalog: Catalog
    _values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def schema(self) -> CatalogSchema:
        """What the items look like."""
        return self.catalog.schema

    @cached_property
    def argument_types(self) -> ArgumentTypes:
        """What the tools of this catalog take; made once rather than in every turn."""
        return ArgumentTypes.of(self.schema)

    @cached_property
    def alternative(self) -> frozenset[str]:
        """The fields of which one of several values is meant: where one suffices, and where no item has two."""
        specs = [spec for spec in self.schema.fields if spec.kind is not FieldKind.NUMBER]
        several = {name for item in self.catalog for name, values in item.values.items() if len(values) > 1}
        return frozenset(spec.name for spec in specs if spec.one_suffices or spec.name not in several)

    # Items -------------------------------------------------------------------------------------------------------

    def item(self, said: str, *, shown: Sequence[str] = (), known: Iterable[str] = ()) -> PlacedItem:
        """Find the item that a reference means.

        Args:
            said: '#2', 'i12', either with its title behind it, an item id, or a title with or without a year.
            shown: Item ids of the last list, in order, for '#2'.
            known: Item ids that came up before: they win over others of the same title.
        """
        said = said.strip()
        is_title = bool(self.catalog.titles.exact(said))
        pointer = POINTER.fullmatch(said) or LISTED.fullmatch(said)
        if pointer is not None and not (is_title and pointer["title"]):
            return self._pointed(said, pointer, shown, known)
        if said in self.catalog and not is_title:
            return PlacedItem(said, (said,))
        return self._by_title(said, {*shown, *known})

    def _pointed(self, said: str, pointer: re.Match[str], shown: Sequence[str], known: Iterable[str]) -> PlacedItem:
        """A place or a row; where a title stands beside it, the title says what is meant."""
        number = int(pointer["number"])
        if pointer["kind"] == "#":
            ids = tuple(shown[number - 1 : number]) if number else ()
        else:
            ids = tuple(item.item_id for item in self.catalog.items[number : number + 1])
        ids = tuple(item_id for item_id in ids if item_id in self.catalog)
        if pointer["title"]:
            placed = self._by_title(pointer["title"].split(" | ")[0], {*ids, *shown, *known})
            is_like = placed.is_like and placed.item_ids != ids
            return PlacedItem(said, placed.item_ids or ids, () if ids else placed.near, is_like=is_like)
        return PlacedItem(said, ids, is_pointer=True)

    def _by_title(self, said: str, known: set[str]) -> PlacedItem:
        title, year = split_year(said)
        matches = self.catalog.find_title(title, year=year, limit=MOST_TITLES)
        sure = self.catalog.titles.exact(said) or self._sure(matches, title, year)
        if not sure and year is not None:  # what looks like a year may be part of the title
            sure = self._sure(self.catalog.find_title(said, limit=MOST_TITLES), said, None)
        if not sure:
            return PlacedItem(said, near=tuple(match.item_id for match in matches[:CHOICES]))
        ids = tuple(match.item_id for match in self._each_once(sure))
        preferred = tuple(item_id for item_id in ids if item_id in known)
        return PlacedItem(said, preferred[:1] or ids[:MOST_TITLES], is_like=sure[0].score < 1.0)

    def _sure(self, matches: Sequence[TitleMatch], title: str, year: int | None) -> list[TitleMatch]:
        """The matches that can be meant; several only where the title is that of several."""
        likely = [match for match in matches if match.score >= SURE_TITLE and self._is_meant(match, title, year)]
        if year is not None:
            likely = _of_year(likely, year)
        return _best(likely, normalize_title(title))

    def _is_meant(self, match: TitleMatch, title: str, year: int | None) -> bool:
        """Whether a title that is only like another one can mean it: another part of a series is another item."""
        if match.score >= 1.0:
            return True
        said = normalize_title(title)
        if said.startswith(f"{normalize_title(match.title)} "):  # 'Thelma' is not 'Thelma & Louise'
            return ":" in title and None not in (year, match.year) and year == match.year
        item, numerals = self.catalog.item(match.item_id), NUMERAL.findall(said)
        names = [normalize_title(name) for name in (item.title, *item.aka)]
        is_begun = not numerals and any(name.startswith(f"{said} ") for name in names)
        return is_begun or any(NUMERAL.findall(name) == numerals for name in names)

    def _each_once(self, matches: Sequence[TitleMatch]) -> list[TitleMatch]:
        """Without doubles."""
        unique: list[TitleMatch] = []
        for match in matches:
            if not any(match.item_id in self.catalog.double_of(other.item_id) for other in unique):
                unique.append(match)
        return unique

    # Values ------------------------------------------------------------------------------------------------------

    def value(self, field_name: str, said: str) -> PlacedValue:
        """Find the value of a field that words mean; of another field, where only that one has it.

        Args:
            field_name: A category or entity field of the schema.
            said: A value, its name in any language, a synonym, a surname, or one of these misspelled.
        """
        names, wanted = self.names(field_name), fold(said)
        if not wanted:
            return PlacedValue(said)
        if wanted in names:
            return PlacedValue(said, field_name, names[wanted])
        if wanted.endswith("s") and wanted[:-1] in names:
            return PlacedValue(said, field_name, names[wanted[:-1]])
        for other in self._other_fields(field_name):
            if wanted in (others := self.names(other)) and fold(others[wanted]) == wanted:
                return PlacedValue(said, other, others[wanted])
        close = process.extract(wanted, names.keys(), scorer=fuzz.ratio, limit=CHOICES, score_cutoff=NEAR_VALUE)
        if close and len(wanted) > 4 and close[0][1] >= SURE_VALUE and _same_numerals(wanted, close[0][0]):
            return PlacedValue(said, field_name, names[close[0][0]])
        parts = process.extract(
            wanted, names.keys(), scorer=fuzz.token_set_ratio, limit=CHOICES, score_cutoff=SURE_VALUE
        )
        near = dict.fromkeys(names[name] for name, *_ in (*parts, *close))
        return PlacedValue(said, near=tuple(near)[:CHOICES])

    def names(self, field_name: str) -> Mapping[str, str]:
        """Folded name -> value of a category or entity field: values, display names, synonyms, surnames."""
        names = self._values.get(field_name)
        if names is None:
            names = self._names_of(self.schema.field(field_name))
            self._values[field_name] = names
        return names

    def _names_of(self, spec: FieldSpec) -> dict[str, str]:
        present = self.catalog.values(spec.name)
        names: dict[str, str] = {}
        if spec.people:
            names |= _surnames(present)
        if spec.standard:
            names |= {fold(spec.value_in(value, language)): value for language in YEARS for value in present}
        for source in (
            ((value, words) for value, words in spec.synonyms.items()),
            ((value, tuple(shown.values())) for value, shown in spec.names.items()),
        ):
            names |= {
                fold(word): value
                for value, words in source
                if value in present or value in spec.order
                for word in words
            }
        ordered = sorted(present.items(), key=lambda pair: pair[1])
        names |= {fold(value): value for value in (*(value for value, _ in ordered), *spec.order)}
        names.pop("", None)
        return names

    def _other_fields(self, field_name: str) -> list[str]:
        return [
            spec.name
            for spec in self.schema.descriptive
            if spec.kind is not FieldKind.NUMBER and spec.name != field_name and not spec.soft
        ]

    @cached_property
    def year_field(self) -> str:
        """The first field of calendar years; '' where there is none."""
        return next((spec.name for spec in self.schema.of_kind(FieldKind.NUMBER) if spec.unit == "year"), "")


def _of_year(matches: Sequence[TitleMatch], year: int) -> list[TitleMatch]:
    """Those nearest to a year, if near enough; a title whose year is not known can be of any year."""

    def off(match: TitleMatch) -> float:
        return float("inf") if match.year is None else abs(match.year - year)

    near = [
        match
        for match in matches
        if off(match) <= (YEARS_OFF if match.score >= 1.0 else MISSPELLED_YEARS_OFF)
        or (match.year is None and match.score >= 1.0)
    ]
    least = min(map(off, near), default=0.0)
    return [match for match in near if off(match) == least]


def _best(matches: Sequence[TitleMatch], name: str) -> list[TitleMatch]:
    """The best matches only; the first of a series stands for it."""
    best = [match for match in matches if match.score >= matches[0].score - 0.005]
    if not best or best[0].score >= 1.0:
        return best
    parts = [match for match in best if normalize_title(match.title).startswith(f"{name} ")]
    if not parts:
        return [match for match in best if normalize_title(match.title) == normalize_title(best[0].title)]
    is_series = " " in name or all(_is_part(match.title, name) for match in parts)
    return [min(parts, key=lambda match: match.year or 9999)] if is_series else parts


def _is_part(title: str, name: str) -> bool:
    """Whether a title is a name and the number or subtitle of a part: 'Shrek 2', 'Dracula: Dead and Loving It'."""
    rest = normalize_title(title)[len(name) :].split()
    return normalize_title(title.split(":")[0]) == name or NUMERAL.fullmatch(rest[0]) is not None


def _same_numerals(first: str, second: str) -> bool:
    """'World War I' is no misspelled 'World War II'."""
    return NUMERAL.findall(first) == NUMERAL.findall(second)


def _surnames(people: Mapping[str, int]) -> dict[str, str]:
    """Surnames ('De Niro', 'Hitchcock') that leave no doubt who is meant."""
    by_surname: dict[str, list[tuple[int, str]]] = {}
    for person, count in people.items():
        parts = fold(person).split()
        for start in range(1, len(parts)):
            surname = " ".join(parts[start:])
            if len(surname) > 3:
                by_surname.setdefault(surname, []).append((count, person))
    names = {}
    for surname, bearers in by_surname.items():
        bearers.sort(reverse=True)
        if len(bearers) == 1 or bearers[0][0] >= COMMON_SURNAME_SHARE * bearers[1][0]:
            names[surname] = bearers[0][1]
    return names
