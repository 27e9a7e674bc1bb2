"""The knowledge graph: items that share people, themes and the like; paths that explain. The model writes no query."""

from typing import Literal

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field, create_model

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.schema import CatalogSchema, FieldKind
from tools.context import SHOWN, Found, ToolContext
from tools.render import one_line, render_candidates, render_facts

CHANNEL = "graph"
Kind = Literal["candidates", "facts", "items", "path"]


def make_graph_lookup(context: ToolContext) -> BaseTool:
    """The tool over one user's turn; its relations are a closed list made from the catalog's schema."""

    def graph_lookup(
        kind: Kind = "candidates",
        item_id: str = "",
        other_item_id: str = "",
        relation: str = "",
        value: str = "",
        items: list[str] | None = None,
    ) -> tuple[str, Found]:
        if kind == "candidates":
            found = context.run([CHANNEL], context.known(items or ()))
            return render_candidates(found.by_channel[CHANNEL], context.retriever.catalog), found
        if kind == "items":
            return _items_with(context, relation, value)
        if kind == "path":
            return _path(context, _known(context, item_id), _known(context, other_item_id))
        facts = context.retriever.facts(_known(context, item_id))
        return render_facts(item_id, facts, context.retriever.catalog, text=False), Found(facts={item_id: facts})

    return StructuredTool.from_function(
        graph_lookup,
        name="graph_lookup",
        description=(
            "Look things up in the knowledge graph. kind 'candidates': items connected with what the user likes and "
            "wishes; 'facts': what is known of item_id; 'items': items whose relation is value; 'path': how item_id "
            "and other_item_id hang together."
        ),
        args_schema=_arguments(context.retriever.schema),
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _arguments(schema: CatalogSchema) -> type[BaseModel]:
    relations = tuple(spec.name for spec in schema.fields if spec.kind is not FieldKind.NUMBER)
    relation = Literal[("", *relations)]  # type: ignore[valid-type]
    return create_model(
        "GraphLookup",
        kind=(Kind, "candidates"),
        item_id=(str, Field("", max_length=200, description="an item id")),
        other_item_id=(str, Field("", max_length=200, description="for 'path': the other item id")),
        relation=(relation, Field("", description="for 'items': the relation")),
        value=(str, Field("", max_length=120, description="for 'items': the name that the relation leads to")),
        items=(list[str] | None, Field(None, description="for 'candidates': item ids to score")),
    )


def _known(context: ToolContext, item_id: str) -> str:
    if item_id in context.retriever.catalog:
        return item_id
    near = [one.item_id for one in context.retriever.catalog.find_title(item_id, limit=3)]
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise ToolException(f"no item with id {item_id!r}.{hint}")


def _items_with(context: ToolContext, relation: str, value: str) -> tuple[str, Found]:
    names = context.retriever.catalog.values(relation)
    match = next((name for name in names if name.casefold() == value.casefold()), "")
    if not match:
        raise ToolException(f"no item has {relation or 'that relation'} {one_line(value)!r}")
    ids = context.retriever.items_with(relation, match)
    fact = Evidence(CHANNEL, EvidenceKind.FACT, relation, match)
    found = [Candidate(one, {CHANNEL: 1.0 / rank}, (fact,)) for rank, one in enumerate(ids, 1)]
    return render_candidates(found, context.retriever.catalog), Found({CHANNEL: found})


def _path(context: ToolContext, item_id: str, other: str) -> tuple[str, Found]:
    path = context.retriever.path(item_id, other)
    if path is None:
        return "not connected", Found()
    text = "; ".join(f"{start} -{relation}- {end}" for start, relation, end in path.path[:SHOWN])
    return one_line(text), Found(facts={other: (path,)})
