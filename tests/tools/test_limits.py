"""Limits as a model states them, made constraints of the catalog; what cannot be placed comes back."""

from typing import Any

import pytest

from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Op
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tests.agent.films import film_catalog, film_id
from tests.fakes import tea_catalog
from tests.tools.desk import catalog_of, limit, titled
from tools.limits import LimitReader, Problems, as_limits
from tools.placing import Placer

FILMS, TEAS = film_catalog(), tea_catalog()


def read(catalog: Catalog, *limits: dict[str, Any], shown: tuple[str, ...] = ()) -> tuple[list[Constraint], Problems]:
    problems = Problems()
    constraints = LimitReader(Placer(catalog), shown).read([limit(**members) for members in limits], problems)
    return list(constraints), problems


def keys(catalog: Catalog, *limits: dict[str, Any], **members: Any) -> list[str]:
    """The keys of limits that can all be placed."""
    constraints, problems = read(catalog, *limits, **members)
    assert problems.lines == []
    return [constraint.key for constraint in constraints]


def refused(catalog: Catalog, **members: Any) -> str:
    """Why a limit cannot be placed."""
    constraints, problems = read(catalog, members)
    assert constraints == []
    (line,) = problems.lines
    return line


# Names


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"field": "kinds", "value": "green"}, ["kinds:is:Green"]),
        ({"field": "kinds", "op": "not", "value": ["green", "black"]}, ["kinds:not:Green|Black"]),
        ({"field": "kinds", "op": "any_of", "value": ["green", "white"]}, ["kinds:is:Green|White"]),
        ({"field": "growers", "value": "Sato"}, ["growers:is:Emi Sato"]),
        ({"field": "notes", "op": "not", "value": "smoky"}, ["notes:not:smoky"]),
    ],
)
def test_a_limit_on_names_takes_the_catalogs_own_values(stated: dict[str, Any], expected: list[str]) -> None:
    assert keys(TEAS, stated) == expected


def test_a_limit_lets_through_what_is_named_as_an_exception() -> None:
    exempt = [{"field": "growers", "value": "Sato"}]

    (limited,), problems = read(TEAS, {"field": "kinds", "op": "not", "value": ["green"], "unless": exempt})

    assert problems.lines == []
    assert limited.key == "kinds:not:Green~growers:is:Emi Sato"
    assert as_limits([limited]) == [
        {"field": "kinds", "op": "not", "value": ["Green"], "unless": [{"field": "growers", "value": ["Emi Sato"]}]}
    ]


def test_an_exception_that_nothing_has_comes_back() -> None:
    exempt = [{"field": "growers", "value": "Nobody at all"}]

    (limited,), problems = read(TEAS, {"field": "kinds", "op": "not", "value": ["green"], "unless": exempt})

    assert limited.unless == ()
    assert "Nobody at all" in problems.lines[0]


def test_several_values_under_is_must_all_hold() -> None:
    assert keys(FILMS, {"field": "genres", "value": ["comedy", "romance"]}) == ["genres:is:Comedy", "genres:is:Romance"]


def test_a_value_that_is_named_twice_counts_once() -> None:
    assert keys(FILMS, {"field": "genres", "op": "any_of", "value": ["comedy", "funny"]}) == ["genres:is:Comedy"]
    assert keys(FILMS, {"field": "genres", "value": "comedy"}, {"field": "genres", "value": "funny"}) == [
        "genres:is:Comedy"
    ]


def test_a_lasting_limit_stays_a_lasting_one() -> None:
    (constraint,), _ = read(FILMS, {"field": "genres", "op": "not", "value": "horror", "lasting": True})

    assert constraint.lasting


def test_a_person_named_in_the_wrong_field_limits_the_right_one() -> None:
    assert keys(FILMS, {"field": "directors", "value": "Robert De Niro"}) == ["cast:is:Robert De Niro"]


def test_alternatives_stay_within_one_field() -> None:
    constraints, problems = read(
        FILMS, {"field": "cast", "op": "any_of", "value": ["Mel Gibson", "Tom Hanks", "Joel Coen"]}
    )

    assert [constraint.key for constraint in constraints] == ["cast:is:Mel Gibson|Tom Hanks"]
    assert problems.lines == ["Joel Coen: directors, no alternative to Mel Gibson, Tom Hanks"]


