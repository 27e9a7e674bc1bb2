"""Semantic search: what the descriptions are about."""

from langchain_core.tools import BaseTool, tool

from tools.context import Found, ToolContext
from tools.render import render_candidates

CHANNEL = "content"


def make_search_catalog(context: ToolContext) -> BaseTool:
    """The tool over one user's turn. Limits are kept by the typed filter, whatever the query says."""

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def search_catalog(query: str, items: list[str] | None = None) -> tuple[str, Found]:
        """Find items whose description is near to a wish and to what this user likes.

        Args:
            query: What is wanted, in a few English words: mood, story, style. May be empty.
            items: Item ids to score; leave out to search the whole catalog.
        """
        found = context.run([CHANNEL], context.known(items or ()), text=query[:400])
        return render_candidates(found.by_channel[CHANNEL], context.retriever.catalog), found

    return search_catalog
