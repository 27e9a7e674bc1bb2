"""What the catalog itself says of an item, as evidence: all of it, or what answers a limit or a wish."""

from dataclasses import replace

from retrieval.candidates import Candidate, Evidence, EvidenceKind
from retrieval.graph import item_facts
from retrieval.items import Catalog
from retrieval.preference import Op, Preference

CATALOG = "catalog"
"""The channel name of facts read off the catalog itself, and of items that only the limits brought."""


def all_facts(catalog: Catalog, item_id: str) -> tuple[Evidence, ...]:
    """Everything that the catalog says of an item, in the schema's order.

    Raises:
        UnknownItemError: There is no such item.
    """
    item = catalog.item(item_id)
    found = []
    for spec in catalog.schema.fields:
        if spec.name in item.numbers:
            found.append(_fact(spec.name, f"{item.numbers[spec.name]:.15g}"))
        found.extend(_fact(spec.name, value) for value in item.values.get(spec.name, ()))
    return tuple(found)


def wanted_facts(catalog: Catalog, item_id: str, preference: Preference) -> tuple[Evidence, ...]:
    """The item's facts that keep a limit or fulfill a wish."""
    item = catalog.item(item_id)
    held = {(relation, value.casefold()): value for relation, value in item_facts(item, catalog.schema)}
    found: dict[Evidence, None] = {}
    for one in preference.constraints:
        if one.field in item.numbers:
            if one.op is not Op.NOT and catalog.satisfies(item, one):
                found[_fact(one.field, f"{item.numbers[one.field]:.15g}")] = None
        elif one.op is Op.IS:
            keys = [(one.field, str(value).casefold()) for value in one.values]
            found |= {_fact(one.field, held[key]): None for key in keys if key in held}
    wishes = [(one.field, one.value.casefold()) for one in preference.wishes if one.weight > 0]
    found |= {_fact(key[0], held[key]): None for key in wishes if key in held}
    return tuple(found)


def with_wanted_facts(catalog: Catalog, found: Candidate, preference: Preference) -> Candidate:
    """Add the facts that answer a limit or a wish, where the channels have not shown them."""
    shown = {(one.field, one.value) for one in found.evidence if one.kind is EvidenceKind.FACT}
    wanted = wanted_facts(catalog, found.item_id, preference)
    added = tuple(one for one in wanted if (one.field, one.value) not in shown)
    return replace(found, evidence=(*found.evidence, *added)) if added else found


def _fact(field_name: str, value: str) -> Evidence:
    return Evidence(CATALOG, EvidenceKind.FACT, field_name, value)
