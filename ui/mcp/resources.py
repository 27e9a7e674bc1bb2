"""Items as resources: listed in the catalog's order, page by page, read as JSON."""

from urllib.parse import quote, unquote

from mcp import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from retrieval.errors import UnknownItemError
from retrieval.items import Catalog
from ui.api.data_routes import find_item
from ui.api.writing import item_to_wire

ITEMS = "reconteur://items/"
PAGE = 200
JSON = "application/json"


def list_items(catalog: Catalog, cursor: str | None) -> ListResourcesResult:
    """A page of the items.

    Raises:
        MCPError: The cursor is none that was given out here.
    """
    if cursor is not None and not (cursor.isdecimal() and len(cursor) < 10):
        raise MCPError(INVALID_PARAMS, "expected a cursor of this list, found another one. Begin without one.")
    start = int(cursor or 0)
    items = [*catalog][start : start + PAGE]
    listed = [
        Resource(uri=f"{ITEMS}{quote(item.item_id, safe='')}", name=item.item_id, title=item.label, mime_type=JSON)
        for item in items
    ]
    following = start + PAGE
    return ListResourcesResult(resources=listed, next_cursor=str(following) if following < catalog.size else None)


def list_templates(catalog: Catalog) -> ListResourceTemplatesResult:
    """How the address of an item is made."""
    noun = catalog.schema.noun_in("en")
    template = ResourceTemplate(
        uri_template=f"{ITEMS}{{item_id}}", name="item", description=f"The facts of a {noun}.", mime_type=JSON
    )
    return ListResourceTemplatesResult(resource_templates=[template])


def read_item(catalog: Catalog, uri: str) -> ReadResourceResult:
    """An item's facts.

    Raises:
        MCPError: There is no such item.
    """
    if not uri.startswith(ITEMS):
        raise MCPError(INVALID_PARAMS, f"expected {ITEMS}ITEM_ID, found another address.")
    try:
        item = find_item(catalog, unquote(uri.removeprefix(ITEMS)))
    except UnknownItemError as error:
        raise MCPError(INVALID_PARAMS, error.public) from None
    text = item_to_wire(item, catalog).model_dump_json(exclude_none=True)
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=text, mime_type=JSON)])
