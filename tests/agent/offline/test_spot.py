"""What a message names: titles, values, places in the last list."""

import pytest

from agent.drivers.offline import Spotter
from agent.drivers.offline.spot import places
from agent.drivers.text import stem
from retrieval.items import Catalog, Item
from tests.agent.films import film_catalog, film_id
from tests.fakes import tea_catalog

SHOWN = tuple(f"film:{row}" for row in range(5))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("funny comedies", [("genres", "Comedy"), ("genres", "Comedy")]),
        ("science fiction", [("genres", "Sci-Fi")]),
        ("SCIENCE-FICTION", [("genres", "Sci-Fi")]),
        ("by Scorsese", [("directors", "Martin Scorsese")]),
        ("more by scorsese", [("directors", "Martin Scorsese")]),
        ("martin scorsese", [("directors", "Martin Scorsese")]),
        ("with Mel Gibson", [("cast", "Mel Gibson")]),
        ("by Mel Gibson", [("directors", "Mel Gibson")]),
        ("想看喜剧", [("genres", "Comedy")]),
        ("a heist", [("themes", "heist")]),
        ("nothing here", []),
    ],
)
def test_values_are_spotted_by_name_synonym_and_surname(spotter: Spotter, text: str, found: list[tuple[str, str]]):
    assert [(spot.field, spot.value) for spot in spotter.spot(text) if spot.kind == "value"] == found


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("I loved Heat", "Heat", 1995),
        ("I loved Heat (1995)", "Heat", 1995),
        ("《泰坦尼克号》好看", "Titanic", 1997),
        ("我喜欢泰坦尼克号", "Titanic", 1997),
        ("the usual suspects was great", "The Usual Suspects", 1995),
        ("something like Goodfelas", "GoodFellas", 1990),
        ("something like Casablnca", "Casablanca", 1942),
        ("like Toy Story 2", "Toy Story 2", 1999),
        ("more like Amélie", "Amelie", 2001),
        ("Sabrina (1954) please", "Sabrina", 1954),
        ("Je cherche un film comme Blade Runner", "Blade Runner", 1982),
    ],
)
def test_titles_are_spotted_in_any_language_misspelled_or_not(spotter: Spotter, text: str, title: str, year: int):
    assert [spot.item_ids for spot in spotter.spot(text) if spot.kind == "title"] == [(film_id(title, year),)]


def test_of_two_titles_in_small_letters_both_are_spotted_where_they_are_linked(spotter: Spotter):
    spots = spotter.spot("is there a link between vertigo and fargo")

    assert [spot.item_ids for spot in spots] == [(film_id("Vertigo"),), (film_id("Fargo"),)]


@pytest.mark.parametrize("text", ["a heat wave", "it was speed that mattered", "I have no contact with them"])
def test_common_words_are_no_titles(spotter: Spotter, text: str):
    assert [spot for spot in spotter.spot(text) if spot.kind == "title"] == []


def test_two_items_of_one_title_are_both_given_unless_one_came_up_before(spotter: Spotter):
    both = {film_id("Sabrina", 1954), film_id("Sabrina", 1995)}

    assert [set(spot.item_ids) for spot in spotter.spot("like Sabrina")] == [both]
    assert [spot.item_ids for spot in spotter.spot("like Sabrina", known=["film:21"])] == [("film:21",)]


def test_a_title_that_the_catalog_lacks_has_no_item(spotter: Spotter):
    assert [(spot.words, spot.item_ids) for spot in spotter.spot("something like Interstellar")] == [
        ("Interstellar", ())
    ]


def test_what_a_title_covers_is_no_value(spotter: Spotter):
    assert {spot.kind for spot in spotter.spot("I loved The Usual Suspects (1995)")} == {"title"}


def test_an_item_listed_twice_is_one(spotter: Spotter):
    assert [spot.item_ids for spot in Spotter(tea_catalog()).spot("like Night Train")] == [("tea:5",)]


def test_a_name_that_is_a_common_word_is_nobody():
    item = Item("film:you", "Nobody Knows", values={"cast": ("You", "Young", "will.i.am")})
    spotter = Spotter(Catalog(film_catalog().schema, (item,)))

    assert [spot.value for spot in spotter.spot("I am sure You know Young") if spot.kind == "value"] == ["Young"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the second one", [2]),
        ("more like the third", [3]),
        ("the first two", [1, 2]),
        ("the last two", [4, 5]),
        ("the last one", [5]),
        ("the middle one", [3]),
        ("all of these", [1, 2, 3, 4, 5]),
        ("neither of those", [1, 2, 3, 4, 5]),
        ("#4 looks good", [4]),
        ("number 3 please", [3]),
        ("the first was fine, the others not", [1, 2, 3, 4, 5]),
        ("第三部", [3]),
        ("前两部", [1, 2]),
        ("最后一部", [5]),
        ("the first time I saw it", []),
        ("the sixth one", []),
        ("in the last 20 years", []),
    ],
)
def test_places_in_the_last_list(text: str, expected: list[int]):
    item_ids = [item_id for spot in places(text, SHOWN) for item_id in spot.item_ids]

    assert item_ids == [f"film:{place - 1}" for place in expected]
    assert places(text, ()) == []


def test_both_are_the_last_list_where_it_has_two():
    assert [spot.item_ids for spot in places("both please", SHOWN[:2])] == [tuple(SHOWN[:2])]
    assert places("can it be both", SHOWN) == []


def test_a_described_item_is_the_shown_one_that_the_words_fit(spotter: Spotter):
    spots = spotter.spot("the one with Liotta", shown=SHOWN)

    assert [(spot.kind, spot.item_ids) for spot in spots] == [("place", ("film:2",))]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("comedies", "comedy"), ("westerns", "western"), ("class", "class"), ("Heat's", "heat"), ("bus", "bus")],
)
def test_stems(word: str, expected: str):
    assert stem(word) == expected
