"""Collaborative filtering: what people with similar taste like, with what was just said folded in."""

from langchain_core.tools import BaseTool, tool

from tools.context import Found, ToolContext
from tools.render import render_candidates

CHANNELS = ("factors", "neighbors", "sequence", "trend")


def make_cf_scores(context: ToolContext) -> BaseTool:
    """The tool over one user's turn."""

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def cf_scores(
        liked: list[str] | None = None, disliked: list[str] | None = None, items: list[str] | None = None
    ) -> tuple[str, Found]:
        """Score items by what people with similar taste liked.

        Args:
            liked: Item ids that the user likes, beside what is known already.
            disliked: Item ids that the user dislikes, beside what is known already.
            items: Item ids to score; leave out for the best of all.
        """
        wanted = context.preference
        found = context.run(
            CHANNELS,
            context.known(items or ()),
            liked=tuple(dict.fromkeys((*wanted.liked, *context.known(liked or ())))),
            disliked=tuple(dict.fromkeys((*wanted.disliked, *context.known(disliked or ())))),
        )
        catalog = context.retriever.catalog
        texts = [f"{name}:\n{render_candidates(found.by_channel[name], catalog)}" for name in CHANNELS]
        return "\n".join(texts), found

    return cf_scores
