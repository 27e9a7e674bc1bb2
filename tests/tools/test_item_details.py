"""Facts of items, and honest words where the catalog does not know."""

from retrieval.retriever import Retriever
from tests.tools.desk import call, desk, lines


def test_details_hold_the_facts_and_the_description(shop: Retriever) -> None:
    text, result = call(desk(shop), "item_details", items=["Old Harbor"])

    assert lines(text) == [
        "i4 Old Harbor (1998)",
        "  kinds: Black",
        "  growers: Chiara Rossi",
        "  notes: smoky, tar",
        "  year: 1998",
        "  price: 11 EUR",
        '  description: "Strong, dried over pine fires."',
    ]
    assert {fact.field for fact in result.facts["tea:4"]} == {"kinds", "growers", "notes", "year", "price"}


def test_details_of_some_fields_only(shop: Retriever) -> None:
    text, _ = call(desk(shop, shown=("tea:9",)), "item_details", items=["#1", "Old Harbor"], fields=["growers"])

    assert lines(text) == [
        "i9 Iron Bell (2008)",
        "  growers: Emi Sato",
        "i4 Old Harbor (1998)",
        "  growers: Chiara Rossi",
    ]


def test_an_unknown_item_is_named_beside_the_known(shop: Retriever) -> None:
    text, result = call(desk(shop), "item_details", items=["Moon Dust", "Old Harbor"])

    assert lines(text)[-1] == "no item 'Moon Dust' in the catalog"
    assert not result.is_refused
    assert result.problems.unknown == ["Moon Dust"]


def test_nothing_but_unknown_items_is_a_refused_call_that_still_says_their_names(shop: Retriever) -> None:
    text, result = call(desk(shop), "item_details", items=["Moon Dust"])

    assert text == "no item 'Moon Dust' in the catalog"
    assert result.is_refused
    assert (result.facts, result.problems.unknown) == ({}, ["Moon Dust"])


def test_no_more_items_than_can_be_read(shop: Retriever) -> None:
    text, result = call(desk(shop), "item_details", items=[f"i{row}" for row in range(14)], fields=["price"])

    assert len(result.facts) == 10
    assert lines(text)[-1] == "only the first 10 of 14 items"
