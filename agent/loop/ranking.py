"""From what the tools found to the places of a list: the driver's order leads, the fusion fills, guesses come last."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from numpy.random import Generator

from agent.drivers.choose import TOOLS
from agent.loop.recall import Found, recall
from agent.loop.state import ListPlace, TurnState
from retrieval.belief import Belief
from retrieval.candidates import Candidate
from retrieval.policies import Slot
from retrieval.preference import Op, Preference
from retrieval.ranking import Ranked, broken_by
from retrieval.restraint import first_place
from retrieval.retriever import Retriever
from retrieval.schema import FieldKind


async def rank(state: TurnState, retriever: Retriever, *, timeout_s: float) -> None:
    """Run every recommender on the final wish, join what the tools found, and put the driver's order first."""
    if state.ending.among:
        state.ranked = await _chosen(state, retriever, timeout_s=timeout_s)
        return
    shown = state.conversation.shown_lists() if state.message else ()
    lead = state.ending.item_ids
    state.ranked = await ranked_for(state, retriever, state.preference, lead, timeout_s=timeout_s, shown=shown)


async def _chosen(state: TurnState, retriever: Retriever, *, timeout_s: float) -> Ranked:
    """The best of the items between which somebody wants one chosen, whether or not they were shown before."""
    among, wish = state.ending.among, state.preference
    passed_over = tuple(item_id for item_id in wish.passed_over if item_id not in among)
    wanted = replace(wish, passed_over=passed_over, examples=())
    by_channel = await recall(state, retriever, wanted, timeout_s=timeout_s, only=among)
    ordered = await asyncio.to_thread(retriever.order, by_channel, wanted, state.context.history)
    scored = {candidate.item_id: candidate for candidate in ordered if candidate.item_id in among}
    led = [item_id for item_id in state.ending.item_ids if item_id in among]
    fit = _allowed(state, retriever, wanted, (*led, *scored, *among))[: wanted.count]
    catalog, missing = retriever.catalog, wanted.count - len(fit)
    broken = {item_id: broken_by(catalog, item_id, wanted.constraints) for item_id in among if item_id not in fit}
    near = [Candidate(item_id) for item_id, limits in broken.items() if limits][:missing]
    best = [retriever.explain(scored.get(item_id) or Candidate(item_id), wanted) for item_id in fit]
    return Ranked(tuple(best), tuple(near), broken)


async def ranked_for(
    state: TurnState,
    retriever: Retriever,
    wanted: Preference,
    lead: Sequence[str],
    *,
    timeout_s: float,
    shown: Sequence[Sequence[str]] = (),
) -> Ranked:
    """The best for one wish of the turn.

    Args:
        state: The turn.
        retriever: Ranks.
        wanted: The wish, with how many items.
        lead: The driver's items, best first; those that keep the limits come first.
        timeout_s: For one recommender.
        shown: Item ids of the lists that were shown before, oldest first.
    """
    by_channel = await recall(state, retriever, wanted, timeout_s=timeout_s)
    return await asyncio.to_thread(_ranked, state, retriever, by_channel, wanted, lead, shown)


def explore(state: TurnState, retriever: Retriever, make_rng: Callable[[], Generator]) -> None:
    """The places as shown: guesses only behind what the driver ordered, and none where something precise was asked."""
    preference, history = state.preference, state.context.history
    unanswered = state.conversation.all_shown()
    belief = retriever.belief(preference, history, unanswered)
    state.uncertainty = float(belief.uncertainty()[0])
    lead = _lead_size(state)
    if state.places:
        state.slots = tuple(_placed(place, state, retriever, make_rng) for place in state.places)
        return
    if state.ending.among:
        state.slots = tuple(Slot(candidate) for candidate in state.ranked.fit)
        return
    if lead >= preference.count or _is_precise(preference, retriever):
        state.slots = tuple(Slot(retriever.explain(candidate, preference)) for candidate in state.ranked.fit)
        state.slots = _with_mild_first(state.slots, state, retriever)
        return
    slots = _with_guesses(state, retriever, make_rng(), belief, lead)
    state.slots = _with_mild_first(slots, state, retriever)
    _ask(state, retriever, belief, preference)


def _with_mild_first(slots: tuple[Slot, ...], state: TurnState, retriever: Retriever) -> tuple[Slot, ...]:
    """Strong content that was not asked for is not first, unless a model that knows what it is put it there."""
    preference = state.preference
    lead = set(state.ending.item_ids) if state.driver == TOOLS else set()
    if slots and slots[0].candidate.item_id in lead:
        return slots
    item_ids = [slot.candidate.item_id for slot in slots]
    place = first_place(retriever.catalog, item_ids, retriever.implied(preference))
    return (*slots[place : place + 1], *slots[:place], *slots[place + 1 :])


def _placed(place: ListPlace, state: TurnState, retriever: Retriever, make_rng: Callable[[], Generator]) -> Slot:
    """What stands at a place with a wish of its own: a guess where it is for one and there is one."""
    first = Slot(retriever.explain(place.fit[0], place.wanted))
    if not place.is_bold:
        return first
    taken = (*place.wanted.seen, *(other.fit[0].item_id for other in state.places))
    wanted = replace(place.wanted, seen=taken)
    drawn = retriever.explore(
        Ranked(place.fit[:2]),
        wanted,
        state.context.history,
        make_rng(),
        slots=2,
        unanswered=state.conversation.all_shown(),
    )
    return next((slot for slot in drawn if slot.exploratory), first)


