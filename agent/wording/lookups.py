"""What the look-ups of a turn found, in words: facts, comparisons, connections, counts, lists."""

from collections.abc import Iterable, Sequence

from agent.recommendation import Table
from agent.wording.messages import comma, join, label, paragraph, say, sentence, title_of
from agent.wording.values import fact_text, having, value_text, values_of
from retrieval.candidates import Evidence
from retrieval.graph import GraphUnavailableError
from retrieval.items import Catalog, Item
from retrieval.schema import FieldKind, FieldSpec
from tools import Lookup, ToolContext
from tools.arguments import OTHER
from tools.render import clipped, one_line

MOST_ITEMS = 6
"""Items that one answer describes."""
LISTED = 10
"""Items that one answer lists."""
MOST_VALUES = 8
"""Values of a field that are said of one item."""
MOST_TEXT = 1000
"""Characters of a description that are said."""
IN_OVERVIEW = 4
IN_COMPARISON = 3
MOST_COUNTS = 3
MOST_DIFFERENCES = 3
"""Fields in which more than two items differ that are told where none was asked for: a table beside has them all."""


def facts(items: Sequence[Item], fields: Sequence[str], catalog: Catalog, language: str) -> str:
    """What is known of items; of the fields asked for, where some are, also that the catalog does not know them."""
    recorded = [name for name in fields if name != OTHER]
    if fields and not recorded and len(items) > 1:
        return say("not_recorded_any", language)
    told = [_facts_of(item, fields, catalog, language) for item in items[:MOST_ITEMS]]
    return paragraph((*told, say("not_recorded_rest", language) if recorded and OTHER in fields else ""), language)


def identified(items: Sequence[Item], catalog: Catalog, language: str) -> str:
    """What a description is of: the likeliest item with what it is about, then what else it may be."""
    first, *others = items
    parts = [say("identified", language, item=label(first, language))]
    parts += [clipped(first.text, MOST_TEXT)] if first.text else []
    if others:
        named = join([title_of(item, language) for item in others], language, last="list_or")
        parts.append(say("identified_others", language, titles=named))
    return paragraph(parts, language)


def _facts_of(item: Item, fields: Sequence[str], catalog: Catalog, language: str) -> str:
    """The fields asked for; otherwise what it is about and its main facts (the year stands beside its title)."""
    if fields:
        specs = [spec for spec in catalog.schema.fields if spec.name in fields]
        if not specs:
            return say("not_recorded", language, title=title_of(item, language))
    else:
        specs = [spec for spec in catalog.schema.fields if spec.on_card and spec.unit != "year"]
    told = [fact for spec in specs if (fact := _fact(item, spec, catalog, language, is_asked=bool(fields)))]
    parts = []
    if not fields and item.text:
        parts.append(say("about", language, item=label(item, language), text=clipped(item.text, MOST_TEXT)))
    if told:
        named = label(item, language) if not parts else title_of(item, language)
        joined = one_line(say("reasons_join", language).join(told))
        parts.append(say("facts_of", language, item=named, facts=joined))
    missing = [spec.label_in(language) for spec in specs if fields and not values_of(item, spec, language)]
    if missing:
        parts.append(say("no_fact", language, title=title_of(item, language), labels=comma(missing, language)))
    return paragraph(parts, language) or say("no_text", language, title=title_of(item, language))


def _fact(item: Item, spec: FieldSpec, catalog: Catalog, language: str, *, is_asked: bool) -> str:
    known = item.numbers.get(spec.name)
    if spec.kind is FieldKind.NUMBER:
        return "" if known is None else spec.fact_of(value_text(spec, known, language), language)
    values = item.values.get(spec.name, ()) if is_asked else item.more_than_slight(spec.name)[:IN_OVERVIEW]
    return fact_text(catalog.schema, spec.name, values[:MOST_VALUES], language) if values else ""


