"""Limits, wishes and numbers of a catalog in words, as chips, near misses and answers name them."""

from collections.abc import Iterable, Sequence

from agent.wording.messages import join, number, say
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Leaning, Op, Wish
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec

YEAR_LIMITS = {Op.MIN: "limit_since", Op.MAX: "limit_until"}
TEXT_FIELD = "text"
"""The field name of a wish in free words."""


def spec_of(schema: CatalogSchema, name: str) -> FieldSpec | None:
    """The field of a name; None where the schema has none (the decade of a year, a field of an older catalog)."""
    return next((spec for spec in schema.fields if spec.name == name), None)


def value_text(spec: FieldSpec, value: str | float, language: str) -> str:
    """A value as the schema calls it; a number with its unit."""
    if isinstance(value, str):
        return spec.value_in(value, language)
    if spec.unit == "year":
        return f"{value:g}"
    return f"{number(value, language)}{f' {spec.unit}' if spec.unit else ''}"


def values_of(item: Item, spec: FieldSpec, language: str) -> list[str]:
    """What an item has in a field, in words; empty where that is not known."""
    if spec.kind is FieldKind.NUMBER:
        known = item.numbers.get(spec.name)
        return [] if known is None else [value_text(spec, known, language)]
    return [spec.value_in(value, language) for value in item.values.get(spec.name, ())]


def fact_text(schema: CatalogSchema, name: str, values: Sequence[str], language: str) -> str:
    """The fact that an item has some values of a field, as one phrase: 'with Al Pacino and Robert De Niro'."""
    spec = spec_of(schema, name)
    if spec is None:
        return join(values, language)
    return spec.fact_of(join([spec.within(value, language) for value in values], language), language)


def constraint_label(constraint: Constraint, catalog: Catalog, language: str) -> str:
    """'Comedy or Drama', 'without Horror', 'from 1991 on'."""
    spec = catalog.schema.field(constraint.field)
    value = limit_values(constraint, spec, language)
    if constraint.op is Op.IS:
        return value
    key = YEAR_LIMITS.get(constraint.op, "limit_not") if spec.unit == "year" else f"limit_{constraint.op}"
    return say(key, language, label=spec.label_in(language), value=value)


def limit_values(constraint: Constraint, spec: FieldSpec, language: str) -> str:
    """The values of a limit, as alternatives."""
    return join([value_text(spec, value, language) for value in constraint.values], language, last="list_or")


def wish_label(wish: Wish, catalog: Catalog, language: str) -> str:
    """'heist', 'rather not talking animals'."""
    value = wish.value if wish.field == TEXT_FIELD else catalog.schema.field(wish.field).value_in(wish.value, language)
    return value if wish.weight > 0 else say("rather_not", language, value=value)


def leaning_label(leaning: Leaning, catalog: Catalog, language: str) -> str:
    """'rather Drama than Comedy'."""
    spec = catalog.schema.field(leaning.field)
    more, less = (spec.value_in(value, language) for value in (leaning.more, leaning.less))
    return say("rather", language, more=more, less=less)


def label(wanted: Constraint | Wish, catalog: Catalog, language: str) -> str:
    """The words of a chip, whichever kind of wish it stands for."""
    if isinstance(wanted, Constraint):
        return constraint_label(wanted, catalog, language)
    return wish_label(wanted, catalog, language)


def breach_text(item: Item, broken: Constraint, catalog: Catalog, language: str) -> str:
    """How an item breaks a limit: 'from 1997', 'its themes include gore', 'not Robert De Niro (director)'."""
    spec = catalog.schema.field(broken.field)
    known = item.numbers.get(spec.name)
    if spec.kind is FieldKind.NUMBER:
        if known is None:
            return say("near_unknown", language, label=spec.label_in(language))
        return spec.fact_of(value_text(spec, known, language), language)
    if broken.op is Op.NOT:
        refused = {str(value).casefold() for value in broken.values}
        held = [value for value in item.values.get(spec.name, ()) if value.casefold() in refused]
        return fact_text(catalog.schema, spec.name, held, language)
    if not item.values.get(spec.name):
        return say("near_unknown", language, label=spec.label_in(language))
    values = limit_values(broken, spec, language)
    return say("near_lacks", language, values=values, label=spec.label_in(language))


def having(limits: Iterable[Constraint], catalog: Catalog, language: str) -> str:
    """What items that keep limits have, beside their noun: 'by Martin Scorsese with Robert De Niro'."""
    held = list(limits)
    phrases = []
    for limit in held:
        spec = catalog.schema.field(limit.field)
        other = next((one for one in held if one.field == limit.field and one.op is Op.MAX), None)
        if limit.op is Op.MIN and other is not None and spec.unit == "year":
            low, high = (value_text(spec, one.values[0], language) for one in (limit, other))
            phrases.append(say("having_years", language, low=low, high=high))
        elif (
            limit.op is Op.MAX
            and spec.unit == "year"
            and any(one.field == limit.field and one.op is Op.MIN for one in held)
        ):
            continue
        else:
            phrases.append(_having_one(limit, spec, language))
    return say("having_join", language).join(phrases)


def _having_one(limit: Constraint, spec: FieldSpec, language: str) -> str:
    value, label = limit_values(limit, spec, language), spec.label_in(language)
    if limit.op in (Op.IS, Op.NOT):
        words = join([_within(spec, one, language) for one in limit.values], language, last="list_or")
        held = spec.having_of(words, language) or say("having_is", language, label=label, value=value)
        return held if limit.op is Op.IS else say("having_not", language, having=held, value=value)
    if spec.unit == "year":
        return say("having_since" if limit.op is Op.MIN else "having_until", language, value=value)
    return say(f"having_{limit.op}", language, label=label, value=value)


def _within(spec: FieldSpec, value: str | float, language: str) -> str:
    return spec.within(value, language) if isinstance(value, str) else value_text(spec, value, language)
