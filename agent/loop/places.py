"""A list whose places have wishes of their own: slots, one place for each value of a field, several people.

Each place is ranked by itself, within the limits of the whole wish; what fits nowhere is said, never put elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.loop.ranking import ranked_for
from agent.loop.state import ListPlace, TurnState
from agent.wording.messages import join, say
from retrieval.candidates import Candidate
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op, Person, Preference, Wish
from retrieval.ranking import Ranked
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind, FieldSpec
from tools import SlotPlan
from tools.arguments import MOST_ITEMS

TEN_YEARS = 10
ENOUGH, FREE, DEEP = 1, 3, 40
"""How many items are ranked for a place, for one that a guess may take, and where all places must share a value."""


def has_places(state: TurnState) -> bool:
    """Whether the list has places of their own."""
    return bool(state.ending.slots or state.ending.per or state.preference.people)


async def rank_places(state: TurnState, retriever: Retriever, *, timeout_s: float) -> None:
    """Fill each place with the best item that fits it, and note the places that nothing fits."""
    ending, filling = state.ending, _Filling(state, retriever, timeout_s)
    if state.preference.people and not (ending.slots or ending.per):
        await filling.for_people(state.preference.people)
    else:
        plans, left = (ending.slots, ending.slots_left) if ending.slots else _per(state, retriever)
        most = retriever.house.most
        left += max(0, len(plans) - most)
        await filling.for_plans(plans[:most])
        state.add_notices(say("slots_many", state.language, count=min(most, MOST_ITEMS)) if left else "")
    state.places = tuple(filling.places)
    chosen = tuple(place.fit[0] for place in filling.places)
    state.ranked = Ranked(chosen, tuple(filling.near.values()), filling.broken, parts_are=filling.parts_are)
    state.slot_names, state.unfilled = tuple(place.name for place in filling.places), tuple(filling.unfilled)


@dataclass(slots=True)
class _Filling:
    """Places while they are filled."""

    state: TurnState
    retriever: Retriever
    timeout_s: float
    places: list[ListPlace] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)
    near: dict[str, Candidate] = field(default_factory=dict)
    broken: dict[str, tuple[Constraint, ...]] = field(default_factory=dict)
    parts_are: str = ""

    async def for_plans(self, plans: Sequence[SlotPlan]) -> None:
        """One item for each plan; where the places share a value, the one with which most are filled."""
        wish, same = self.state.preference, self.state.ending.same
        filled: list[tuple[SlotPlan, Preference, Ranked]] = []
        for plan in plans:
            taken = [] if same else [ranked.fit[0].item_id for _, _, ranked in filled if ranked.fit]
            wanted = _wanted_for(plan, wish, taken, DEEP if same else FREE if plan.novelty else ENOUGH)
            filled.append((plan, wanted, await self._ranked(wanted, plan.item_ids)))
        best = together([ranked.fit for _, _, ranked in filled], self.retriever.catalog, same)
        for (plan, wanted, ranked), first in zip(filled, best, strict=True):
            if first is None:
                self._leave(plan.name, ranked)
                continue
            others = () if same else tuple(candidate for candidate in ranked.fit if candidate.item_id != first.item_id)
            self.places.append(ListPlace(plan.name, wanted, (first, *others), is_free=not (plan.item_ids or same)))

    async def for_people(self, people: Sequence[Person]) -> None:
        """What suits everybody comes first, then something for each."""
        wish, language = self.state.preference, self.state.language
        apart = [person for person in people if _has_own(person)]
        shared = max(1, wish.count - len(apart))
        for first in (await self._ranked(_for(wish, people, shared))).fit[:shared]:
            item = self.retriever.catalog.item(first.item_id)
            served = [person.name for person in people if _serves(item, person, wish, self.retriever.catalog)]
            self._take(join(served, language), wish, first)
        if not self.places:
            self.state.add_notices(say("people_apart", language))
            apart = [*people]
        while len(self.places) < wish.count:
            before = len(self.places)
            for person in apart[: wish.count - len(self.places)]:
                await self._own(person)
            if len(self.places) == before:
                return

    async def _own(self, person: Person) -> None:
        """Something that one of several people wants."""
        wish = self.state.preference
        own = replace(person, constraints=(*person.constraints, *_as_limits(person, self.retriever)))
        fit = (await self._ranked(_for(wish, (own,), ENOUGH, self._taken()))).fit
        if fit:
            self._take(person.name, wish, fit[0])
        elif not any(person.name in place.name for place in self.places):
            self.unfilled = [*dict.fromkeys((*self.unfilled, person.name))]

    def _take(self, name: str, wish: Preference, first: Candidate) -> None:
        self.places.append(ListPlace(name, wish, (first,)))

    def _taken(self) -> list[str]:
        return [place.fit[0].item_id for place in self.places]

    def _leave(self, name: str, ranked: Ranked) -> None:
        """A place that nothing fits; the item that comes nearest is shown apart."""
        self.unfilled.append(name)
        for candidate in ranked.near[:1]:
            self.near[candidate.item_id] = candidate
            self.broken[candidate.item_id] = ranked.broken.get(candidate.item_id, ())

    async def _ranked(self, wanted: Preference, own: Sequence[str] = ()) -> Ranked:
        """The best for one place; the driver's items for it come first."""
        lead = (*own, *self.state.ending.item_ids)
        ranked = await ranked_for(self.state, self.retriever, wanted, lead, timeout_s=self.timeout_s)
        self.parts_are = ranked.parts_are or self.parts_are
        return ranked