def test_an_unknown_value_is_said_with_the_nearest_and_kept_for_the_user() -> None:
    constraints, problems = read(FILMS, {"field": "directors", "value": "Alfonso Hitchcox"})

    assert constraints == []
    assert problems.lines == ["no directors 'Alfonso Hitchcox' in the catalog; nearest: Alfred Hitchcock"]
    assert problems.unknown == ["Alfonso Hitchcox"]


def test_the_values_that_are_known_hold_beside_an_unknown_one() -> None:
    constraints, problems = read(FILMS, {"field": "genres", "op": "any_of", "value": ["comedy", "polka"]})

    assert [constraint.key for constraint in constraints] == ["genres:is:Comedy"]
    assert problems.unknown == ["polka"]


def test_an_unknown_value_of_a_soft_field_goes_on_as_words() -> None:
    _, problems = read(TEAS, {"field": "notes", "value": "leather"}, {"field": "notes", "op": "not", "value": "soap"})

    assert problems.loose == [("leather", True), ("soap", False)]
    assert problems.unknown == []


@pytest.mark.parametrize("op", ["min", "max"])
def test_a_name_has_no_least_and_no_most(op: str) -> None:
    line = refused(FILMS, field="genres", op=op, value="comedy")

    assert line == "limit left out: genres is no field of numbers: use is, not or any_of"


def test_a_name_is_not_after_an_item() -> None:
    assert (
        refused(FILMS, field="genres", after="Casino") == "limit left out: genres has no order: use is, not or any_of"
    )


def test_a_limit_without_a_value_is_left_out() -> None:
    assert refused(FILMS, field="genres") == "limit left out: genres has no value"


def test_a_number_written_for_a_name_is_that_name() -> None:
    schema = CatalogSchema(
        name="shoes", fields=(FieldSpec(name="sizes", kind=FieldKind.CATEGORY, label={"en": "size"}),)
    )

    assert keys(
        Catalog(schema, (Item("s:0", "Boot", {"sizes": ("38", "39.5")}),)), {"field": "sizes", "value": 38}
    ) == ["sizes:is:38"]


# Numbers


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"op": "is", "value": 1995}, ["year:is:1995"]),
        ({"op": "is", "value": "1995"}, ["year:is:1995"]),
        ({"op": "any_of", "value": [1995, 1997]}, ["year:is:1995|1997"]),
        ({"op": "not", "value": 1995}, ["year:not:1995"]),
        ({"op": "min", "value": 1990}, ["year:min:1990"]),
        ({"op": "max", "value": "in 1990"}, ["year:max:1990"]),
        ({"op": "is", "value": "1990s"}, ["year:min:1990", "year:max:1999"]),
        ({"op": "is", "value": "the 90s"}, ["year:min:1990", "year:max:1999"]),
        ({"op": "is", "value": "1990's"}, ["year:min:1990", "year:max:1999"]),
        ({"op": "is", "value": "00s"}, ["year:min:2000", "year:max:2009"]),
        ({"op": "is", "value": "90年代"}, ["year:min:1990", "year:max:1999"]),
        ({"op": "is", "value": "1993-1996"}, ["year:min:1993", "year:max:1996"]),
        ({"op": "is", "value": "1993–96"}, ["year:min:1993", "year:max:1996"]),
        ({"op": "is", "value": "between 1993 and 1996"}, ["year:min:1993", "year:max:1996"]),
        ({"op": "min", "value": "1990s"}, ["year:min:1990"]),
        ({"op": "max", "value": "1990s"}, ["year:max:1999"]),
        ({"op": "any_of", "value": ["1980s", "1990s"]}, ["year:min:1980", "year:max:1999"]),
    ],
)
def test_years_are_read_as_they_are_written(stated: dict[str, Any], expected: list[str]) -> None:
    assert keys(FILMS, {"field": "year", **stated}) == expected


def test_decades_that_do_not_touch_leave_out_what_lies_between() -> None:
    (constraint,), _ = read(FILMS, {"field": "year", "op": "any_of", "value": ["1950s", "1990s"]})

    assert constraint.op is Op.IS
    assert {1950.0, 1959.0, 1990.0, 1999.0} <= set(constraint.values)
    assert not {1960.0, 1975.0, 1989.0} & set(constraint.values)