def _with_guesses(
    state: TurnState, retriever: Retriever, rng: Generator, belief: Belief, lead: int
) -> tuple[Slot, ...]:
    preference = state.preference
    first = tuple(Slot(retriever.explain(candidate, preference)) for candidate in state.ranked.fit[:lead])
    rest = replace(state.ranked, fit=state.ranked.fit[lead:], near=(*state.ranked.near, *state.ranked.fit[:lead]))
    others = retriever.explore(
        rest,
        preference,
        state.context.history,
        rng,
        slots=preference.count - lead,
        unanswered=state.conversation.all_shown(),
        belief=belief,
    )
    return (*first, *others)


def _ask(state: TurnState, retriever: Retriever, belief: Belief, preference: Preference) -> None:
    """The one question: about a field that people care about, else about taste, where it teaches more than the list."""
    conversation = state.conversation
    if state.driver == TOOLS or state.lists_beside:
        return  # a model that writes well asks in its own words, and one question is enough
    if state.message and state.slots and preference.novelty > 0 and not conversation.has_just_asked():
        state.split = retriever.split(preference, conversation.inquired)
        if state.split is not None:
            return
        implied = retriever.implied(preference)
        if implied.text or implied.wishes:
            return  # who wants to cry, or robots, has said enough of genres
        settled = {limit.field for limit in implied.constraints}
        settled |= {spec.name for spec in retriever.schema.of_kind(FieldKind.NUMBER)}  # nobody prefers a span of years
        state.elicitation = retriever.elicitation(
            state.slots, belief, conversation.inquired, settled, among=state.ranked.order
        )


def _ranked(
    state: TurnState,
    retriever: Retriever,
    by_channel: Found,
    preference: Preference,
    order: Sequence[str],
    shown: Sequence[Sequence[str]] = (),
) -> Ranked:
    ranked = retriever.rank(by_channel, preference, state.context.history, preference.count, shown)
    return _led(state, retriever, ranked, by_channel, preference, order)


def _led(
    state: TurnState,
    retriever: Retriever,
    ranked: Ranked,
    by_channel: Found,
    preference: Preference,
    order: Sequence[str],
) -> Ranked:
    """The driver's items first, in its order; what breaks a limit is not shown."""
    lead = [_merged(by_channel, item_id) for item_id in _allowed(state, retriever, preference, order)]
    if not lead:
        return ranked
    scored = {candidate.item_id: candidate for candidate in ranked.fit}
    top = max((candidate.score for candidate in ranked.fit), default=1.0)
    first = [
        scored.get(candidate.item_id) or replace(candidate, score=top + (len(lead) - place) * 1e-3)
        for place, candidate in enumerate(lead)
    ][: preference.count]
    twins = {twin for candidate in first for twin in retriever.catalog.double_of(candidate.item_id)}
    rest = [candidate for candidate in ranked.fit if candidate.item_id not in twins]
    fit = tuple(retriever.explain(candidate, preference) for candidate in (*first, *rest))[: preference.count]
    missing = preference.count - len(fit)
    return replace(ranked, fit=fit, near=ranked.near[:missing] if missing > 0 else ())


def _allowed(state: TurnState, retriever: Retriever, preference: Preference, order: Sequence[str]) -> list[str]:
    """The driver's items that keep every limit and were not turned down, each thing once.

    What the user knows already is shown where the driver names it: "show me that one again".
    """
    catalog, turned_down = retriever.catalog, {*preference.disliked, *state.context.history.disliked()}
    closed = {double for item_id in turned_down for double in catalog.double_of(item_id)}
    allowed = []
    for item_id in dict.fromkeys(order):
        item = catalog.item(item_id)
        if item_id not in closed and all(catalog.satisfies(item, limit) for limit in preference.constraints):
            allowed.append(item_id)
            closed |= catalog.double_of(item_id)
    return allowed


def _lead_size(state: TurnState) -> int:
    """How many of the list's first places are the driver's."""
    ordered = set(state.ending.item_ids)
    return sum(candidate.item_id in ordered for candidate in state.ranked.fit)


def _is_precise(preference: Preference, retriever: Retriever) -> bool:
    """Whether a person, something like a certain item, or a single item was asked for: no place for guesses."""
    people = {spec.name for spec in retriever.schema.fields if spec.people}
    named = any(limit.op is Op.IS and limit.field in people for limit in preference.constraints)
    return preference.count == 1 or bool(preference.examples) or named


def _merged(by_channel: Found, item_id: str) -> Candidate:
    """All that the channels said about one item."""
    same = [candidate for many in by_channel.values() for candidate in many if candidate.item_id == item_id]
    scores = {name: score for candidate in same for name, score in candidate.scores.items()}
    evidence = dict.fromkeys(evidence for candidate in same for evidence in candidate.evidence)
    return Candidate(item_id, scores, tuple(evidence))