def together(fits: Sequence[Sequence[Candidate]], catalog: Catalog, same: Sequence[str]) -> list[Candidate | None]:
    """One item for each place, none twice, that all share a value in some fields.

    Args:
        fits: What fits each place, best first.
        catalog: For values and doubles.
        same: The fields.

    Returns:
        As many as there are places; None for a place that stays empty. As many as possible are filled, then with the
        best.
    """
    if not same:
        return _first_free(fits, catalog)
    name, *rest = same
    values = dict.fromkeys(
        value for fit in fits for candidate in fit for value in _values(catalog.item(candidate.item_id), name)
    )
    options = [
        together(
            [
                [candidate for candidate in fit if value in _values(catalog.item(candidate.item_id), name)]
                for fit in fits
            ],
            catalog,
            rest,
        )
        for value in values
    ]
    places = [{candidate.item_id: at for at, candidate in enumerate(fit)} for fit in fits]

    def worth(option: Sequence[Candidate | None]) -> tuple[int, int]:
        held = [(candidate, place) for candidate, place in zip(option, places, strict=True) if candidate is not None]
        return len(held), -sum(place[candidate.item_id] for candidate, place in held)

    return max(options, key=worth, default=[None] * len(fits))


def _first_free(fits: Sequence[Sequence[Candidate]], catalog: Catalog) -> list[Candidate | None]:
    taken: set[str] = set()
    chosen: list[Candidate | None] = []
    for fit in fits:
        first = next((candidate for candidate in fit if candidate.item_id not in taken), None)
        taken |= catalog.double_of(first.item_id) if first is not None else set()
        chosen.append(first)
    return chosen


def _values(item: Item, name: str) -> tuple[str | float, ...]:
    number = item.numbers.get(name)
    return item.values.get(name, ()) if number is None else (number,)


def _wanted_for(plan: SlotPlan, wish: Preference, taken: Sequence[str], count: int) -> Preference:
    """The wish for one place: its own beside that of the list, and nothing that another place has."""
    return replace(
        wish,
        text=", ".join(filter(None, (wish.text, plan.text))),
        constraints=(*wish.constraints, *plan.constraints),
        wishes=(*wish.wishes, *plan.wishes),
        seen=(*wish.seen, *taken),
        novelty=wish.novelty if plan.novelty is None else plan.novelty,
        count=count,
    )


def _for(wish: Preference, people: Sequence[Person], count: int, taken: Sequence[str] = ()) -> Preference:
    """The wish of some of the people, met together."""
    return replace(
        wish,
        constraints=(*wish.constraints, *(limit for person in people for limit in person.constraints)),
        wishes=(*wish.wishes, *(wanted for person in people for wanted in person.wishes)),
        seen=(*wish.seen, *taken),
        count=count,
    )


