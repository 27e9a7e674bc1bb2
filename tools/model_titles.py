"""Titles that the language model itself names for the wish, and items whose text it read to fit; catalog items only."""

from langchain_core.tools import BaseTool, tool

from tools.context import Found, ToolContext
from tools.render import render_candidates

CHANNEL = "language_model"


def make_model_titles(context: ToolContext) -> BaseTool:
    """The tool over one user's turn."""

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def model_titles(ask: bool = True, items: list[str] | None = None) -> tuple[str, Found]:
        """Find items that the language model names for the wish from what it has read.

        Args:
            ask: Whether the model may be asked; if not, only what it named before counts.
            items: Item ids to score; leave out for the best of all.
        """
        if ask:
            context.retriever.prepare(CHANNEL, context.preference)
        found = context.run([CHANNEL], context.known(items or ()))
        return render_candidates(found.by_channel[CHANNEL], context.retriever.catalog), found

    return model_titles
