"""Which tools to call for an intent, and with which arguments.

A rule makes the plan from what was understood: the tools are cheap and run side by side, so choosing among them saves
nothing, while each word of a plan written by a 1.5B model costs 50 ms and may be wrong.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from agent.intent import Act, ToolCall
from retrieval.preference import Preference

SEARCH, SCORES, GRAPH, DETAILS = "search_catalog", "cf_scores", "graph_lookup", "item_details"
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


def _paths(preference: Preference, about: Sequence[str]) -> tuple[ToolCall, ...]:
    """How the items hang together with the example given last."""
    return tuple(
        ToolCall(GRAPH, {"kind": "path", "item_id": liked, "other_item_id": item_id})
        for liked in preference.liked[-1:]
        for item_id in about
        if item_id != liked
    )