def _has_own(person: Person) -> bool:
    """Whether somebody wants something of their own, rather than only to be spared something."""
    return any(wish.weight > 0 for wish in person.wishes) or any(
        constraint.op is Op.IS for constraint in person.constraints
    )


def _as_limits(person: Person, retriever: Retriever) -> tuple[Constraint, ...]:
    """What somebody wishes for, as what an item that is for them alone must have."""
    by_field: dict[str, list[str]] = {}
    for wish in person.wishes:
        if wish.weight > 0 and _is_value(wish, retriever):
            by_field.setdefault(wish.field, []).append(wish.value)
    return tuple(Constraint(name, Op.IS, tuple(values)) for name, values in by_field.items())


def _serves(item: Item, person: Person, wish: Preference, catalog: Catalog) -> bool:
    """Whether an item is for somebody: it keeps their limits, and has something that they or all of them wish for."""
    if not all(catalog.satisfies(item, limit) for limit in person.constraints):
        return False
    if any(limit.op is Op.IS for limit in person.constraints):
        return True
    wished = [wanted for wanted in (*wish.wishes, *person.wishes) if wanted.weight > 0 and wanted.field in item.values]
    own = [wanted for wanted in person.wishes if wanted.weight > 0]
    return not own or any(wanted.value in item.values[wanted.field] for wanted in wished)


def _per(state: TurnState, retriever: Retriever) -> tuple[Sequence[SlotPlan], int]:
    """A place for each value of a field, or each decade, that something fits; and how many more there would be."""
    spec, wish = retriever.schema.field(state.ending.per), state.preference
    named = next((limit for limit in wish.constraints if limit.field == spec.name and len(limit.values) > 1), None)
    wanted = [preferred for preferred in wish.wishes if preferred.weight > 0]
    must = tuple(
        Constraint(preferred.field, Op.IS, (preferred.value,))
        for preferred in wanted
        if _is_value(preferred, retriever)
    )
    must = must if len(wanted) == 1 else ()  # 'one heist story per decade' is about decades that have one
    _, ids = retriever.matching((*wish.constraints, *must))
    items = [retriever.catalog.item(item_id) for item_id in ids]
    if spec.kind is FieldKind.NUMBER:
        plans = _decades(items, spec, wish, state.language)
        plans, left = plans[-MOST_ITEMS:], len(plans) - MOST_ITEMS
    else:
        held = Counter(value for item in items for value in item.values.get(spec.name, ()))
        values = (
            [str(value) for value in named.values] if named else [value for value, _ in held.most_common(wish.count)]
        )
        plans = [
            SlotPlan(spec.value_in(value, state.language), (Constraint(spec.name, Op.IS, (value,)),))
            for value in values
        ]
        plans, left = plans[:MOST_ITEMS], len(plans) - MOST_ITEMS
    return [replace(plan, constraints=(*plan.constraints, *must)) for plan in plans], max(0, left)


def _decades(items: Sequence[Item], spec: FieldSpec, wish: Preference, language: str) -> list[SlotPlan]:
    """The decades that something fits, and those of 'the 30s to the 90s' that nothing fits: they are told."""
    years = {item.numbers[spec.name] for item in items if spec.name in item.numbers}
    ends = {limit.op: float(limit.values[0]) for limit in wish.constraints if limit.field == spec.name}
    if years and Op.MIN in ends and Op.MAX in ends:
        years |= {float(year) for year in range(int(ends[Op.MIN]), int(ends[Op.MAX]) + 1, TEN_YEARS)}
    return [
        SlotPlan(
            say("decade", language, year=f"{first:g}"),
            (Constraint(spec.name, Op.MIN, (first,)), Constraint(spec.name, Op.MAX, (first + TEN_YEARS - 1,))),
        )
        for first in sorted({year - year % TEN_YEARS for year in years})
    ]


def _is_value(wish: Wish, retriever: Retriever) -> bool:
    """Whether a wish is for a value of the catalog, and not for words."""
    return any(spec.name == wish.field for spec in retriever.schema.fields)
