"""Titles in words -> items."""

import pytest

from agent.linking import link, references, split_year
from agent.reading import Mention
from retrieval.items import Catalog
from tests.agent.films import film_id
from tests.fakes import tea_catalog


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Heat", "Heat", 1995),
        ("heat", "Heat", 1995),
        ("Heat (1995)", "Heat", 1995),
        ("《泰坦尼克号》", "Titanic", 1997),
        ("泰坦尼克号", "Titanic", 1997),
        ("Usual Suspects, The", "The Usual Suspects", 1995),
        ("usual suspects", "The Usual Suspects", 1995),
        ("Goodfelas", "GoodFellas", 1990),
        ("Casablnca", "Casablanca", 1942),
        ("Sabrina (1954)", "Sabrina", 1954),
        ("Sabrina 1995", "Sabrina", 1995),
        ("Toy Story", "Toy Story", 1995),
        ("toy story 2", "Toy Story 2", 1999),
        ("天使爱美丽", "Amelie", 2001),
        ("Amélie", "Amelie", 2001),
    ],
)
def test_a_title_finds_its_item(films: Catalog, text: str, title: str, year: int):
    assert link(Mention(text), films).item_ids == (film_id(title, year),)


@pytest.mark.parametrize("text", ["Interstellar", "Rocky", "", "#0", "#4", "#x", "zzzz"])
def test_what_is_not_there_finds_nothing(films: Catalog, text: str):
    assert link(Mention(text), films, shown=("film:1", "film:2", "film:3")).item_ids == ()


def test_two_items_of_one_title_are_ambiguous(films: Catalog):
    found = link(Mention("Sabrina"), films)

    assert found.is_ambiguous
    assert set(found.item_ids) == {film_id("Sabrina", 1954), film_id("Sabrina", 1995)}


def test_the_one_that_came_up_before_is_meant(films: Catalog):
    assert link(Mention("Sabrina"), films, known=(film_id("Sabrina", 1995),)).item_ids == (film_id("Sabrina", 1995),)


def test_an_item_listed_twice_is_not_ambiguous():
    assert link(Mention("Night Train"), tea_catalog()).item_ids == ("tea:5",)


def test_a_place_in_the_list_is_an_item(films: Catalog):
    assert link(Mention("#2"), films, shown=("film:7", "film:9")).item_ids == ("film:9",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the second one", ["#2"]),
        ("more like the third", ["#3"]),
        ("the first two", ["#1", "#2"]),
        ("the last one", ["#5"]),
        ("all of these", ["#1", "#2", "#3", "#4", "#5"]),
        ("#4 looks good", ["#4"]),
        ("number 3 please", ["#3"]),
        ("第三部", ["#3"]),
        ("前两部", ["#1", "#2"]),
        ("最后一部", ["#5"]),
        ("the first time I saw it", []),
        ("the sixth one", []),
        ("in the last 20 years", []),
    ],
)
def test_references_to_the_list(text: str, expected: list[str]):
    shown = tuple(f"film:{row}" for row in range(5))

    assert [mention.text for _, _, mentions in references(text, shown) for mention in mentions] == expected


def test_nothing_shown_is_nothing_to_point_at():
    assert references("the second one", ()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heat (1995)", ("Heat", 1995)),
        ("《Heat》", ("Heat", None)),
        ("1984", ("1984", None)),
        ("Heat 1995", ("Heat", 1995)),
    ],
)
def test_split_year(text: str, expected: tuple[str, int | None]):
    assert split_year(text) == expected
