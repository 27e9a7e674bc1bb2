"""What a model may send: closed lists of fields, bounds everywhere, lenient where the meaning is plain."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from retrieval.schema import CatalogSchema
from tests.agent.films import film_catalog
from tests.fakes import tea_schema
from tools.arguments import LONGEST, MOST_ITEMS, MOST_ROWS, ArgumentTypes

TEAS = ArgumentTypes.of(tea_schema())
FILMS = ArgumentTypes.of(film_catalog().schema)


def accepted(model: type[BaseModel], **arguments: Any) -> dict[str, Any]:
    """What is left of arguments after the check, without what was not sent."""
    return model.model_validate(arguments).model_dump(exclude_unset=True)


def refusal(model: type[BaseModel], **arguments: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(arguments)
    return str(caught.value)


def test_fields_are_those_of_the_catalog() -> None:
    limit = {"field": "kinds", "value": "Green"}

    assert accepted(TEAS.update_wish, limits=[limit])["limits"][0]["field"] == "kinds"
    assert "Input should be 'kinds', 'growers', 'notes', 'year' or 'price'" in refusal(
        TEAS.update_wish, limits=[{"field": "genres", "value": "Drama"}]
    )
    assert "field" in refusal(FILMS.update_wish, limits=[limit])
    assert "field" in refusal(TEAS.graph_lookup, limits=[{"value": "Green"}])


def test_an_operator_is_one_of_six() -> None:
    assert "Input should be 'is', 'not', 'any_of', 'all_of', 'min' or 'max'" in refusal(
        TEAS.search_catalog, limits=[{"field": "year", "op": ">=", "value": 1990}]
    )


@pytest.mark.parametrize("sort", ["", "year", "-year", "price", "popularity", "-popularity"])
def test_sorting_is_by_numbers_and_popularity(sort: str) -> None:
    assert accepted(TEAS.search_catalog, sort=sort) == {"sort": sort}


@pytest.mark.parametrize("sort", ["kinds", "-growers", "newest"])
def test_sorting_by_names_is_refused(sort: str) -> None:
    assert "sort" in refusal(TEAS.graph_lookup, sort=sort)


def test_one_value_where_several_are_taken_is_a_list_of_one() -> None:
    patch = accepted(
        TEAS.update_wish, likes="Iron Bell", drop="about", avoid=None, limits={"field": "kinds", "value": "Green"}
    )

    assert (patch["likes"], patch["drop"], patch["avoid"]) == (["Iron Bell"], ["about"], [])
    assert patch["limits"] == [{"field": "kinds", "value": ["Green"]}]


def test_a_small_number_is_a_place_and_a_large_one_a_title() -> None:
    assert accepted(TEAS.item_details, items=[2, 1984])["items"] == ["#2", "1984"]


def test_references_are_trimmed() -> None:
    assert accepted(TEAS.item_details, items=["  Iron Bell \n"])["items"] == ["Iron Bell"]


def test_numbers_and_words_are_values_alike() -> None:
    limit = {"field": "price", "op": "any_of", "value": [7, 7.5, "12 EUR"]}

    assert accepted(TEAS.update_wish, limits=[limit])["limits"][0]["value"] == [7.0, 7.5, "12 EUR"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    assert "finite" in refusal(TEAS.update_wish, limits=[{"field": "price", "op": "max", "value": value}])


def test_unknown_keys_are_left_out() -> None:
    assert accepted(TEAS.ask_user, question="Which one?", reason="none") == {"question": "Which one?"}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("update_wish", {"about": "x" * (LONGEST + 1)}),
        ("update_wish", {"likes": ["x" * (LONGEST + 1)]}),
        ("update_wish", {"likes": ["a"] * 21}),
        ("update_wish", {"likes": [""]}),
        ("update_wish", {"avoid": ["a"] * 13}),
        ("update_wish", {"novelty": 1.5}),
        ("update_wish", {"count": 0}),
        ("update_wish", {"count": MOST_ITEMS + 1}),
        ("update_wish", {"language": "English"}),
        ("update_wish", {"limits": [{"field": "kinds", "value": "a"}] * 13}),
        ("update_wish", {"limits": [{"field": "kinds", "value": ["a"] * 13}]}),
        ("search_catalog", {"description": "x" * 401}),
        ("search_catalog", {"k": MOST_ROWS + 1}),
        ("search_catalog", {"k": "many"}),
        ("graph_lookup", {"kind": "sparql"}),
        ("graph_lookup", {"k": 0}),
        ("item_details", {}),
        ("item_details", {"items": []}),
        ("item_details", {"items": ["a"], "fields": ["color"]}),
        ("recommend", {"count": MOST_ITEMS + 1}),
        ("recommend", {"slots": [{"name": ""}]}),
        ("answer", {}),
        ("answer", {"kind": "guess"}),
        ("answer", {"kind": "talk", "text": "x" * 1501}),
        ("ask_user", {"question": "?"}),
        ("ask_user", {"question": "x" * 301}),
    ],
)
def test_every_argument_has_a_bound(tool: str, arguments: dict[str, Any]) -> None:
    assert refusal(getattr(TEAS, tool), **arguments)


@pytest.mark.parametrize("tool", ["update_wish", "search_catalog", "cf_scores", "graph_lookup", "recommend"])
def test_nothing_must_be_sent_where_nothing_is_needed(tool: str) -> None:
    assert accepted(getattr(TEAS, tool)) == {}


def test_a_slot_has_limits_of_its_own() -> None:
    slot = {"name": "for Ada", "limits": [{"field": "kinds", "value": "Green"}]}

    assert accepted(TEAS.recommend, slots=slot)["slots"][0]["limits"][0]["field"] == "kinds"


def test_a_catalog_without_fields_still_has_all_tools() -> None:
    types = ArgumentTypes.of(CatalogSchema(name="things"))

    assert accepted(types.search_catalog, description="round", sort="popularity")
    assert "limits" in refusal(types.search_catalog, limits=[{"field": "kinds", "value": "Green"}])