def test_a_decade_is_refused_with_all_its_years() -> None:
    (constraint,), _ = read(FILMS, {"field": "year", "op": "not", "value": "1990s"})

    assert constraint.key == "year:not:1990|1991|1992|1993|1994|1995|1996|1997|1998|1999"


@pytest.mark.parametrize(
    ("said", "number"),
    [("12 EUR", 12.0), ("at most 12.50", 12.5), ("7,5", 7.5), ("1,200 EUR", 1200.0), ("€9", 9.0), (9, 9.0), (7.5, 7.5)],
)
def test_numbers_are_read_with_their_units_and_separators(said: object, number: float) -> None:
    (constraint,), _ = read(TEAS, {"field": "price", "op": "max", "value": said})

    assert constraint.values == (number,)


def test_a_span_of_prices_has_two_ends() -> None:
    assert keys(TEAS, {"field": "price", "value": "10 to 15 EUR"}) == ["price:min:10", "price:max:15"]


@pytest.mark.parametrize("stated", [{"op": "not", "value": "10 to 15"}, {"op": "any_of", "value": ["1-5", "20-25"]}])
def test_spans_that_no_two_limits_can_say_are_left_out_with_advice(stated: dict[str, Any]) -> None:
    line = refused(TEAS, field="price", **stated)

    assert line == "limit left out: price can be one span from a number to another, wanted: use min and max"


def test_a_decade_of_prices_is_no_decade() -> None:
    (constraint,), _ = read(TEAS, {"field": "price", "op": "max", "value": "90s"})

    assert constraint.values == (90.0,)


@pytest.mark.parametrize(("field", "message"), [("price", "takes numbers (EUR)"), ("year", "takes numbers (year)")])
def test_words_for_a_number_are_left_out_with_the_unit(field: str, message: str) -> None:
    assert refused(TEAS, field=field, op="max", value="cheap") == f"limit left out: {field} {message}, found 'cheap'"


# Values taken from an item


def test_a_value_is_taken_from_an_item() -> None:
    assert keys(FILMS, {"field": "directors", "same_as": "Alien"}) == ["directors:is:Ridley Scott"]
    assert keys(FILMS, {"field": "directors", "op": "not", "same_as": "异形"}) == ["directors:not:Ridley Scott"]
    assert keys(FILMS, {"field": "year", "same_as": "#2"}, shown=("film:0", film_id("Vertigo"))) == ["year:is:1958"]
    assert keys(FILMS, {"field": "year", "op": "min", "same_as": "Vertigo"}) == ["year:min:1958"]


def test_several_values_of_an_item_are_alternatives() -> None:
    assert keys(FILMS, {"field": "genres", "same_as": "Fargo"}) == ["genres:is:Crime|Comedy"]


def test_a_name_has_no_least_even_if_an_item_gives_it() -> None:
    assert "no field of numbers" in refused(FILMS, field="genres", op="min", same_as="Fargo")


def test_after_and_before_leave_the_items_themselves_out() -> None:
    between = {"field": "year", "after": "Star Wars", "before": "Blade Runner"}

    assert keys(FILMS, between) == ["year:min:1978", "year:max:1981"]


def test_after_a_number_with_fractions_is_the_next_number_of_the_catalog() -> None:
    catalog = catalog_of(*(Item(f"t:{n}", f"Tea {n}", numbers={"price": n}) for n in (7.5, 8.0, 8.25, 9.0)))

    assert keys(catalog, {"field": "price", "after": "Tea 8.0"}) == ["price:min:8.25"]
    assert keys(catalog, {"field": "price", "before": "Tea 8.0"}) == ["price:max:7.5"]
    assert keys(catalog, {"field": "price", "after": "Tea 9.0"}) == ["price:min:10"]


def test_after_may_be_a_plain_number() -> None:
    assert keys(FILMS, {"field": "year", "after": 1990}) == ["year:min:1991"]
    assert keys(FILMS, {"field": "year", "before": "1950"}) == ["year:max:1949"]


def test_a_title_of_digits_comes_before_the_number() -> None:
    assert keys(titled(("2012", 2009), ("Heat", 1995)), {"field": "year", "before": "2012"}) == ["year:max:2008"]


def test_what_an_item_does_not_say_is_said_to_be_unknown() -> None:
    known = Item("2", "Known", values={"growers": ("Emi Sato",)}, numbers={"year": 1999.0})
    catalog = catalog_of(Item("1", "Plain"), known)

    assert refused(catalog, field="growers", same_as="Plain") == "growers of Plain is not known"
    assert refused(catalog, field="year", after="Plain") == "year of Plain is not known"


