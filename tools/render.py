"""Items, facts and wishes -> the short text that a model reads; the only place that does so.

All of it is data: catalog texts enter as single lines, descriptions in quotes, and the prompt says that what stands in
them is no instruction.
"""

from collections.abc import Iterable, Sequence

from retrieval.candidates import Evidence
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.schema import FieldKind, FieldSpec
from retrieval.untrusted import visible
from tools.placing import reference_of
from tools.quantities import listed, plain
from tools.template_tokens import without_tokens

LABELED = "year"
"""The field that stands in an item's label."""
SIGNS = {Op.IS: "is", Op.NOT: "not", Op.MIN: ">=", Op.MAX: "<="}
VALUES_IN_ROW = 5
MOST_SEEN = 12
"""Items known already that the wish names, the last ones."""
LABEL_LIMIT, VALUE_LIMIT, TEXT_LIMIT, ROW_TEXT_LIMIT = 120, 60, 300, 130
"""Characters of a title, of a value in a row, of a description, of a description in a row."""


def one_line(text: str) -> str:
    """Text without line breaks, hidden characters and tokens of chat templates: it cannot pose as more of a prompt."""
    printable = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    return without_tokens(" ".join(visible(printable).split()))  # last: what is left out could part a token


def clipped(text: str, most: int) -> str:
    """One line of at most so many characters."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def item_row(
    item: Item, catalog: Catalog, note: str = "", *, wanted: Iterable[Constraint] = (), with_text: bool = False
) -> str:
    """'i12 Heat (1995) | genres Crime, Thriller | directors Michael Mann'; names of fields as the tools take them.

    Args:
        item: The item.
        catalog: Its catalog.
        note: What stands last.
        wanted: Limits whose values come first in their fields, so that a row shows why it is there.
        with_text: Whether the description's beginning is shown.
    """
    parts = []
    asked = {(limit.field, str(value)) for limit in wanted for value in limit.values}
    for spec in catalog.schema.fields:
        if spec.kind is FieldKind.NUMBER:
            number = item.numbers.get(spec.name)
            parts += [f"{spec.name} {plain(number)}"] if number is not None and spec.name != LABELED else []
        elif spec.on_card and item.values.get(spec.name):
            values = sorted(item.values[spec.name], key=lambda value: (spec.name, value) not in asked)
            shown = ", ".join(clipped(value, VALUE_LIMIT) for value in values[:VALUES_IN_ROW])
            parts.append(f"{spec.name} {shown}")
        elif spec.order and spec.role and spec.order[-1] in item.values.get(spec.name, ()):
            parts.append(f"{spec.name} {spec.order[-1]}")  # the less is said in `item_details`
    if with_text and item.text:
        parts.append(f"about {quoted(item.text, ROW_TEXT_LIMIT)}")
    return " | ".join([_heading(item, catalog), *(part.replace("|", "/") for part in parts), *filter(None, (note,))])


def item_table(items: Iterable[Item], catalog: Catalog, *, wanted: Sequence[Constraint] = ()) -> str:
    """A row an item."""
    return "\n".join(item_row(item, catalog, wanted=wanted) for item in items)


def item_facts(item: Item, catalog: Catalog, fields: Sequence[str] = ()) -> str:
    """Everything (or some fields) that is known of an item, 'not known' where a field that was asked for is."""
    catalog_fields = [spec for spec in catalog.schema.fields if not fields or spec.name in fields]
    lines = [_heading(item, catalog)]
    for spec in catalog_fields:
        known = value_text(item, spec)
        if known or fields:
            lines.append(f"  {spec.name}: {known or 'not known'}")
    if item.text and not fields:
        lines.append(f"  description: {quoted(item.text, TEXT_LIMIT)}")
    return "\n".join(lines)


def value_text(item: Item, spec: FieldSpec) -> str:
    """What an item has in a field; '' where that is not known."""
    if spec.kind is FieldKind.NUMBER:
        number = item.numbers.get(spec.name)
        return "" if number is None else f"{plain(number)}{f' {spec.unit}' if spec.unit not in ('', 'year') else ''}"
    return ", ".join(one_line(value) for value in item.values.get(spec.name, ()))


def limit_text(limit: Constraint) -> str:
    """'year >= 1990', 'genres is Comedy or Drama'."""
    values = " or ".join(map(one_line, listed(limit.values)))
    exempt = f" unless {' or '.join(map(limit_text, limit.unless))}" if limit.unless else ""
    return f"{limit.field} {SIGNS[limit.op]} {values}{exempt}{' (always)' if limit.lasting else ''}"


def wish_text(preference: Preference, catalog: Catalog) -> str:
    """The wish as it stands, on one line; 'nothing yet' where there is none."""
    parts = [limit_text(limit) for limit in preference.constraints]
    parts += [_soft_text(wish) for wish in preference.wishes]
    parts += [f"rather {one_line(leaning.more)} than {one_line(leaning.less)}" for leaning in preference.leanings]
    parts += [f"about: {one_line(preference.text)}"] if preference.text else []
    for person in preference.people:
        wants = [*map(limit_text, person.constraints), *map(_soft_text, person.wishes)]
        parts.append(f"{one_line(person.name)} wants: {', '.join(wants) or 'nothing else'}")
    examples = preference.examples
    liked = [item_id for item_id in preference.liked if item_id not in examples]
    for words, ids in (
        ("similar to", examples),
        ("likes", liked),
        ("dislikes", preference.disliked),
        ("seen", preference.seen[-MOST_SEEN:]),
        ("passed over", preference.passed_over[-MOST_SEEN:]),
    ):
        labels = [one_line(catalog.item(item_id).label) for item_id in ids if item_id in catalog]
        parts += [f"{words} {', '.join(labels)}"] if labels else []
    return "; ".join(parts) or "nothing yet"


def path_text(evidence: Evidence, catalog: Catalog) -> str:
    """A path of the graph: 'Fargo (1996) -directors- Joel Coen; The Big Lebowski (1998) -directors- Joel Coen'."""

    def label(item_id: str) -> str:
        return one_line(catalog.item(item_id).label if item_id in catalog else item_id)

    return "; ".join(f"{label(start)} -{relation}- {one_line(value)}" for start, relation, value in evidence.path)


def quoted(text: str, most: int) -> str:
    """Prose of the catalog, marked as such."""
    return '"{}"'.format(clipped(text, most).replace('"', "'"))


def _heading(item: Item, catalog: Catalog) -> str:
    """'i12 Heat (1995)'; a bar in a title cannot pose as the next column."""
    return f"{reference_of(catalog, item.item_id)} {clipped(item.label, LABEL_LIMIT).replace('|', '/')}"


def _soft_text(wish: Wish) -> str:
    if wish.field == "text":
        return f"avoid {one_line(wish.value)}" if wish.weight < 0 else one_line(wish.value)
    return f"{'rather not' if wish.weight < 0 else 'prefer'} {wish.field} {one_line(wish.value)}"
