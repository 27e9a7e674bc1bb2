"""Limits, wishes and numbers of a catalog in words, as chips, near misses and answers name them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from babel.units import format_unit

from agent.wording.messages import comma, has_message, join, language_of, number, say
from retrieval.items import Catalog, Item
from retrieval.preference import COMPANY_SEPARATOR, Constraint, Leaning, Op, Wish
from retrieval.schema import CONTENT, SUITS_FROM, CatalogSchema, FieldKind, FieldSpec
from retrieval.spans import Span

YEAR_LIMITS = {Op.MIN: "limit_since", Op.MAX: "limit_until"}
DURATIONS = {"minutes": "duration-minute", "hours": "duration-hour", "days": "duration-day"}
"""Units that the Unicode CLDR has words for."""
ON_CARD = {FieldKind.CATEGORY: 3, FieldKind.ENTITY: 2, FieldKind.NUMBER: 1}
"""Values of a field that a card shows."""
MOST_ON_CARD = 4
"""Fields that a card shows."""
SPAN = "span"
"""Stands for the operators of a least and a most in the key of both."""
TEXT_FIELD = "text"
"""The field name of a wish in free words."""


def spec_of(schema: CatalogSchema, name: str) -> FieldSpec | None:
    """The field of a name; None where the schema has none (the decade of a year, a field of an older catalog)."""
    for spec in schema.fields:  # asked some hundred times of a list: a generator would take twice as long
        if spec.name == name:
            return spec
    return None


def value_text(spec: FieldSpec, value: str | float, language: str) -> str:
    """A value as the schema calls it; a number with its unit."""
    if isinstance(value, str):
        return spec.value_in(value, language)
    if spec.unit == "year":
        return f"{value:g}"
    if duration := DURATIONS.get(spec.unit):
        words = str(format_unit(value, duration, locale=language_of(language)))
        return words.replace(" ", "") if language_of(language) in ("zh", "ja") else words
    return f"{number(value, language)}{f' {spec.unit}' if spec.unit else ''}"


def values_of(item: Item, spec: FieldSpec, language: str, *, slight: bool = True) -> list[str]:
    """What an item has in a field, in words, perhaps without what it has in passing; empty where that is not known."""
    if spec.kind is FieldKind.NUMBER:
        known = item.numbers.get(spec.name)
        return [] if known is None else [value_text(spec, known, language)]
    held = item.values.get(spec.name, ()) if slight else item.more_than_slight(spec.name)
    return [spec.value_in(value, language) for value in held]


def on_card(item: Item, schema: CatalogSchema) -> dict[str, tuple[str, ...]]:
    """What every card shows of an item beside its title: some values of the first fields that are on cards."""
    return {spec.name: item.more_than_slight(spec.name)[: ON_CARD[spec.kind]] for spec in _shown_of(item, schema)}


def card_facts(item: Item, schema: CatalogSchema, language: str, reason: str = "") -> dict[str, list[str]]:
    """The same in words, without what the reason on the card says already."""
    shown = {}
    for spec in _shown_of(item, schema):
        if spec.kind is FieldKind.NUMBER or not spec.soft:
            told = values_of(item, spec, language, slight=False)
        else:
            held = (value for value in item.more_than_slight(spec.name) if not _is_told(spec, value, language, reason))
            told = [spec.value_in(value, language) for value in held]
        shown[spec.name] = told[: ON_CARD[spec.kind]]
    return {name: words for name, words in shown.items() if words}


def _shown_of(item: Item, schema: CatalogSchema) -> list[FieldSpec]:
    specs = [spec for spec in schema.fields if spec.on_card and spec.name != "year"]
    return [spec for spec in specs if spec.name in item.numbers or item.more_than_slight(spec.name)][:MOST_ON_CARD]


def _is_told(spec: FieldSpec, value: str, language: str, reason: str) -> bool:
    """Whether a reason says a value, or a word of it: 'political satire' beside 'a social satire'."""
    forms = (spec.said_of(value, language), spec.within(value, language), spec.value_in(value, language))
    is_said = any(form.casefold() in reason.casefold() for form in forms if form)
    return is_said or bool(_long_words(spec.value_in(value, language)) & _long_words(reason))


def _long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}


def fact_text(schema: CatalogSchema, name: str, values: Sequence[str], language: str) -> str:
    """The fact that an item has some values of a field, as one phrase: 'with Al Pacino and Robert De Niro'."""
    spec = spec_of(schema, name)
    if spec is None:
        return join(values, language)
    if spec.kind is FieldKind.NUMBER:
        return spec.fact_of(comma((value_text(spec, float(value), language) for value in values), language), language)
    bare = [value for value in values if value in (*spec.qualities, *spec.warnings) or spec.said_of(value, language)]
    framed = [spec.within(value, language) for value in values if value not in bare]
    phrases = [spec.fact_of(join(framed, language, last="values_and"), language)] if framed else []
    return join([*phrases, *(whole_text(spec, value, language) for value in bare)], language, last="values_and")


def whole_text(spec: FieldSpec, value: str, language: str) -> str:
    """A value as a fact of its own: 'set in Paris', 'bleak'."""
    return spec.said_of(value, language) or spec.within(value, language)


def constraint_label(constraint: Constraint, catalog: Catalog, language: str) -> str:
    """'Comedy or Drama', 'without Horror', 'from 1991 on', 'without musicals (except in French)'."""
    if constraint.unless:
        own = constraint_label(replace(constraint, unless=()), catalog, language)
        exempt = [constraint_label(other, catalog, language) for other in constraint.unless]
        return say("limit_unless", language, limit=own, others=join(exempt, language, last="list_or"))
    spec = catalog.schema.field(constraint.field)
    value = limit_values(constraint, spec, language)
    op, end = _end_of(constraint, spec)
    if op is Op.MAX and spec.role in CONTENT and end == spec.order[0]:
        return say("limit_none", language, label=spec.label_in(language))
    if op:
        return say(f"limit_{op}", language, label=spec.label_in(language), value=spec.value_in(end, language))
    if constraint.op is Op.IS:
        return value
    if constraint.op is Op.NOT and all(spec.refused_of(str(held), language) for held in constraint.values):
        return comma((spec.refused_of(str(held), language) for held in constraint.values), language)
    key = YEAR_LIMITS.get(constraint.op, "limit_not") if spec.unit == "year" else f"limit_{constraint.op}"
    return say(key, language, label=spec.label_in(language), value=value)


def limit_labels(limits: Sequence[Constraint], catalog: Catalog, language: str) -> list[tuple[str, str, bool]]:
    """Key, words and whether it lasts, of each limit.

    A least and a most of one number are one ('1990s'), as are all that hold for the sake of the same people.
    """
    labels: dict[str, tuple[str, str, bool]] = {}
    company = {limit.words: limit for limit in reversed(limits) if is_for_whom(limit, catalog.schema)}
    for limit in limits:
        if company.get(limit.words) is not None and is_for_whom(limit, catalog.schema):
            if company[limit.words] is limit:
                labels[limit.key] = (limit.key, _whom(limit.words, limits, catalog, language), limit.lasting)
            continue
        ends = _ends_of(limit, limits)
        if ends is None:
            labels[limit.key] = (limit.key, constraint_label(limit, catalog, language), limit.lasting)
            continue
        key, spec = f"{limit.field}:{SPAN}", catalog.schema.field(limit.field)
        low, high = ends
        is_decade = spec.unit == "year" and low % 10 == 0 and high == low + 9
        words = say("decade", language, year=f"{low:g}") if is_decade else spec.value_in(str(Span(low, high)), language)
        labels[key] = (key, words, limit.lasting)
    return list(labels.values())


def is_for_whom(limit: Constraint, schema: CatalogSchema) -> bool:
    """Whether a limit holds for the sake of people who were named; its words say who they are."""
    spec = spec_of(schema, limit.field)
    return bool(limit.words) and limit.op is not Op.NOT and spec is not None and spec.role in (SUITS_FROM, *CONTENT)


def _whom(said: str, limits: Iterable[Constraint], catalog: Catalog, language: str) -> str:
    """'for “my kids” (age 6)': company as it was named, ages in words."""
    parts = said.split(COMPANY_SEPARATOR)
    named = [_one_of_company(part, language) for part in parts]
    ages = [
        say("age", language, value=f"{limit.values[0]:g}")
        for limit in limits
        if limit.words == said and catalog.schema.field(limit.field).role == SUITS_FROM
    ]
    is_told = any(char.isdigit() for char in said)
    told = say("aside", language, text=ages[0]) if ages and not is_told else ""
    return say("for_whom", language, whom=join(named, language, last="values_and")) + told


def _one_of_company(part: str, language: str) -> str:
    if part.isdecimal():
        return say("age", language, value=part)
    key = f"whom_{part.casefold()}"
    return say(key, language) if has_message(key) else say("quote", language, text=part)


def _ends_of(limit: Constraint, limits: Iterable[Constraint]) -> tuple[float, float] | None:
    """The least and the most of a number, where one of each is wanted; None otherwise."""
    same = [
        other for other in limits if other.field == limit.field and other.op in (Op.MIN, Op.MAX) and not other.lasting
    ]
    if limit not in same or {other.op for other in same} != {Op.MIN, Op.MAX} or len(same) > 2:
        return None
    low, high = (float(other.values[0]) for other in sorted(same, key=lambda other: other.op is Op.MAX))
    return (low, high) if low < high else None


def _end_of(limit: Constraint, spec: FieldSpec) -> tuple[Op | None, str]:
    """What a limit on values that have an order comes to: the most or the least that is wanted; None where neither."""
    refused = limit.values if limit.op is Op.NOT else ()
    kept = tuple(value for value in spec.order if (value in limit.values) is not bool(refused))
    if not kept or len(kept) == len(spec.order) or not {*limit.values} <= {*spec.order}:
        return None, ""
    if kept == spec.order[: len(kept)]:
        return Op.MAX, kept[-1]
    return (Op.MIN, kept[0]) if kept == spec.order[-len(kept) :] else (None, "")


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
    """How an item breaks a limit: 'from 1997', 'gore', 'without Robert De Niro', 'not comedy (genre)'."""
    spec = catalog.schema.field(broken.field)
    known = item.numbers.get(spec.name)
    if spec.kind is FieldKind.NUMBER:
        if known is None:
            return say("near_unknown", language, label=spec.label_in(language))
        return spec.fact_of(value_text(spec, known, language), language)
    if broken.op is Op.NOT:
        refused = {str(value).casefold() for value in broken.values}
        held = [value for value in item.values.get(spec.name, ()) if value.casefold() in refused]
        return say("near_has", language, fact=fact_text(catalog.schema, spec.name, held, language))
    if not item.values.get(spec.name):
        return say("near_unknown", language, label=spec.label_in(language))
    if spec.order:
        return fact_text(catalog.schema, spec.name, item.values[spec.name], language)
    words = join([_within(spec, value, language) for value in broken.values], language, last="list_or")
    if spec.kind is FieldKind.ENTITY:
        return say("near_without", language, values=words)
    return say("near_lacks", language, values=words, label=spec.label_in(language))


def having(limits: Iterable[Constraint], catalog: Catalog, language: str) -> str:
    """What items that keep limits have, beside their noun: 'by Martin Scorsese with Robert De Niro'."""
    held = list(limits)
    phrases = []
    for limit in held:
        spec = catalog.schema.field(limit.field)
        other = next(
            (held_limit for held_limit in held if held_limit.field == limit.field and held_limit.op is Op.MAX), None
        )
        if limit.op is Op.MIN and other is not None and spec.unit == "year":
            low, high = (value_text(spec, end.values[0], language) for end in (limit, other))
            phrases.append(say("having_years", language, low=low, high=high))
        elif (
            limit.op is Op.MAX
            and spec.unit == "year"
            and any(held_limit.field == limit.field and held_limit.op is Op.MIN for held_limit in held)
        ):
            continue
        else:
            phrases.append(_having_one(limit, spec, language))
    return say("having_join", language).join(phrases)


def _having_one(limit: Constraint, spec: FieldSpec, language: str) -> str:
    value, label = limit_values(limit, spec, language), spec.label_in(language)
    op, end = _end_of(limit, spec)
    if op:
        return say(f"having_{op}", language, label=label, value=spec.value_in(end, language))
    if limit.op in (Op.IS, Op.NOT):
        words = join([_within(spec, single, language) for single in limit.values], language, last="list_or")
        held = spec.having_of(words, language) or say("having_is", language, label=label, value=value)
        return held if limit.op is Op.IS else say("having_not", language, having=held, value=value)
    if spec.unit == "year":
        return say("having_since" if limit.op is Op.MIN else "having_until", language, value=value)
    return say(f"having_{limit.op}", language, label=label, value=value)


def _within(spec: FieldSpec, value: str | float, language: str) -> str:
    return spec.within(value, language) if isinstance(value, str) else value_text(spec, value, language)
