"""Semantic search: what the descriptions are about. Its vector candidates come from Chroma."""

from collections.abc import Iterator, Sequence

from langchain_core.tools import BaseTool, StructuredTool

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.items import Item
from retrieval.preference import Constraint, Op
from tools.arguments import ArgumentTypes, Limit
from tools.context import Found, Lookup, ToolContext
from tools.limits import Problems
from tools.render import item_row, limit_text

NAME = "search_catalog"
CHANNEL = "content"
NAMED = "language_model"
"""The channel of titles that the model named."""
ALIKE = "ONLY LIKE A TITLE YOU NAMED"


def make_search_catalog(context: ToolContext, types: ArgumentTypes) -> BaseTool:
    """The tool over one user's turn. Limits are kept by the typed filter, whatever the description says."""

    def search_catalog(
        description: str = "",
        titles: Sequence[str] = (),
        limits: Sequence[Limit] = (),
        sort: str = "",
        k: int = 12,
    ) -> tuple[str, Found]:
        problems = Problems()
        wish = context.preference
        named = _named(context.items(titles, problems))
        alike = {placed.item_id for placed in map(context.limits.place, titles) if placed.is_like}
        problems.forget_names()
        constraints = (*wish.constraints, *context.limits.read(limits, problems))
        wanted = description.strip() or ("" if sort else wish.text)
        near = context.retriever.search(wanted, constraints, wish, context.history) if wanted else []
        total, order = context.retriever.matching(constraints, sort)
        names = [candidate.item_id for candidate in named]
        only_titles = bool(titles) and not description.strip() and not sort
        rows = _rows(context, near, [] if only_titles else order, names, k, is_sorted=bool(sort))
        lines = [
            *problems.lines,
            *_unknown(context, constraints),
            f"{total} items keep the limits{'; rows:' if rows else ''}",
            *(
                item_row(
                    item,
                    context.catalog,
                    _note(item, constraints, context, is_alike=item.item_id in alike),
                    wanted=constraints,
                    with_text=True,
                )
                for item in rows
            ),
        ]
        by_channel = {CHANNEL: near} if near else {}
        if named:
            by_channel[NAMED] = named
        lookup = Lookup(tuple(constraints), total, tuple(order), sort)
        return "\n".join(filter(None, lines)), Found(by_channel, lookup=lookup, problems=problems)

    return StructuredTool.from_function(
        search_catalog,
        name=NAME,
        description=(
            "Find items by what they are about, and check titles that you have in mind. The wish's limits hold, and "
            "the limits given here beside them. Returns rows 'i12 Title (year) | field values', how many items keep "
            "the limits in all, and which titles the catalog lacks. What it finds joins what was found before."
        ),
        args_schema=types.search_catalog,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _named(items: Sequence[Item]) -> list[Candidate]:
    """Titles that the model had in mind, best first; those that break a limit are found all the same, never shown."""
    return [
        Candidate(item.item_id, {NAMED: 1.0 / rank}, (Evidence(NAMED, EvidenceKind.PROPOSED, score=1.0 / rank),))
        for rank, item in enumerate(items, 1)
    ]


def _note(item: Item, constraints: Sequence[Constraint], context: ToolContext, *, is_alike: bool) -> str:
    """Whether a title that was named may be another item, and what it breaks: then it will not be shown."""
    failed = [limit for limit in constraints if not context.catalog.satisfies(item, limit)]
    unknown = dict.fromkeys(limit.field for limit in failed if not item.says(limit.field))
    broken = dict.fromkeys(limit_text(limit) for limit in failed if limit.field not in unknown)
    notes = [ALIKE] if is_alike else []
    notes += [f"BREAKS {', '.join(broken)}"] if broken else []
    return ", ".join([*notes, *(f"{name} NOT KNOWN, so not shown under that limit" for name in unknown)])


def _unknown(context: ToolContext, constraints: Sequence[Constraint]) -> Iterator[str]:
    """How many more items would keep the limits if what the catalog does not say of them were left open."""
    catalog = context.catalog
    for name in dict.fromkeys(limit.field for limit in constraints if limit.op is not Op.NOT):
        others = catalog.mask(limit for limit in constraints if limit.field != name)
        if silent := int((others & ~catalog.known(name)).sum()):
            yield f"{silent} more keep the rest, but their {name} is not known: without that limit they can be shown"


def _rows(
    context: ToolContext,
    near: Sequence[Candidate],
    order: Sequence[str],
    named: Sequence[str],
    k: int,
    *,
    is_sorted: bool,
) -> list[Item]:
    """What the model gets to see: the titles it named, then by closeness, in the order that it asked for."""
    fitting = {item_id: place for place, item_id in enumerate(order)}
    ids = [candidate.item_id for candidate in near if candidate.item_id in fitting] if near else [*order]
    if near and is_sorted:  # the nearest, in that order: of all that keep the limits, most are about something else
        ids = sorted(ids[:k], key=lambda item_id: fitting[item_id])
    return [context.catalog.item(item_id) for item_id in list(dict.fromkeys((*named, *ids)))[:k]]
