"""The tools in their fixed order: names, descriptions, schemas, and the scopes that a key needs for each."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel

from retrieval.schema import CatalogSchema
from ui.access.caller import Scope
from ui.mcp import shapes
from ui.mcp.calls import Desk


@dataclass(frozen=True, slots=True)
class DeskTool:
    """A tool: what it takes, gives and needs."""

    name: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    scope: Scope
    run: Callable[[Desk, Any], Coroutine[Any, Any, BaseModel]]
    is_read_only: bool = True

    def described(self, schema: CatalogSchema) -> Tool:
        """As the protocol lists it."""
        return Tool(
            name=self.name,
            description=self.description.format(
                noun=schema.noun_in("en"), nouns=schema.nouns_in("en"), fields=_fields(schema)
            ),
            input_schema=self.takes.model_json_schema(),
            output_schema=self.gives.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(
                read_only_hint=self.is_read_only, destructive_hint=False, idempotent_hint=False, open_world_hint=False
            ),
        )


TOOLS: Mapping[str, DeskTool] = {
    tool.name: tool
    for tool in (
        DeskTool(
            "recommend",
            "Recommend {nouns} for a wish in a person's own words, with reasons that rest on facts of the catalog. "
            "Give the whole wish; limits in it are kept. Every item is in the catalog; show `reason` as it is.",
            shapes.RecommendArguments,
            shapes.RecommendResult,
            Scope.RECOMMEND,
            Desk.recommend,
            is_read_only=False,
        ),
        DeskTool(
            "search",
            "Find {nouns} by what they are about, within limits on the fields {fields}, and how many keep the limits.",
            shapes.SearchArguments,
            shapes.SearchAnswer,
            Scope.RECOMMEND,
            Desk.search,
        ),
        DeskTool(
            "explain",
            "What speaks for one {noun}, for a user and a wish if given: scores by recommender, evidence, its facts.",
            shapes.ExplainArguments,
            shapes.ExplainAnswer,
            Scope.RECOMMEND,
            Desk.explain,
        ),
        DeskTool(
            "compare",
            "Two to five {nouns} side by side: the values of every field, what they share, how they hang together.",
            shapes.CompareArguments,
            shapes.CompareAnswer,
            Scope.ITEMS,
            Desk.compare,
        ),
        DeskTool(
            "feedback",
            "Keep a person's opinion of a {noun} (like, dislike, seen); the next list knows it.",
            shapes.FeedbackArguments,
            shapes.FeedbackResult,
            Scope.FEEDBACK,
            Desk.feedback,
            is_read_only=False,
        ),
        DeskTool(
            "taste",
            "What is known of a person's taste: liked, disliked and known {nouns}, and lasting limits.",
            shapes.TasteArguments,
            shapes.TasteAnswer,
            Scope.ADMIN,
            Desk.taste,
        ),
    )
}


def _fields(schema: CatalogSchema) -> str:
    return ", ".join(spec.name for spec in schema.fields)
