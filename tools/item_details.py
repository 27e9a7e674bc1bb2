"""Facts about one item, to answer 'what is it about' and 'who made it'."""

from langchain_core.tools import BaseTool, ToolException, tool

from retrieval.errors import UnknownItemError
from tools.context import Found, ToolContext
from tools.render import render_facts


def make_item_details(context: ToolContext) -> BaseTool:
    """The tool over the catalog."""

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def item_details(item_id: str, fields: list[str] | None = None) -> tuple[str, Found]:
        """Look up the facts and the description of one item.

        Args:
            item_id: The item's id.
            fields: Names of the fields wanted; leave out for all.
        """
        catalog = context.retriever.catalog
        try:
            facts = context.retriever.facts(item_id)
        except UnknownItemError as error:
            near = [one.item_id for one in catalog.find_title(item_id, limit=3)]
            raise ToolException(f"{error} Near: {', '.join(near) or 'none'}") from error
        wanted = [one for one in facts if one.field in fields] if fields else []
        return render_facts(item_id, wanted or facts, catalog), Found(facts={item_id: tuple(wanted) or facts})

    item_details.handle_tool_error = True
    return item_details
