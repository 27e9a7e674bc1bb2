"""Thin LangChain tools over `retrieval`, one per file."""

from langchain_core.tools import BaseTool

from tools.cf_scores import make_cf_scores
from tools.context import Found, ToolContext
from tools.graph_lookup import make_graph_lookup
from tools.item_details import make_item_details
from tools.model_titles import CHANNEL as MODEL_CHANNEL
from tools.model_titles import make_model_titles
from tools.search_catalog import make_search_catalog

__all__ = ["Found", "ToolContext", "make_tools"]


def make_tools(context: ToolContext) -> dict[str, BaseTool]:
    """All tools of one turn, by name; the language model's titles only where that channel is on."""
    makers = [make_search_catalog, make_cf_scores, make_graph_lookup, make_item_details]
    if MODEL_CHANNEL in context.retriever.channel_names:
        makers.append(make_model_titles)
    made = [make(context) for make in makers]
    return {one.name: one for one in made}
