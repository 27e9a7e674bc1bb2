"""Handles in a model's prose become what they stand for, or the sentence falls."""

import pytest

from agent.wording.handles import fill
from retrieval.history import UserHistory
from retrieval.preference import Preference
from retrieval.retriever import Retriever
from tests.agent.films import film_id
from tools import Lookup, ToolContext
from tools.placing import Placer, reference_of

HEAT, CASINO = film_id("Heat"), film_id("Casino")


@pytest.fixture
def context(film_retriever: Retriever) -> ToolContext:
    found = Lookup((), 1682, (HEAT,))
    return ToolContext(
        film_retriever,
        Placer(film_retriever.catalog),
        UserHistory(),
        Preference(),
        shown=(CASINO, HEAT),
        lookups=(found,),
    )


def test_an_item_becomes_its_title_and_year(context: ToolContext):
    row = reference_of(context.catalog, HEAT)

    assert fill(f"Try [[{row}]] or [[ #1 ]].", context) == "Try Heat (1995) or Casino (1995)."


def test_a_field_becomes_its_values(context: ToolContext):
    row = reference_of(context.catalog, CASINO)

    assert fill(f"By [[{row}.directors]], [[{row}.year]]: [[{row}.genres]].", context) == (
        "By Martin Scorsese, 1995: Crime and Drama."
    )


def test_the_count_is_that_of_the_last_look_up(context: ToolContext):
    assert fill("There are [[count]].", context) == "There are 1,682."


def test_places_are_those_of_the_list_on_screen(context: ToolContext):
    assert fill("[[#1]] and [[2]]", context, listed=(HEAT, CASINO)) == "Heat (1995) and Casino (1995)"


def test_values_and_titles_are_written_in_the_language_of_the_turn(context: ToolContext):
    context.wanted = Preference(language="zh")

    assert fill("[[#1]]：[[#1.genres]]", context) == "《Casino》（1995）：犯罪和剧情"


@pytest.mark.parametrize(
    "text",
    ["[[i9999]]", "[[#3]]", "[[#0]]", "[[#1.nonsense]]", "[[#1.countries]]", "[[]]", "[[Heat]]", "an open [[#1", "]]"],
)
def test_a_handle_that_stands_for_nothing_makes_the_sentence_fall(context: ToolContext, text: str):
    assert fill(text, context) is None


def test_a_sentence_without_handles_stays_as_it_is(context: ToolContext):
    assert fill("Enjoy your evening [or not]!", context) == "Enjoy your evening [or not]!"
