"""The wishes and what counts as an answer to them."""

import pytest

from benchmarks.wishes import SETS, Wish, answers, read_wishes, recall
from retrieval.items import Catalog, Item
from tests.fakes import tea_schema


@pytest.mark.parametrize(("name", "count"), [*zip(SETS, (30, 40, 120), strict=True)])
def test_every_wish_names_films_by_title_and_year(name: str, count: int) -> None:
    wishes = read_wishes(name)

    assert len(wishes) == len({wish.text for wish in wishes}) == count
    assert all(len(set(wish.films)) == len(wish.films) >= 4 for wish in wishes)
    assert all(title.strip() == title and 1900 < year < 2030 for wish in wishes for title, year in wish.films)


def test_a_film_counts_once_whichever_double_is_shown_and_what_is_absent_as_missed() -> None:
    items = (
        Item("a", "Heat", numbers={"year": 1995}),
        Item("b", "Heat", numbers={"year": 1995}, same_as="a"),
        Item("c", "Heat", numbers={"year": 1986}),
    )
    wanted = answers(Wish("a heist", "en", (("Heat", 1995), ("Absent", 2001))), Catalog(tea_schema(), items))

    assert wanted == [{"a", "b"}, set()]
    assert recall(wanted, {"a", "b"}) == recall(wanted, {"b"}) == 0.5
    assert recall(wanted, {"c"}) == 0.0
