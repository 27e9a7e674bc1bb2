"""The knowledge graph: items of an entity or of several, counts, facts, paths, neighbors. The model writes no query."""

from collections.abc import Sequence

from langchain_core.tools import BaseTool, StructuredTool

from retrieval.items import Item
from tools.arguments import ArgumentTypes, GraphKind, Limit
from tools.context import Found, Lookup, ToolContext
from tools.item_details import facts_of
from tools.limits import Problems
from tools.render import item_table, limit_text, one_line, path_text

NAME = "graph_lookup"
CHANNEL = "graph"


def make_graph_lookup(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool over one user's turn; its relations are the fields of the catalog's schema."""

    def graph_lookup(
        kind: GraphKind = "items",
        items: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        sort: str = "",
        k: int = 12,
    ) -> tuple[str, Found]:
        problems = Problems()
        if kind in ("items", "count"):
            return _all_items(context, limits, sort, 0 if kind == "count" else k, problems)
        if kind == "path" and len(people := _people(context, items)) == 2:
            return _between(context, *people)
        named = context.items(items, problems)
        wanted = 2 if kind == "path" else 1
        if len(named) < wanted:
            return _refused(f"'{kind}' needs {wanted} item(s) in items", problems)
        if kind == "path":
            return _path(context, named[0], named[1], problems)
        if kind == "neighbors":
            return _neighbors(context, named[0], k, problems)
        return facts_of(context, named, problems)

    return StructuredTool.from_function(
        graph_lookup,
        name=NAME,
        description=(
            "Look things up: all items with some people, themes or years and how many there are, facts of items, how "
            "two items or two people hang together, what shares most with an item. Only the limits given here count, "
            "not the wish."
        ),
        args_schema=types.graph_lookup,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _all_items(
    context: ToolContext, limits: Sequence[Limit], sort: str, k: int, problems: Problems
) -> tuple[str, Found]:
    constraints = context.limits.read(limits, problems)
    if problems.lines:  # a count without a limit that was asked for would be a false one
        return _refused("nothing was counted: a limit could not be placed", problems)
    total, order = context.retriever.matching(constraints, sort)
    what = ", ".join(map(limit_text, constraints)) or "all items"
    rows = [context.catalog.item(item_id) for item_id in order[:k]]
    lines = [f"{total} items: {what}", item_table(rows, context.catalog, wanted=constraints)]
    lookup = Lookup(constraints, total, tuple(order), sort, rows=k, is_asked=True)
    candidates = context.retriever.candidates_of(order[: context.retriever.pool_size], CHANNEL, constraints)
    result = Found({CHANNEL: candidates} if k else {}, lookup=lookup)
    return "\n".join(filter(None, lines)), result


def _refused(why: str, problems: Problems) -> tuple[str, Found]:
    return "\n".join([why, *problems.lines]), Found(problems=problems, is_refused=True)


def _path(context: ToolContext, first: Item, second: Item, problems: Problems) -> tuple[str, Found]:
    paths = context.retriever.connections(first.item_id, second.item_id)
    text = "\n".join(path_text(path, context.catalog) for path in paths) or "no connection was found"
    facts = {item.item_id: context.retriever.facts(item.item_id) for item in (first, second)}
    return "\n".join([text, *problems.lines]), Found(facts=facts, paths=paths, problems=problems)


def _people(context: ToolContext, names: Sequence[str]) -> list[str]:
    """The people that some names mean, where none of the names is a title."""
    fields = [spec.name for spec in context.catalog.schema.fields if spec.people]
    people = []
    for said in names[:2]:
        placed = (context.placer.value(name, said) for name in fields)
        person = next((placed_value.value for placed_value in placed if placed_value.value), "")
        people += [person] if person and not context.catalog.titles.exact(said) else []
    return people


def _between(context: ToolContext, first: str, second: str) -> tuple[str, Found]:
    path = context.retriever.people_path(first, second)
    if path is None:
        return f"no connection was found between {one_line(first)} and {one_line(second)}", Found()
    items = dict.fromkeys(step[0] for step in path.path)
    facts = {item_id: context.retriever.facts(item_id) for item_id in items}
    return path_text(path, context.catalog), Found(facts=facts, paths=(path,))


def _neighbors(context: ToolContext, item: Item, k: int, problems: Problems) -> tuple[str, Found]:
    ids = [item_id for item_id, _ in context.retriever.neighbors(item.item_id, k)]
    rows = item_table(map(context.catalog.item, ids), context.catalog) or "nothing shares anything"
    candidates = context.retriever.candidates_of(ids, CHANNEL, ())
    facts = {item.item_id: context.retriever.facts(item.item_id)}
    return "\n".join([rows, *problems.lines]), Found({CHANNEL: candidates}, facts=facts, problems=problems)