def test_a_limit_on_what_no_item_says_cannot_be_checked() -> None:
    constraints, problems = read(
        titled("Plain"), {"field": "year", "op": "min", "value": 1990}, {"field": "growers", "value": "Sato"}
    )

    assert constraints == []
    assert problems.unchecked == ["year", "growers"]
    assert problems.lines[0] == "limit left out: year is known of no item: it cannot be checked"


def test_an_ambiguous_item_gives_no_value_and_is_asked_about() -> None:
    constraints, problems = read(FILMS, {"field": "directors", "same_as": "Sabrina"})

    options = (film_id("Sabrina", 1954), film_id("Sabrina", 1995))
    assert constraints == []
    assert problems.lines == ["'Sabrina' may be: Sabrina (1954) [i20], Sabrina (1995) [i21]"]
    assert problems.ambiguous == [("Sabrina", options)]


def test_an_unknown_item_gives_no_value_and_is_said_with_near_ones() -> None:
    constraints, problems = read(FILMS, {"field": "directors", "same_as": "Toy Story 9"})

    assert constraints == []
    assert problems.lines[0].startswith("no item 'Toy Story 9' in the catalog; nearest: Toy Story")
    assert problems.unknown == ["Toy Story 9"]


def test_a_place_that_is_not_on_the_list_is_no_title_that_the_catalog_lacks() -> None:
    _, problems = read(FILMS, {"field": "directors", "same_as": "#7"}, shown=("film:0", "film:1"))

    assert problems.lines == [f"no item '#7': the last list has 2, the catalog {len(FILMS)}"]
    assert problems.unknown == []


def test_problems_of_several_calls_are_told_once() -> None:
    first, second = Problems(), Problems()
    for problems in (first, second):
        problems.add("no item 'X' in the catalog", unknown="X")

    first.join(second)

    assert (first.lines, first.unknown) == (["no item 'X' in the catalog"], ["X"])


# Units, scales and orders

SHOP = Catalog(
    CatalogSchema(
        name="films",
        fields=(
            FieldSpec(name="minutes", kind=FieldKind.NUMBER, label={"en": "running time"}, unit="minutes"),
            FieldSpec(name="price", kind=FieldKind.NUMBER, label={"en": "price"}, unit="EUR"),
            FieldSpec(name="score", kind=FieldKind.NUMBER, label={"en": "score"}, scale=(0, 10)),
            FieldSpec(name="suits_from", kind=FieldKind.NUMBER, label={"en": "age"}, role="suits_from"),
            FieldSpec(name="rating", kind=FieldKind.CATEGORY, label={"en": "rating"}, order=("G", "PG", "PG-13", "R")),
            FieldSpec(name="on", kind=FieldKind.CATEGORY, label={"en": "service"}, one_suffices=True),
        ),
    ),
    (
        Item(
            "1",
            "One",
            values={"rating": ("PG",), "on": ("Netflix", "Hulu", "Max")},
            numbers={"minutes": 90.0, "price": 12.0, "score": 7.0, "suits_from": 13.0},
        ),
    ),
)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("minutes", "max", "two hours", ["minutes:max:120"]),
        ("minutes", "max", "1h30", ["minutes:max:90"]),
        ("minutes", "max", "an hour and a half", ["minutes:max:90"]),
        ("minutes", "max", "nothing longer than 130 minutes", ["minutes:max:130"]),
        ("minutes", "is", "90 to 120 min", ["minutes:min:90", "minutes:max:120"]),
        ("minutes", "is", "one to two hours", ["minutes:min:60", "minutes:max:120"]),
        ("minutes", "max", "两个半小时", ["minutes:max:150"]),
        ("price", "max", "under thirty euros", ["price:max:30"]),
        ("price", "max", "12,50 €", ["price:max:12.5"]),
        ("price", "is", "10 to 15", ["price:min:10", "price:max:15"]),
        ("score", "min", "6.5 or better", ["score:min:6.5"]),
        ("score", "min", "4 out of 5 stars", ["score:min:8"]),
        ("score", "min", "70%", ["score:min:7"]),
        ("suits_from", "max", "PG-13", ["suits_from:max:13"]),
        ("rating", "max", "PG", ["rating:is:G|PG"]),
        ("rating", "min", "PG-13", ["rating:is:PG-13|R"]),
        ("rating", "is", "PG", ["rating:is:PG"]),
    ],
)
def test_a_value_is_placed_in_the_unit_of_its_field(field: str, op: str, value: str, expected: list[str]):
    assert keys(SHOP, {"field": field, "op": op, "value": value}) == expected