def comparison(items: Sequence[Item], fields: Sequence[str], catalog: Catalog, language: str) -> str:
    """Items side by side: what they share, then field by field where they differ."""
    left_out, items = len(items) - MOST_ITEMS, items[:MOST_ITEMS]
    specs = _compared(fields, catalog)
    is_brief = not fields and len(items) > 2
    told = [spec for spec in specs if not (is_brief and (spec.people or spec.unit == "year"))]
    differing = [
        _ends(items, spec, language)
        if spec.kind is FieldKind.NUMBER and len(fields) == 1
        else _difference(items, spec, language)
        for spec in told
    ]
    differing = [words for words in differing if words][:MOST_DIFFERENCES] if is_brief else differing
    opening = common(items, fields, catalog, language)
    most = say("compared_most", language, count=MOST_ITEMS) if left_out > 0 else ""
    rest = say("not_recorded_rest" if len(fields) > 1 else "not_recorded_any", language) if OTHER in fields else ""
    return paragraph((most, opening, *differing, rest), language)


def common(items: Sequence[Item], fields: Sequence[str], catalog: Catalog, language: str) -> str:
    """What all of some items have, as a sentence; '' where that is nothing."""
    shared = _in_common(items, _compared(fields, catalog), catalog, language)
    return say("in_common", language, facts=shared) if shared else ""


def table(items: Sequence[Item], fields: Sequence[str], catalog: Catalog, language: str) -> Table | None:
    """The same as a table: a column an item, a row a field that one of them has; None where there is nothing."""
    items = items[:MOST_ITEMS]
    unknown = say("not_known", language)
    rows = []
    for spec in _compared(fields, catalog):
        cells = [comma(values_of(item, spec, language)[:MOST_VALUES], language) for item in items]
        if any(cells):
            named = sentence(spec.label_in(language))
            rows.append((named, tuple(one_line(cell) or unknown for cell in cells)))
    heads = tuple(one_line(label(item, language)) for item in items)
    return Table(tuple(item.item_id for item in items), heads, tuple(rows)) if rows and len(items) > 1 else None


def _compared(fields: Sequence[str], catalog: Catalog) -> list[FieldSpec]:
    """The fields of a comparison: those asked for, else those of a card."""
    recorded = [name for name in fields if name != OTHER]
    return [spec for spec in catalog.schema.fields if (spec.name in recorded if recorded else spec.on_card)]


def _ends(items: Sequence[Item], spec: FieldSpec, language: str) -> str:
    """Which has the least of a number and which the most, of those that have it at all."""
    held = sorted((item for item in items if spec.name in item.numbers), key=lambda item: item.numbers[spec.name])
    return " ".join(
        filter(None, (_extreme_of(held[:1], spec, language), _extreme_of(held[-1:], spec, language, most=True)))
    )


def _difference(items: Sequence[Item], spec: FieldSpec, language: str) -> str:
    held = [values_of(item, spec, language) for item in items]
    shared = set.intersection(*(set(values) for values in held))
    if all(set(values) == shared for values in held):
        return ""
    told = []
    for item, values in zip(items, held, strict=True):
        own = [value for value in values if value not in shared][:IN_COMPARISON]
        words = comma(own, language) if own else "" if values else say("not_known", language)
        told.append(words and words + say("aside", language, text=title_of(item, language)))
    joined = say("reasons_join", language).join(filter(None, told))
    return say("differs", language, label=sentence(spec.label_in(language)), values=one_line(joined))


def _in_common(items: Sequence[Item], specs: Iterable[FieldSpec], catalog: Catalog, language: str) -> str:
    """The values that all items have, none of them in passing, a phrase for each field; '' for none."""
    phrases = []
    for spec in specs:
        if spec.kind is FieldKind.NUMBER:
            known = {item.numbers.get(spec.name) for item in items}
            number_held = next(iter(known)) if len(known) == 1 else None
            if number_held is not None:
                phrases.append(spec.fact_of(value_text(spec, number_held, language), language))
            continue
        values = [
            value for value in items[0].values.get(spec.name, ()) if all(_has(item, spec, value) for item in items)
        ]
        if values:
            phrases.append(fact_text(catalog.schema, spec.name, values[:MOST_VALUES], language))
    return one_line(say("reasons_join", language).join(phrases))


