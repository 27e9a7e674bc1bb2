"""The one list of tools: what each driver offers, and in which phase of a step each runs."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from tools import cf_scores, graph_lookup, item_details, search_catalog, update_wish
from tools.arguments import ArgumentTypes
from tools.context import ToolContext
from tools.endings import (
    ANSWER,
    ASK_USER,
    HAND_OVER,
    RECOMMEND,
    make_answer,
    make_ask_user,
    make_hand_over,
    make_recommend,
)

Make = Callable[[ToolContext, ArgumentTypes], BaseTool]

MAKERS: Final[Mapping[str, Make]] = {
    update_wish.NAME: update_wish.make_update_wish,
    search_catalog.NAME: search_catalog.make_search_catalog,
    cf_scores.NAME: cf_scores.make_cf_scores,
    graph_lookup.NAME: graph_lookup.make_graph_lookup,
    item_details.NAME: item_details.make_item_details,
    RECOMMEND: make_recommend,
    ANSWER: make_answer,
    ASK_USER: make_ask_user,
}
PATCHES: Final = (update_wish.NAME,)
LOOKUPS: Final = (search_catalog.NAME, cf_scores.NAME, graph_lookup.NAME, item_details.NAME)
ENDINGS: Final = (RECOMMEND, ANSWER, ASK_USER, HAND_OVER)
NAMES: Final = (*MAKERS, HAND_OVER)


def make_tools(context: ToolContext, types: ArgumentTypes | None = None) -> dict[str, BaseTool]:
    """All tools of one turn, by name, always in the same order."""
    types = types or context.placer.argument_types
    tools = {name: make(context, types) for name, make in MAKERS.items()}
    return tools if context.catalog.house.handover is None else {**tools, HAND_OVER: make_hand_over(context)}


def schemas(types: ArgumentTypes) -> list[dict[str, Any]]:
    """The tools in OpenAI's form, without a turn to run them in."""
    made = (make(cast(ToolContext, None), types) for make in MAKERS.values())
    return [convert_to_openai_tool(tool) for tool in made]
