"""What is shown of a ranked list: cards with reasons, and near misses as a group of their own."""

from collections.abc import Sequence
from dataclasses import replace

from agent.recommendation import Recommendation
from agent.wording.explain import explain, near_miss, said_of
from agent.wording.messages import say
from agent.wording.telling import Key, Telling
from retrieval.candidates import Candidate
from retrieval.items import Catalog
from retrieval.policies import Slot
from retrieval.preference import Constraint, Preference
from retrieval.ranking import Ranked
from retrieval.retriever import Retriever
from retrieval.schema import CONTENT, SUITS_FROM, CatalogSchema

Cards = tuple[tuple[Recommendation, ...], tuple[Recommendation, ...]]
"""What fits, and what only comes near."""


def make_cards(
    slots: Sequence[Slot],
    ranked: Ranked,
    preference: Preference,
    retriever: Retriever,
    language: str,
    slot_names: Sequence[str] = (),
) -> Cards:
    """The cards of a list, and its near misses.

    Args:
        slots: The places of the list.
        ranked: For the near misses and the limits that they break.
        preference: What was asked for; a reason does not repeat it.
        retriever: For the catalog and the facts that answer a wish.
        language: A language code.
        slot_names: What the places are for, where each has limits of its own.
    """
    catalog = retriever.catalog
    names = (*slot_names, *("" for _ in slots))
    telling = Telling.of(
        preference,
        catalog,
        [slot.candidate.item_id for slot in slots],
        implied=retriever.implied(preference),
    )
    told: list[frozenset[Key]] = []
    cards: list[Recommendation] = []
    for rank, slot in enumerate(slots, 1):
        card = replace(_card(slot, rank, names[rank - 1], telling, told, language), parts_are=ranked.parts_are)
        cards.append(disclosed(card, catalog, language))
        told.append(said_of(card.explanation))
    shown = {card.item.item_id for card in cards}
    near: list[Recommendation] = []
    for candidate in ranked.near:
        broken = _broken(catalog, candidate.item_id, ranked.broken.get(candidate.item_id, ()))
        if broken and candidate.item_id not in shown:
            explained = retriever.explain(candidate, preference)
            card = _near(explained, broken, len(near) + 1, telling, told, language)
            near.append(disclosed(card, catalog, language))
            told.append(said_of(card.explanation))
    return tuple(cards), tuple(near)


def disclosed(card: Recommendation, catalog: Catalog, language: str) -> Recommendation:
    """A card as the house asks for it: what it discloses of an item comes before any reason."""
    words = catalog.house.disclosure(card.item.item_id, language)
    if words == card.disclosure:
        return card
    text = " · ".join(filter(None, (words, card.explanation.text)))
    return replace(card, disclosure=words, explanation=replace(card.explanation, text=text))


def shortage(cards: Cards, schema: CatalogSchema, language: str, wanted: Preference | None = None) -> str:
    """What is said where too few items fit; '' where enough do, or nothing comes near and nobody is cared for.

    Args:
        cards: What fits, and what comes near.
        schema: For its words.
        language: Of the words.
        wanted: How many, and for whom.
    """
    fit, near = cards
    noun, nouns = schema.noun_in(language), schema.nouns_in(language)
    if not near:
        guards = {spec.name for spec in schema.of_role(SUITS_FROM, *CONTENT)}
        is_cared_for = wanted is not None and any(limit.field in guards for limit in wanted.constraints)
        if wanted is None or not is_cared_for or not 0 < len(fit) < wanted.count:
            return ""
        return say("few_suit", language, count=len(fit), noun=noun, nouns=nouns, counter=schema.counter_in(language))
    if fit and all(_is_unknown(card) for card in near):
        return say("few_unknown", language)
    if not fit:
        return say("only_near", language, noun=noun, nouns=nouns)
    return say("few", language, count=len(fit), noun=noun, nouns=nouns, counter=schema.counter_in(language))


def _is_unknown(card: Recommendation) -> bool:
    """Whether a near miss breaks limits only in that nothing is known of it there."""
    return all(limit.field not in card.item.numbers and not card.item.values.get(limit.field) for limit in card.breaks)


def _broken(catalog: Catalog, item_id: str, limits: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Those of some limits that an item really breaks."""
    item = catalog.item(item_id)
    return tuple(limit for limit in limits if not catalog.satisfies(item, limit))


def _card(
    slot: Slot, rank: int, name: str, telling: Telling, told: Sequence[frozenset[Key]], language: str
) -> Recommendation:
    candidate, catalog, guess = slot.candidate, telling.catalog, slot.why if slot.exploratory else ""
    return Recommendation(
        item=catalog.item(candidate.item_id),
        rank=rank,
        explanation=explain(candidate, catalog, language, guess=guess, telling=telling, told=told),
        score=candidate.score,
        channels=dict(candidate.scores),
        parts=dict(candidate.parts),
        shares=dict(candidate.shares),
        exploratory=slot.exploratory,
        propensity=slot.propensity,
        context=slot.context,
        slot=name,
    )


def _near(
    candidate: Candidate,
    broken: tuple[Constraint, ...],
    rank: int,
    telling: Telling,
    told: Sequence[frozenset[Key]],
    language: str,
) -> Recommendation:
    catalog = telling.catalog
    return Recommendation(
        item=catalog.item(candidate.item_id),
        rank=rank,
        explanation=near_miss(candidate, broken, catalog, language, telling=telling, told=told),
        score=candidate.score,
        channels=dict(candidate.scores),
        breaks=broken,
    )
