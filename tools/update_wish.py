"""The wish of the conversation, changed by a patch."""

from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from tools.arguments import ArgumentTypes
from tools.context import Found, ToolContext
from tools.patch import apply_patch
from tools.render import one_line, wish_text

NAME = "update_wish"


def make_update_wish(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool over one user's turn."""

    def update_wish(**values: Any) -> tuple[str, Found]:
        if context.is_unread:
            values.pop("start_over", None)
        result = apply_patch(
            context.wanted,
            types.update_wish.model_construct(**values),
            context.placer,
            shown=context.shown,
            known=context.limits.known,
            tastes=context.tastes,
        )
        lines = [f"wish: {wish_text(result.preference, context.catalog)}", *result.problems.lines]
        saved = ", ".join(one_line(context.catalog.item(item_id).label) for item_id in result.saved)
        lines += [f"for later: {saved}"] if saved else []
        return "\n".join(lines), Found(patch=result, problems=result.problems)

    return StructuredTool.from_function(
        update_wish,
        name=NAME,
        description=(
            "Note what the message changes in the wish: state only what it says, leave the rest out. Returns the wish "
            "as it stands and what could not be placed, with the nearest names."
        ),
        args_schema=types.update_wish,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