def _has(item: Item, spec: FieldSpec, value: str) -> bool:
    return value in item.more_than_slight(spec.name)


def connection(items: Sequence[Item], context: ToolContext, language: str) -> str:
    """What items share: people first, then themes, then kinds; else the path over an item between."""
    catalog = context.catalog
    entities = [spec for spec in catalog.schema.fields if spec.kind is FieldKind.ENTITY]
    entities.sort(key=lambda spec: not spec.people)
    closed = [spec for spec in catalog.schema.fields if spec.kind is FieldKind.CATEGORY]
    named = join([title_of(item, language) for item in items], language)
    telling = _in_common(items, [*entities, *closed[:1]], catalog, language)
    if telling:
        return say("connection", language, titles=named, facts=telling)
    path = next((path for path in _paths(items, context) if len(path.path) == 4), None)
    if path is not None and path.path[1][0] in catalog:
        return _over(items, path, catalog, language)
    rest = _in_common(items, closed[1:], catalog, language)
    key = "connection" if rest else "no_connection"
    return say(key, language, titles=named, facts=rest)


def _paths(items: Sequence[Item], context: ToolContext) -> Sequence[Evidence]:
    """The paths between two items that the turn found, or that the graph knows."""
    ends = {item.item_id for item in items[:2]}
    paths = [path for path in context.paths if path.path and {path.path[0][0], path.path[-1][0]} == ends]
    if paths or len(ends) < 2:
        return paths
    try:
        return context.retriever.connections(items[0].item_id, items[1].item_id)
    except GraphUnavailableError:
        return ()


def _over(items: Sequence[Item], path: Evidence, catalog: Catalog, language: str) -> str:
    steps = path.path
    first, last, between = (title_of(catalog.item(step[0]), language) for step in (steps[0], steps[3], steps[1]))
    first_fact, last_fact = (fact_text(catalog.schema, step[1], [step[2]], language) for step in (steps[0], steps[3]))
    return say(
        "connection_over",
        language,
        first=first,
        last=last,
        between=between,
        first_fact=first_fact,
        last_fact=last_fact,
    )


def chain(context: ToolContext, language: str) -> str:
    """'Jackie Chan, Rush Hour (1998), Chris Tucker, ...': how two people hang together; '' where no path was found."""
    paths = (
        path_evidence.path
        for path_evidence in context.paths
        if len(path_evidence.path) > 1 and path_evidence.path[0][0] == path_evidence.path[1][0]
    )
    path = next(paths, ())
    if not path:
        return ""
    steps = [path[0][2]]
    for item_id, _, person in path[1::2]:
        steps += [label(context.catalog.item(item_id), language), person]
    key, noun = "chain" if len(path) == 2 else "chain_over", context.catalog.schema.noun_in(language)
    return say(key, language, steps=" → ".join(map(one_line, steps)), noun=noun)


def among(items: Sequence[Item], asked: Lookup, catalog: Catalog, language: str) -> str:
    """Which of some items keep the limits asked about, which do not, and of which the catalog does not say."""
    kept = [item for item in items if all(catalog.satisfies(item, limit) for limit in asked.limits)]
    unknown = [item for item in items if item not in kept and not all(item.says(limit.field) for limit in asked.limits)]
    others = [item for item in items if item not in (*kept, *unknown)]
    facts_asked = having(asked.limits, catalog, language)
    if len(items) == 1 and not unknown:
        key = "among_yes" if kept else "among_no"
        return say(key, language, item=label(items[0], language), facts=facts_asked)
    named, rest, silent = (
        join([label(item, language) for item in told[:LISTED]], language) for told in (kept, others, unknown)
    )
    told = say("among", language, items=named, facts=facts_asked) if kept else ""
    if not kept and others:
        told, rest = say("among_none", language, facts=facts_asked), ""
    parts = (told, say("among_not", language, items=rest) if rest else "")
    return paragraph((*parts, say("among_unknown", language, items=silent) if silent else ""), language)


