"""Titles found in prose, by hand."""

import pytest

from benchmarks.named import find_titles, strays
from retrieval.items import Catalog, Item
from tests.agent.films import film_catalog, film_id


@pytest.fixture(scope="module")
def films() -> Catalog:
    return film_catalog()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I’d start with Heat: a crime film.", ["Heat"]),
        ("Rear Window looks across a yard, and Toy Story 2 travels.", ["Rear Window", "Toy Story 2"]),
        ("Fargo is snowy. Casino, too.", ["Fargo", "Casino"]),
        ('Try **Fargo** or "Nobody\'s Film".', ["Fargo", "Nobody's Film"]),
        ("1. The Usual Suspects (1995): a puzzle\n2. Dune (2021)", ["The Usual Suspects (1995)", "Dune (2021)"]),
        ("推荐《好家伙》和《没有这部》。", ["好家伙", "没有这部"]),
        ("Sabrina (1995) rather than Sabrina (1954).", ["Sabrina (1995)", "Sabrina (1954)"]),
    ],
)
def test_titles_are_found_however_they_are_written(films: Catalog, text: str, expected: list[str]) -> None:
    assert sorted(title.text for title in find_titles(text, films)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Crime and drama with Al Pacino.",
        "the heat of the city, at great speed, and contact with others",
        'You asked for something "dark and slow".',
        "**Genre**: mystery",
        "Two suggestions. Take away one of the chips.",
    ],
)
def test_ordinary_words_are_no_titles(films: Catalog, text: str) -> None:
    assert find_titles(text, films) == []


def test_a_year_tells_films_of_one_name_apart(films: Catalog) -> None:
    (title,) = find_titles("See Sabrina (1995)", films)
    assert title.ids == {film_id("Sabrina", 1995)}
    (wrong,) = find_titles("See Heat (1940)", films)
    assert not wrong.ids


def test_a_stray_is_neither_on_the_list_nor_said(films: Catalog) -> None:
    text = "As you liked GoodFellas, try Casino; Rear Window is older. 《泰坦尼克号》 too."
    stray_labels = strays(text, films, allowed=[film_id("Casino")], said="i loved goodfellas and Titanic")
    assert stray_labels == ["Rear Window"]


def test_a_title_inside_the_name_of_a_person_is_no_title(films: Catalog) -> None:
    fred = Item("film:fred", "Fred", aka=("弗雷德",))
    catalog = Catalog(films.schema, [*films, fred])

    assert find_titles("由阿尔弗雷德·希区柯克执导。", catalog) == []
    assert [title.text for title in find_titles("来看弗雷德吧。", catalog)] == ["弗雷德"]
