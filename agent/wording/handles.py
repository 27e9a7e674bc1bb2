"""Handles in a model's prose -> what they stand for: `[[i12]]`, `[[i12.directors]]`, `[[#2]]`, `[[count]]`.

A model that refers to facts by handles cannot misspell or make up what they hold.
"""

import re
from collections.abc import Sequence

from agent.wording.messages import join, label, number
from agent.wording.values import spec_of, values_of
from retrieval.items import Item
from tools import ToolContext
from tools.render import one_line

HANDLE = re.compile(r"\[\[\s*([^\[\]]{0,60}?)\s*\]\]")
ROW, PLACE = re.compile(r"i(\d+)"), re.compile(r"#?\s?(\d+)")
COUNT = "count"
MOST_VALUES = 6


def fill(text: str, context: ToolContext, listed: Sequence[str] = ()) -> str | None:
    """A sentence with its handles filled in; None where one stands for nothing.

    Args:
        text: One sentence of prose.
        context: The turn's desk.
        listed: The item ids of the list on screen, in order, for '#2'; the last list where empty.
    """
    language = context.preference.language
    unknown = False

    def put(match: re.Match[str]) -> str:
        nonlocal unknown
        words = _words(match.group(1), context, listed, language)
        unknown = unknown or not words
        return words

    filled = HANDLE.sub(put, text)
    return None if unknown or "[[" in filled or "]]" in filled else filled


def _words(handle: str, context: ToolContext, listed: Sequence[str], language: str) -> str:
    """What a handle stands for; '' for nothing."""
    if handle == COUNT:
        counted = [found for found in context.lookups if found.is_asked] or list(context.lookups)
        return number(counted[-1].total, language) if counted else ""
    reference, _, name = handle.partition(".")
    item = _item(reference.strip(), context, listed)
    if item is None:
        return ""
    if not name:
        return one_line(label(item, language))
    spec = spec_of(context.catalog.schema, name.strip())
    return "" if spec is None else one_line(join(values_of(item, spec, language)[:MOST_VALUES], language))


def _item(reference: str, context: ToolContext, listed: Sequence[str]) -> Item | None:
    catalog = context.catalog
    if match := ROW.fullmatch(reference):
        row = int(match.group(1))
        return catalog.items[row] if row < len(catalog) else None
    if match := PLACE.fullmatch(reference):
        place, shown = int(match.group(1)) - 1, listed or context.shown
        item_id = shown[place] if 0 <= place < len(shown) else ""
        return catalog.item(item_id) if item_id in catalog else None
    return None
