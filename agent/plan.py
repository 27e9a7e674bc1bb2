"""Which tools to call for an intent, and with which arguments.

A rule makes the plan from what was understood: the tools are cheap and run side by side, so choosing among them saves
nothing, while each word of a plan written by a 1.5B model costs 50 ms and may be wrong.
"""

from collections.abc import Collection, Sequence

from pydantic import JsonValue

from agent.intent import Act, ToolCall
from retrieval.preference import Preference

SEARCH, SCORES, GRAPH, DETAILS = "search_catalog", "cf_scores", "graph_lookup", "item_details"
TITLES = "model_titles"
NO_TOOLS = (Act.CHAT,)


def make_plan(act: Act, preference: Preference, about: Sequence[str], topic: str) -> tuple[ToolCall, ...]:
    """The tool calls of a turn; empty for small talk."""
    if act in NO_TOOLS:
        return ()
    if act is Act.ASK and topic == "why":
        items: list[JsonValue] = [*about[:3]]
        scores = tuple(ToolCall(one.tool, {**one.arguments, "items": items}) for one in recommending_plan(preference))
        return (*scores, *_paths(preference, about[:3]))
    if act is Act.ASK:
        fields: list[JsonValue] = [topic] if topic not in ("", "text") else []
        return tuple(ToolCall(DETAILS, {"item_id": item_id, "fields": fields}) for item_id in about[:3])
    return recommending_plan(preference)


def recommending_plan(preference: Preference) -> tuple[ToolCall, ...]:
    """Every recommender has its say."""
    return (
        ToolCall(SEARCH, {"query": preference.text}),
        ToolCall(SCORES, {"liked": [*preference.liked], "disliked": [*preference.disliked]}),
        ToolCall(GRAPH, {"kind": "candidates"}),
    )


def with_titles(plan: tuple[ToolCall, ...], tools: Collection[str], *, ask: bool) -> tuple[ToolCall, ...]:
    """The plan, with the titles that the language model names where a search is planned and that tool is there.

    Args:
        plan: Made from what was understood, whichever tools there are.
        tools: Names of those that are there.
        ask: Whether the model may be asked; a click is answered without it.
    """
    search = next((one for one in plan if one.tool == SEARCH), None)
    if search is None or TITLES not in tools:
        return plan
    only = {"items": search.arguments["items"]} if "items" in search.arguments else {}
    return (*plan, ToolCall(TITLES, {"ask": ask and not only, **only}))


def _paths(preference: Preference, about: Sequence[str]) -> tuple[ToolCall, ...]:
    """How the items hang together with the example given last."""
    return tuple(
        ToolCall(GRAPH, {"kind": "path", "item_id": liked, "other_item_id": item_id})
        for liked in preference.liked[-1:]
        for item_id in about
        if item_id != liked
    )
