"""What is shown of a ranked list: cards with reasons, and near misses as a group of their own."""

from dataclasses import replace

from agent import replies
from agent.explain import explain, near_miss
from agent.recommendation import Recommendation
from agent.working import Working
from retrieval.items import Catalog
from retrieval.policies import Slot
from retrieval.retriever import Retriever


def with_cards(work: Working, retriever: Retriever) -> Working:
    """The turn with its recommendations and its near misses, and a notice where too few items fit."""
    catalog, language = retriever.catalog, work.language
    cards = tuple(_card(slot, rank, catalog, language) for rank, slot in enumerate(work.slots, 1))
    near = tuple(
        Recommendation(
            item=catalog.item(one.item_id),
            rank=rank,
            explanation=near_miss(one, work.ranked.broken.get(one.item_id, ()), catalog, language),
            score=one.score,
            channels=dict(one.scores),
            breaks=tuple(work.ranked.broken.get(one.item_id, ())),
        )
        for rank, one in enumerate(work.ranked.near, 1)
    )
    if near:
        key = {0: "only_near", 1: "one"}.get(len(cards), "few")
        noun = retriever.schema.nouns_in(language) if key == "few" else retriever.schema.noun_in(language)
        work = work.noticing(replies.say(key, language, count=len(cards), noun=noun))
    return replace(work, recommendations=cards, near_misses=near)


def _card(slot: Slot, rank: int, catalog: Catalog, language: str) -> Recommendation:
    found = slot.candidate
    return Recommendation(
        item=catalog.item(found.item_id),
        rank=rank,
        explanation=explain(found, catalog, language, guess=slot.why if slot.exploratory else ""),
        score=found.score,
        channels=dict(found.scores),
        parts=dict(found.parts),
        exploratory=slot.exploratory,
        propensity=slot.propensity,
        context=slot.context,
    )
