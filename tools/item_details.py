"""Facts about items, to answer 'what is it about' and 'who made it'."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool, StructuredTool

from retrieval.items import Item
from tools.arguments import ArgumentTypes
from tools.context import Found, ToolContext
from tools.limits import Problems
from tools.render import item_facts

NAME = "item_details"
MOST = 10


def make_item_details(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool over the catalog."""

    def item_details(items: Sequence[str], fields: Sequence[str] = ()) -> tuple[str, Found]:
        problems = Problems()
        return facts_of(context, context.items(items, problems), problems, fields)

    return StructuredTool.from_function(
        item_details,
        name=NAME,
        description="Look up the facts and the description of items; 'not known' where the catalog does not say.",
        args_schema=types.item_details,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def facts_of(
    context: ToolContext, items: Sequence[Item], problems: Problems, fields: Sequence[str] = ()
) -> tuple[str, Found]:
    """The facts of some items, written out; a refused call where there is no item."""
    named = items[:MOST]
    if len(items) > MOST:
        problems.add(f"only the first {MOST} of {len(items)} items")
    facts = {item.item_id: context.retriever.facts(item.item_id) for item in named}
    texts = [item_facts(item, context.catalog, fields) for item in named]
    return "\n".join([*texts, *problems.lines]), Found(facts=facts, problems=problems, is_refused=not named)
