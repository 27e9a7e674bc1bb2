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
    facts = []
    for spec in catalog.schema.fields:
        if spec.name in item.numbers:
            facts.append(_fact(spec.name, f"{item.numbers[spec.name]:.15g}"))
        facts.extend(_fact(spec.name, value) for value in item.values.get(spec.name, ()))
    return tuple(facts)


def wanted_facts(catalog: Catalog, item_id: str, preference: Preference) -> tuple[Evidence, ...]:
    """The item's facts that keep a limit or fulfill a wish."""
    item = catalog.item(item_id)
    held = {(relation, value.casefold()): value for relation, value in item_facts(item, catalog.schema)}
    facts: dict[Evidence, None] = {}
    for constraint in preference.constraints:
        if constraint.field in item.numbers:
            if constraint.op is not Op.NOT and catalog.satisfies(item, constraint):
                facts[_fact(constraint.field, f"{item.numbers[constraint.field]:.15g}")] = None
        elif constraint.op is Op.IS:
            keys = [(constraint.field, str(value).casefold()) for value in constraint.values]
            facts |= {_fact(constraint.field, held[key]): None for key in keys if key in held}
    wishes = [(wish.field, wish.value.casefold()) for wish in preference.wishes if wish.weight > 0]
    facts |= {_fact(key[0], held[key]): None for key in wishes if key in held}
    return tuple(facts)


def with_wanted_facts(catalog: Catalog, candidate: Candidate, preference: Preference) -> Candidate:
    """Add the facts that answer a limit or a wish, where the channels have not shown them."""
    shown = {(evidence.field, evidence.value) for evidence in candidate.evidence if evidence.kind is EvidenceKind.FACT}
    wanted = wanted_facts(catalog, candidate.item_id, preference)
    added = tuple(fact for fact in wanted if (fact.field, fact.value) not in shown)
    return replace(candidate, evidence=(*candidate.evidence, *added)) if added else candidate


def _fact(field_name: str, value: str) -> Evidence:
    return Evidence(CATALOG, EvidenceKind.FACT, field_name, value)