def counts(lookups: Sequence[Lookup], catalog: Catalog, language: str) -> str:
    """How many items each look-up found, and the first of them where it was sorted by a number."""
    parts = []
    for limits in list(dict.fromkeys(lookup.limits for lookup in lookups))[-MOST_COUNTS:]:
        same = [lookup for lookup in lookups if lookup.limits == limits]
        parts += [count(same[-1], catalog, language), *(_extreme(lookup, catalog, language) for lookup in same)]
    return paragraph(parts, language)


def firsts(lookups: Sequence[Lookup], fields: Sequence[str], catalog: Catalog, language: str) -> str:
    """What is known in some fields of the first item of each look-up that was sorted by another number; '' of none."""
    sorted_by = {lookup.sort.lstrip("-"): lookup.item_ids[:1] for lookup in lookups if lookup.sort}
    asked = [name for name in fields if name not in sorted_by]
    ids = dict.fromkeys(item_id for first in sorted_by.values() for item_id in first if asked)
    return facts([catalog.item(item_id) for item_id in ids], asked, catalog, language) if ids else ""


def count(lookup: Lookup, catalog: Catalog, language: str) -> str:
    """'There are 12 films by Alfred Hitchcock.'."""
    schema = catalog.schema
    noun, nouns, counter = schema.noun_in(language), schema.nouns_in(language), schema.counter_in(language)
    limits = having(lookup.limits, catalog, language)
    if not limits:
        return say("count_all", language, count=lookup.total, noun=noun, nouns=nouns, counter=counter)
    if not lookup.total:
        return say("count_none", language, having=limits, nouns=nouns)
    return say("count", language, count=lookup.total, having=limits, noun=noun, nouns=nouns, counter=counter)


def _extreme(lookup: Lookup, catalog: Catalog, language: str) -> str:
    """'The oldest is The 39 Steps (1935).'; '' where no number sorted."""
    name, is_descending = lookup.sort.lstrip("-"), lookup.sort.startswith("-")
    spec = next((spec for spec in catalog.schema.of_kind(FieldKind.NUMBER) if spec.name == name), None)
    held = [catalog.item(item_id) for item_id in lookup.item_ids[:1]]
    return "" if spec is None else _extreme_of(held, spec, language, most=is_descending)


def _extreme_of(held: Sequence[Item], spec: FieldSpec, language: str, *, most: bool = False) -> str:
    """'The oldest is The 39 Steps (1935).' of one item; '' of none, or where it has no such number."""
    if not held or spec.name not in held[0].numbers:
        return ""
    item = label(held[0], language)
    if spec.unit == "year":
        return say("newest" if most else "oldest", language, item=item)
    key, value = "highest" if most else "lowest", value_text(spec, held[0].numbers[spec.name], language)
    return sentence(say(key, language, label=spec.label_in(language), item=item, value=value))


def _beside(item: Item, sorted_by: Sequence[FieldSpec], language: str) -> str:
    """' (181 minutes)'; '' of a year, which the title has."""
    held = [(spec, item.numbers[spec.name]) for spec in sorted_by if spec.name in item.numbers and spec.unit != "year"]
    return "".join(say("aside", language, text=value_text(spec, number, language)) for spec, number in held)


def listing(items: Sequence[Item], total: int, catalog: Catalog, language: str, sort: str = "") -> str:
    """The items themselves, with their years, and with the number by which they were sorted."""
    sorted_by = [spec for spec in catalog.schema.of_kind(FieldKind.NUMBER) if spec.name == sort.lstrip("-")]
    named = [f"{label(item, language)}{_beside(item, sorted_by, language)}" for item in items[:LISTED]]
    if len(named) == 1 and total <= 1:
        return say("listed_one", language, item=named[0])
    if total > len(named):
        more, counter = total - len(named), catalog.schema.counter_in(language)
        return say("listed_some", language, count=more, items=comma(named, language), counter=counter)
    return say("listed", language, items=join(named, language))