def test_a_value_of_another_kind_is_refused():
    line = refused(SHOP, field="price", op="max", value="two hours")

    assert line == "limit left out: price takes numbers (EUR), found 'two hours'"


def test_one_service_of_several_suffices():
    assert keys(SHOP, {"field": "on", "value": "Netflix"}, {"field": "on", "value": "Max"}) == ["on:is:Netflix|Max"]


def test_all_of_several_services_are_wanted_where_that_is_said():
    assert keys(SHOP, {"field": "on", "op": "all_of", "value": ["Netflix", "Max"]}) == ["on:is:Netflix", "on:is:Max"]


def test_values_of_which_no_item_has_two_are_alternatives():
    shop = Catalog(SHOP.schema, (Item("1", "One", values={"on": ("Max",)}), Item("2", "Two", values={"on": ("Hulu",)})))

    assert keys(shop, {"field": "on", "value": ["Hulu", "Max"]}) == ["on:is:Hulu|Max"]


# What is said of an item: too long, too tame, not on my service


def shelf(**numbers: float) -> Catalog:
    """One item in the middle of everything, and one with nothing that is known."""
    values = {"rating": ("PG",), "on": ("Netflix", "Hulu")}
    others = Item("2", "Two", values={"rating": ("R",), "on": ("Max",)}, numbers={"minutes": 150.0, "score": 8.4})
    item = Item("1", "One", values=values, numbers={"minutes": 120.0, "score": 7.5, **numbers})
    return Catalog(SHOP.schema, (item, others, Item("3", "Three", numbers={"minutes": 90.0, "score": 5.0})))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"field": "minutes", "before": "#1"}, ["minutes:max:119"]),
        ({"field": "score", "after": "#1"}, ["score:min:8.4"]),
        ({"field": "rating", "before": "#1"}, ["rating:is:G"]),
        ({"field": "rating", "after": "#1"}, ["rating:is:PG-13|R"]),
        ({"field": "rating", "after": "#1", "before": "#2"}, ["rating:is:PG-13"]),
        ({"field": "on", "op": "not", "same_as": "#1"}, ["on:is:Max"]),
        ({"field": "rating", "op": "not", "same_as": "#1"}, ["rating:not:PG"]),
    ],
)
def test_what_is_wrong_with_an_item_moves_the_limit_from_it(said: dict[str, Any], expected: list[str]):
    assert keys(shelf(), said, shown=("1", "2")) == expected


def test_nothing_lies_beyond_the_last_of_an_order():
    constraints, problems = read(shelf(), {"field": "rating", "after": "#2"}, shown=("1", "2"))

    assert constraints == []
    assert problems.lines == ["limit left out: rating has nothing beyond; from least to most: G, PG, PG-13, R"]


def test_of_an_item_without_a_value_nothing_can_be_moved():
    _, problems = read(shelf(), {"field": "rating", "before": "#3"}, shown=("1", "2", "3"))

    assert problems.lines == ["rating of Three is not known"]


def test_what_every_item_has_is_refused_rather_than_nothing_asked_for():
    only = Catalog(SHOP.schema, shelf().items[:1])

    assert keys(only, {"field": "on", "op": "not", "same_as": "#1"}, shown=("1",)) == ["on:not:Netflix|Hulu"]


def test_of_a_list_the_first_item_counts_or_the_middle_one_where_that_lies_further():
    teas = catalog_of(*(Item(str(n), f"Tea {n}", numbers={"price": float(n)}) for n in (30, 10, 40, 20, 50)))

    assert keys(teas, {"field": "price", "before": "these"}, shown=("30", "10", "40")) == ["price:max:29"]
    assert keys(teas, {"field": "price", "before": "these"}, shown=("50", "10", "20")) == ["price:max:19"]
    assert keys(teas, {"field": "price", "after": "these"}, shown=("10", "20", "40")) == ["price:min:21"]
