"""A cover drawn from an item's own data: colors from its categories, a motif from its id, its title in type.

No pictures of others are used. Pure functions: the same item always gets the same cover.
"""

import hashlib
import unicodedata
from collections.abc import Callable

from retrieval.items import Item
from retrieval.schema import CatalogSchema, FieldKind
from ui.page.markup import Html, join, tag

WIDTH, HEIGHT = 120, 176
_PALETTES = (
    # paper, first shape, second shape, ink
    ("#f3e9dc", "#c8553d", "#588b8b", "#2b2118"),
    ("#1d3557", "#e63946", "#a8dadc", "#f1faee"),
    ("#e9edc9", "#606c38", "#dda15e", "#283618"),
    ("#22223b", "#9a8c98", "#f2a65a", "#f2e9e4"),
    ("#fde8e4", "#d1495b", "#2e4057", "#3a1420"),
    ("#0b3c49", "#e5c687", "#731963", "#fff8e7"),
    ("#dbe7e4", "#2f6f73", "#e09f3e", "#12302f"),
    ("#3d2645", "#f0a6ca", "#832161", "#f8edf6"),
    ("#f7f1e1", "#e4a010", "#3c6997", "#2a2a1f"),
    ("#1b2d2a", "#6fb98f", "#f4d35e", "#eef5ec"),
    ("#e4e6f3", "#5b5f97", "#ff6b6b", "#22244a"),
    ("#432818", "#d4a373", "#99582a", "#ffe9d0"),
)
_LINE_UNITS = 12.0
"""Wide serifs, as of systems without Georgia, still fit."""
_MOST_LINES = 4


def cover(item: Item, schema: CatalogSchema, *, label: str, language: str = "") -> Html:
    """The cover as an inline picture; `label` is read out instead of it, nothing where that is ''."""
    paper, first, second, ink = _PALETTES[_number(_mood(item, schema)) % len(_PALETTES)]
    seed = _number(item.item_id)
    motif = _MOTIFS[seed % len(_MOTIFS)](seed // len(_MOTIFS), first, second)
    return tag(
        "svg",
        tag("rect", width=WIDTH, height=HEIGHT, fill=paper),
        motif,
        tag("rect", y=108, width=WIDTH, height=HEIGHT - 108, fill=paper),
        _lettering(item, item.title_in(language), ink),
        class_="cover",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img" if label else None,
        aria_label=label or None,
        aria_hidden=None if label else "true",
    )


def wrap(title: str, *, units: float = _LINE_UNITS, most: int = _MOST_LINES) -> list[str]:
    """The title in lines of at most `units` Latin letters (a Chinese character counts for two)."""
    lines: list[str] = [""]
    for piece in _pieces(title):
        if lines[-1].strip() and _units(lines[-1] + piece.rstrip()) > units:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    kept = [_clip(line.rstrip(), units) for line in lines[:most]]
    if len(lines) > most:
        kept[-1] = _clip(kept[-1] + "…", units) if kept[-1].endswith("…") else kept[-1][: int(units) - 1] + "…"
    return kept


def _lettering(item: Item, title: str, ink: str) -> Html:
    lines = wrap(title)
    top, step = (124, 13) if len(lines) < _MOST_LINES else (120, 12)
    year = str(item.year) if item.year is not None else ""
    parts = [tag("text", line, x=10, y=top + step * row, class_="cover-title") for row, line in enumerate(lines)]
    parts.append(tag("text", year, x=10, y=HEIGHT - 6 if len(lines) > 3 else HEIGHT - 10, class_="cover-year"))
    return tag("g", *parts, fill=ink, aria_hidden="true")


def _rings(seed: int, first: str, second: str) -> Html:
    x, y = 20 + seed % 80, 28 + seed // 7 % 50
    rings = [
        tag("circle", cx=x, cy=y, r=12 + 16 * ring, fill="none", stroke=first if ring % 2 else second, stroke_width=7)
        for ring in range(5)
    ]
    return join(rings)


def _hills(seed: int, first: str, second: str) -> Html:
    sun_x, height = 24 + seed % 72, 58 + seed // 11 % 20
    return join(
        (
            tag("circle", cx=sun_x, cy=36, r=17, fill=second),
            tag("path", d=f"M0 {height + 14} Q30 {height - 22} 64 {height + 12} T120 {height} V110 H0Z", fill=first),
            tag("path", d=f"M0 {height + 30} Q44 {height} 120 {height + 34} V110 H0Z", fill=second, opacity=0.55),
        )
    )


def _stripes(seed: int, first: str, second: str) -> Html:
    step, lean = 14 + seed % 9, 20 + seed // 9 % 40
    bands = [
        tag("path", d=f"M{x} 0 h{step / 2} l{-lean} 108 h{-step / 2}Z", fill=first if n % 3 else second)
        for n, x in enumerate(range(0, WIDTH + lean + step, step))
    ]
    return join(bands)


def _dots(seed: int, first: str, second: str) -> Html:
    dots = [
        tag(
            "circle",
            cx=16 + 22 * column,
            cy=16 + 20 * row,
            r=3 + (seed >> (row + column)) % 6,
            fill=second if (seed >> (row * 2 + column)) % 4 == 0 else first,
        )
        for row in range(5)
        for column in range(5)
    ]
    return join(dots)


def _arcs(seed: int, first: str, second: str) -> Html:
    flip = seed % 2
    arcs = [
        tag(
            "path",
            d=f"M{10 + n * 11} 106 A{50 - n * 11} {72 - n * 14 + seed % 12} 0 0 1 {110 - n * 11} 106Z",
            fill=first if n % 2 == flip else second,
            opacity=1 if n else 0.9,
        )
        for n in range(4)
    ]
    return join(arcs)


def _peaks(seed: int, first: str, second: str) -> Html:
    a, b = 22 + seed % 30, 66 + seed // 5 % 34
    return join(
        (
            tag("circle", cx=120 - a, cy=26, r=11, fill=second),
            tag("path", d=f"M{a - 52} 108 L{a} 38 L{a + 52} 108Z", fill=second, opacity=0.8),
            tag("path", d=f"M{b - 60} 108 L{b} 22 L{b + 60} 108Z", fill=first),
        )
    )


def _windows(seed: int, first: str, second: str) -> Html:
    panes = [
        tag(
            "rect",
            x=12 + 34 * column,
            y=12 + 32 * row,
            width=28,
            height=26,
            rx=(seed % 3) * 7,
            fill=second if (seed >> (3 * row + column)) % 3 == 0 else first,
        )
        for row in range(3)
        for column in range(3)
    ]
    return join(panes)


_MOTIFS: tuple[Callable[[int, str, str], Html], ...] = (_rings, _hills, _stripes, _dots, _arcs, _peaks, _windows)


def _mood(item: Item, schema: CatalogSchema) -> str:
    """What decides the colors: the first category, so that items of one kind look related."""
    for spec in schema.of_kind(FieldKind.CATEGORY):
        if values := item.values.get(spec.name):
            return "|".join(values[:2])
    return item.item_id


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _pieces(title: str) -> list[str]:
    """Words with the space after them; a Chinese character stands alone."""
    pieces: list[str] = []
    for character in title:
        if not pieces or _wide(character) or pieces[-1].endswith(" ") or _wide(pieces[-1][-1]):
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def _units(text: str) -> float:
    return sum(2.0 if _wide(character) else 1.0 for character in text)


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _clip(line: str, units: float) -> str:
    if _units(line) <= units:
        return line
    while line and _units(line) > units - 1:
        line = line[:-1]
    return line + "…"
