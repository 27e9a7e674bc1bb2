"""The calls that end a turn: what the loop gets to carry out."""

import pytest

from retrieval.preference import Constraint, Op
from retrieval.retriever import Retriever
from tests.agent.films import film_id
from tests.tools.desk import call, desk, lines
from tools import Ending, SlotPlan


def test_a_recommendation_keeps_the_order_of_the_model(shop: Retriever) -> None:
    text, result = call(desk(shop, shown=("tea:3",)), "recommend", items=["i9", "Amber Road", "#1", "i9"], count=4)

    assert text == "the list is on screen"
    assert result.ending == Ending("recommend", ("tea:9", "tea:10", "tea:3"), 4)


def test_a_recommendation_without_items_leaves_the_list_to_the_recommenders(shop: Retriever) -> None:
    _, result = call(desk(shop), "recommend")

    assert result.ending == Ending("recommend")


def test_what_the_catalog_lacks_is_said_to_the_model_and_not_to_the_user(films: Retriever) -> None:
    text, result = call(desk(films), "recommend", items=["Fargo", "Moon Dust", "Sabrina"])

    assert result.ending is not None
    assert result.ending.item_ids == (film_id("Fargo"),)
    assert lines(text)[1] == "no item 'Moon Dust' in the catalog"
    assert lines(text)[2].startswith("'Sabrina' may be: Sabrina (1954) [i")
    assert (result.problems.unknown, result.problems.ambiguous) == ([], [])


def test_each_slot_has_limits_of_its_own(films: Retriever) -> None:
    slots = [
        {"name": "the 1950s", "limits": [{"field": "year", "value": "1950s"}]},
        {"name": "for Anna", "limits": [{"field": "directors", "same_as": "Alien"}]},
        {"name": "the wild one"},
    ]

    _, result = call(desk(films), "recommend", slots=slots)

    assert result.ending is not None
    assert result.ending.slots == (
        SlotPlan("the 1950s", (Constraint("year", Op.MIN, (1950.0,)), Constraint("year", Op.MAX, (1959.0,)))),
        SlotPlan("for Anna", (Constraint("directors", Op.IS, ("Ridley Scott",)),)),
        SlotPlan("the wild one", ()),
    )


def test_a_slot_whose_limit_cannot_be_placed_says_so(films: Retriever) -> None:
    slots = [{"name": "a polka", "limits": [{"field": "genres", "value": "polka"}]}]

    text, result = call(desk(films), "recommend", slots=slots)

    assert "no genres 'polka' in the catalog" in text
    assert result.problems.unknown == ["polka"]


def test_an_answer_says_what_it_is_about_and_brings_its_facts(shop: Retriever) -> None:
    text, result = call(desk(shop), "answer", kind="facts", items=["Iron Bell"], fields=["growers"], text=" ")

    assert text == "answer now"
    assert result.ending == Ending("answer", ("tea:9",), kind="facts", fields=("growers",))
    assert ("growers", "Emi Sato") in {(fact.field, fact.value) for fact in result.facts["tea:9"]}


def test_an_answer_knows_what_the_catalog_lacks(shop: Retriever) -> None:
    text, result = call(desk(shop), "answer", kind="facts", items=["Moon Dust"])

    assert lines(text) == ["answer now", "no item 'Moon Dust' in the catalog"]
    assert result.ending is not None
    assert result.ending.unknown == ("Moon Dust",)


def test_small_talk_is_an_answer_in_the_models_own_words(shop: Retriever) -> None:
    _, result = call(desk(shop), "answer", kind="talk", text=" You are welcome. ")

    assert result.ending == Ending("answer", kind="talk", text="You are welcome.")


@pytest.mark.parametrize("choices", [[], ["for today", "for a gift"]])
def test_a_question_comes_with_its_choices(shop: Retriever, choices: list[str]) -> None:
    text, result = call(desk(shop), "ask_user", question=" For whom? ", choices=choices)

    assert text == "the question is on screen"
    assert result.ending == Ending("ask_user", text="For whom?", choices=tuple(choices))
