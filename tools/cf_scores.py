"""Collaborative filtering: what people with similar taste like, with what was just said folded in."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool, StructuredTool

from tools.arguments import ArgumentTypes
from tools.context import Found, ToolContext
from tools.limits import Problems
from tools.render import item_row

NAME = "cf_scores"
CHANNELS = ("factors", "neighbors", "sequence", "trend")


def make_cf_scores(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool over one user's turn."""

    def cf_scores(
        liked: Sequence[str] = (), disliked: Sequence[str] = (), items: Sequence[str] = (), k: int = 8
    ) -> tuple[str, Found]:
        problems = Problems()
        wish = context.preference

        def ids(references: Sequence[str]) -> tuple[str, ...]:
            return tuple(item.item_id for item in context.items(references, problems))

        only = ids(items)
        scored = context.run(
            CHANNELS if only or not items else (),
            only,
            liked=tuple(dict.fromkeys((*wish.liked, *ids(liked)))),
            disliked=tuple(dict.fromkeys((*wish.disliked, *ids(disliked)))),
        )
        lines = [_best(context, scored, k) or "nobody's taste says anything here", *problems.lines]
        return "\n".join(lines), Found(scored.by_channel, problems=problems)

    return StructuredTool.from_function(
        cf_scores,
        name=NAME,
        description=(
            "Score items by what people of similar taste liked. The wish's liked and disliked items and its limits "
            "count. Returns the best rows; what it finds joins what was found before."
        ),
        args_schema=types.cf_scores,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _best(context: ToolContext, scored: Found, k: int) -> str:
    """The first rows of all channels in turns, each once."""
    catalog, taken, rows = context.catalog, set[str](), list[str]()
    for place in range(k):
        for candidates in scored.by_channel.values():
            for candidate in candidates[place : place + 1]:
                if candidate.item_id not in taken:
                    taken |= catalog.double_of(candidate.item_id)
                    rows.append(item_row(catalog.item(candidate.item_id), catalog))
    return "\n".join(rows[:k])
