"""What a patch says of who is there -> limits that everybody there can live with, and what such company likes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from retrieval.items import Catalog
from retrieval.moods import wishes_of
from retrieval.preference import COMPANY_SEPARATOR, Constraint, Op, Preference, Wish
from retrieval.schema import CONTENT, SUITS_FROM
from tools.arguments import UpdateWish
from tools.audience import Care, find_content, groups
from tools.limits import Problems
from tools.placing import Placer

ENOUGH = 3
"""So many items that have what is asked for and keep all limits of company are a list, and none of these gives way."""
MOSTLY = 0.5
"""Else the share of the items with a value that is asked for which must keep a limit, or it gives way."""
WISHED_FOR = ("fear", "sorrow")
"""Contents that somebody asks for who names what is full of them."""


def for_whom(
    patch: UpdateWish,
    before: Preference,
    limits: Sequence[Constraint],
    wishes: Sequence[Wish],
    placer: Placer,
    problems: Problems,
) -> tuple[tuple[Constraint, ...], list[Wish]]:
    """The limits of an audience and of content that is refused in words, and what is wished for in their place.

    Args:
        patch: What the message changes.
        before: What was wanted so far.
        limits: Those that the message states.
        wishes: Those that it states.
        placer: Knows the catalog.
        problems: Takes an audience that nobody knows.
    """
    schema, said = placer.schema, getattr(patch, "audience", ())
    guarded = {spec.name for spec in schema.of_role(SUITS_FROM, *CONTENT)}
    held = (limit.field in guarded and limit.op is not Op.NOT for limit in before.constraints)
    is_cared_for = bool(said) or any(held)
    care = Care.of(said, patch.avoid if is_cared_for else ())
    if said and care == Care.of((), patch.avoid):
        problems.add(f"nobody is known as {', '.join(said)!r}: give ages, or one of {', '.join(groups())}")
    refused = (
        Constraint(spec.name, Op.NOT, spec.order[-1:], words=text)
        for text in patch.avoid
        for *_, role in (() if is_cared_for else find_content(text))
        for spec in schema.of_role(role)
    )
    asked = [*_values((*before.constraints, *limits), (*before.wishes, *wishes), guarded)]
    told = (*before.constraints, *limits)  # who does not want blows keeps that when the parents come, too
    cared: Sequence[Constraint | None] = [*care.limits(schema)]
    if care.age is None and not _are_enough((*told, *care.limits(schema)), asked, placer.catalog):
        cared = [_beside(limit, asked, placer.catalog) for limit in care.limits(schema)]
    cared = [*cared, *_unfit(care, asked, told, placer.catalog)]
    kept = [limit for limit in cared if limit and not any(_is_as_strict(old, limit) for old in told)]
    is_open = not (asked or before.text or patch.about or before.liked or patch.likes or patch.similar_to)
    kept = [replace(limit, words=COMPANY_SEPARATOR.join(said)) for limit in kept]
    return (*kept, *refused), [*_liked_by(care, placer.catalog)] if is_open else []


def _is_as_strict(old: Constraint, limit: Constraint) -> bool:
    """Whether a limit lets through no more than another one of the same field."""
    if (old.field, old.op) != (limit.field, limit.op):
        return False
    if limit.op is Op.MAX:
        return float(old.values[0]) <= float(limit.values[0])
    return limit.op is Op.IS and {*old.values} <= {*limit.values}


def _values(limits: Iterable[Constraint], wishes: Iterable[Wish], guarded: set[str]) -> Iterator[tuple[str, str]]:
    """Fields and values that are asked for, those aside that say for whom."""
    yield from ((wish.field, wish.value) for wish in wishes if wish.weight > 0)
    for limit in limits:
        if limit.op is Op.IS and limit.field not in guarded:
            yield from ((limit.field, str(value)) for value in limit.values)


def _are_enough(limits: Sequence[Constraint], asked: Sequence[tuple[str, str]], catalog: Catalog) -> bool:
    """Whether enough items have all that is asked for and keep the limits."""
    fitting = catalog.mask(limits)
    for rows in (catalog.holders(*pair) for pair in asked):
        fitting = fitting & np.isin(np.arange(len(catalog)), rows)
    return int(fitting.sum()) >= ENOUGH


def _unfit(
    care: Care, asked: Sequence[tuple[str, str]], told: Sequence[Constraint], catalog: Catalog
) -> Iterator[Constraint]:
    """What the company is not shown whatever else it bears: no funeral for the grieving, unless they ask for one."""
    unfit = catalog.schema.unfit
    pairs = dict.fromkeys(tuple(said.split(":", 1)) for group in care.groups for said in unfit.get(group, ()))
    said = {*asked, *((limit.field, str(value)) for limit in told for value in limit.values)}
    known = [(name, value) for name, value in pairs if (name, value) not in said and value in catalog.values(name)]
    for field in dict.fromkeys(name for name, _ in known):
        yield Constraint(field, Op.NOT, tuple(value for name, value in known if name == field))


def _beside(limit: Constraint, asked: Sequence[tuple[str, str]], catalog: Catalog) -> Constraint | None:
    """A limit of grown-up company beside what is asked for that mostly breaks it: a war film with dad, one on grief.

    Fear and sorrow are what such a wish is about, so they are left to it; of anything else there may be a level more.
    """
    keeps = catalog.mask((limit,))
    held = [rows for name, value in asked if len(rows := catalog.holders(name, value))]
    if all(float(np.mean(keeps[rows])) >= MOSTLY for rows in held):
        return limit
    spec = catalog.schema.field(limit.field)
    more = spec.order[: len(limit.values) + 1]
    return None if spec.role in WISHED_FOR or more == spec.order else replace(limit, values=more)


def _liked_by(care: Care, catalog: Catalog) -> Iterator[Wish]:
    """What company likes, for a wish that says nothing but who is there: what is best known is not what suits it."""
    company = catalog.schema.company
    named = next((group for group in company if group in care.groups), "")
    yield from (wish for wish in wishes_of(company.get(named, ())) if wish.value in catalog.values(wish.field))
