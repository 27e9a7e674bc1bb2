"""The addresses of the page's views: '#/item/game%3A1'. They stand behind the '#', so no server ever reads them."""

from urllib.parse import quote, unquote

LONGEST = 1000
"""Characters of an address that are read."""


def link_to(view: str = "", *rest: str) -> str:
    """The address of a view; of the conversation where none is named."""
    return "#/" + "/".join(quote(part, safe="") for part in (view, *rest))


def parts_of(path: str) -> tuple[str, ...]:
    """The view that the rest of an address names, then what follows; ('',) for the conversation."""
    return tuple(unquote(part) for part in path[:LONGEST].split("/"))
