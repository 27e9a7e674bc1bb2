"""How the tests sit down at a turn's desk, call a tool, and read what it brought."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from retrieval.history import UserHistory
from retrieval.items import Catalog, Item
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from retrieval.schema import CatalogSchema
from tests.fakes import tea_schema
from tools import ArgumentTypes, Batch, Call, Found, Result, ToolContext, make_tools
from tools.arguments import Limit, UpdateWish
from tools.placing import Placer

SECONDS = 20.0
"""More than any tool takes, however busy this machine is."""


def desk(retriever: Retriever, wanted: Preference | None = None, **members: Any) -> ToolContext:
    """One turn of somebody who wants that."""
    members = {"history": UserHistory(), **members}
    return ToolContext(retriever, Placer(retriever.catalog), wanted=wanted or Preference(), **members)


def call(context: ToolContext, tool: str, **arguments: Any) -> tuple[str, Found]:
    """A tool alone: its text and what it found."""
    request = {"type": "tool_call", "id": "1", "name": tool, "args": arguments}
    answer = make_tools(context)[tool].invoke(request)
    assert isinstance(answer, ToolMessage)
    assert isinstance(answer.artifact, Found)
    return str(answer.content), answer.artifact


async def step(context: ToolContext, *calls: tuple[str, Mapping[str, Any]], batch: Batch | None = None) -> list[Result]:
    """The calls of one step."""
    batch = batch or Batch.over(context, tool_timeout_s=SECONDS)
    return await batch.run([Call(tool, arguments, f"c{place}") for place, (tool, arguments) in enumerate(calls)])


def with_tool(context: ToolContext, tool: BaseTool, **options: Any) -> Batch:
    """A batch in which a tool has been exchanged."""
    options = {"tool_timeout_s": SECONDS, **options}
    return Batch(context, {**make_tools(context), tool.name: tool}, **options)


def found_ids(result: Found, channel: str) -> list[str]:
    return [candidate.item_id for candidate in result.by_channel[channel]]


def lines(text: str) -> list[str]:
    return text.splitlines()


def catalog_of(*items: Item, schema: CatalogSchema | None = None) -> Catalog:
    return Catalog(schema or tea_schema(), items)


def titled(*labels: tuple[str, int] | str) -> Catalog:
    """A catalog of titles, with or without a year; ids are 'id:0', 'id:1' ..."""
    pairs = [(label, None) if isinstance(label, str) else label for label in labels]
    return catalog_of(
        *(
            Item(f"id:{place}", title, numbers={} if year is None else {"year": float(year)})
            for place, (title, year) in enumerate(pairs)
        )
    )


def limit(**members: Any) -> Limit:
    """As a model states it."""
    return Limit.model_validate(members)


def patch(catalog: Catalog, **members: Any) -> UpdateWish:
    """As a model states it, checked against the catalog's fields."""
    return ArgumentTypes.of(catalog.schema).update_wish.model_validate(members)


def labels(catalog: Catalog, item_ids: Sequence[str]) -> list[str]:
    return [catalog.item(item_id).label for item_id in item_ids]
