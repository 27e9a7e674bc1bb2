"""Handles in a model's prose become what they stand for, or the sentence falls."""

from dataclasses import replace

import pytest

from agent.wording.handles import HandleError, parts_of
from agent.wording.ledger import Ledger
from retrieval.items import Catalog
from tests.agent.films import film_id
from tools.placing import reference_of

HEAT, CASINO, ALIEN = film_id("Heat"), film_id("Casino"), film_id("Alien")
LEDGER = Ledger(item_ids=frozenset((HEAT, CASINO)), listed=(CASINO, HEAT), on_screen=(CASINO, HEAT), count=1682)


def fill(text: str, catalog: Catalog, ledger: Ledger = LEDGER) -> str:
    return "".join(part.text for part in parts_of(text, ledger, catalog))


def test_an_item_becomes_its_title_and_year(films: Catalog):
    assert fill(f"Try [[{reference_of(films, HEAT)}]] or [[ #1 ]].", films) == "Try Heat (1995) or Casino (1995)."


def test_a_title_loses_the_year_that_is_said_beside_it(films: Catalog):
    assert fill("[[1]] is from [[1.year]], like [[2]].", films) == "Casino is from 1995, like Heat (1995)."


def test_a_field_becomes_its_values_or_the_first_of_them(films: Catalog):
    assert fill("By [[1.directors]]: [[1.genres]].", films) == "By Martin Scorsese: Crime and Drama."
    assert fill("[[1.genres.1]]", films) == "Crime"


def test_what_an_item_only_touches_is_stated_where_it_is_all_there_is(films: Catalog):
    def with_slight(*slight: str) -> Catalog:
        return Catalog(films.schema, tuple(replace(item, slight=slight) for item in films))

    assert fill("[[1.genres]]", with_slight("Drama")) == "Crime"
    assert fill("[[1.genres]]", with_slight("Crime", "Drama")) == "Crime and Drama"


def test_numbers_are_those_that_code_counted(films: Catalog):
    assert fill("[[count]], [[shown]], [[size]]", films) == f"1,682, 2, {len(films)}"


def test_what_the_user_wrote_is_quoted_and_nothing_else(films: Catalog):
    said = replace(LEDGER, said="for my 14 year old")

    assert fill('For your [["14"]] year old.', films, said) == "For your 14 year old."
    with pytest.raises(HandleError, match="the user did not write '15'"):
        fill('For your [["15"]] year old.', films, said)


def test_values_and_titles_are_written_in_the_language_of_the_turn(films: Catalog):
    assert fill("[[#1]]：[[#1.genres]]", films, replace(LEDGER, language="zh")) == "《Casino》（1995）：犯罪和剧情"


@pytest.mark.parametrize(
    "text",
    [
        "[[i9999]]", "[[#3]]", "[[#0]]", "[[#1.nonsense]]", "[[#1.countries]]", "[[]]", "[[Heat]]", "an open [[#1",
        "]]", "[[1.[[2]]]]", "[[[[1]]]]", "[[1|a drama]]", "[[1.genres|a drama]]", "[[9.genres=Drama|a drama]]",
        '[[""]]',
    ],
)  # fmt: skip
def test_a_handle_that_stands_for_nothing_makes_the_sentence_fall(films: Catalog, text: str):
    with pytest.raises(HandleError):
        fill(text, films)


def test_an_item_that_nothing_of_the_conversation_named_has_no_handle(films: Catalog):
    with pytest.raises(HandleError, match="no item that was found or shown"):
        fill(f"[[{reference_of(films, ALIEN)}]]", films)


def test_what_is_not_known_is_told_so_that_it_can_be_said(films: Catalog):
    with pytest.raises(HandleError, match=r"the countries of Casino \(1995\) is not known: say so"):
        fill("[[1.countries]]", films)


def test_a_sentence_without_handles_stays_as_it_is(films: Catalog):
    assert fill("Enjoy your evening [or not]!", films) == "Enjoy your evening [or not]!"
