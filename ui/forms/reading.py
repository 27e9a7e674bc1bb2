"""What a form that was filled here once had shown: read back from the JSON that a client sends along."""

import json
from collections.abc import Iterator

from pydantic import JsonValue

from agent.recommendation import Explanation, Recommendation
from agent.transcript import render_list
from retrieval.items import Catalog, Item
from ui.forms.sources import Sources, find, sources_of, words_of

DEEPEST = 12
MOST = 50


def as_list(text: str, catalog: Catalog) -> str:
    """The items that a filled form names, as a list in words; '' where it is no such form."""
    if not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    by_id = {item.item_id: item for item in _items(value, "", catalog, sources_of(catalog), 0)}
    items = [*by_id.values()][:MOST]
    return render_list([Recommendation(item, rank, Explanation("")) for rank, item in enumerate(items, 1)])


def _items(value: JsonValue, name: str, catalog: Catalog, sources: Sources, depth: int) -> Iterator[Item]:
    """The items in the order in which they are named."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        if (item := _item(value, catalog, sources)) is not None:
            yield item
            return
        for key, part in value.items():
            yield from _items(part, key, catalog, sources, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _items(part, name, catalog, sources, depth + 1)
    elif isinstance(value, str) and set(words_of(name)) & sources.nouns:
        yield from _titled(value, None, catalog)


def _item(entry: dict[str, JsonValue], catalog: Catalog, sources: Sources) -> Item | None:
    """The item that an object is about: by its id, else by its title and year."""
    said = {key: value for key, value in entry.items() if isinstance(value, str | int | float)}
    for key, value in said.items():
        if find(key, sources.item) is sources.item["item_id"] and str(value) in catalog:
            return catalog.item(str(value))
    years = (value for key, value in said.items() if isinstance(value, int) and "year" in words_of(key))
    year = next(years, None)
    for key, value in said.items():
        if isinstance(value, str) and find(key, sources.item) in (sources.item["title"], sources.item["label"]):
            return next(_titled(value, year, catalog), None)
    return None


def _titled(title: str, year: int | None, catalog: Catalog) -> Iterator[Item]:
    matches = catalog.titles.exact(title, year=year) or catalog.titles.exact(title.rpartition(" (")[0], year=year)
    yield from (catalog.item(match.item_id) for match in matches[:1])
