"""References and values as somebody wrote them, placed in a catalog."""

from dataclasses import replace

import pytest

from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec
from tests.agent.films import film_catalog, film_id
from tests.fakes import tea_catalog
from tests.tools.desk import catalog_of, labels, titled
from tools.placing import Placer, reference_of

FILMS = Placer(film_catalog())
TEAS = Placer(tea_catalog())


def placed(catalog: Catalog, said: str) -> list[str]:
    """The labels of what a reference can mean."""
    return labels(catalog, Placer(catalog).item(said).item_ids)


def people(*names: str, **counts: int) -> Placer:
    """Growers, each of one tea, or of as many as said."""
    grown = {**dict.fromkeys(names, 1), **{name.replace("_", " "): count for name, count in counts.items()}}
    rows = [name for name, count in grown.items() for _ in range(count)]
    return Placer(catalog_of(*(Item(f"t:{row}", f"Tea {row}", {"growers": (name,)}) for row, name in enumerate(rows))))


# References to items


def test_a_place_means_the_item_last_shown_there() -> None:
    shown = ("film:4", "film:2")

    assert FILMS.item("#2", shown=shown).item_id == "film:2"
    assert FILMS.item("# 1", shown=shown).item_id == "film:4"


@pytest.mark.parametrize("said", ["#0", "#3", "#999999999", "i99999"])
def test_a_place_or_row_that_is_not_there_means_nothing(said: str) -> None:
    placing = FILMS.item(said, shown=("film:4", "film:2"))

    assert (placing.item_ids, placing.near, placing.is_pointer) == ((), (), True)


def test_a_row_means_the_item_that_tools_write_so() -> None:
    assert reference_of(FILMS.catalog, "film:12") == "i12"
    assert FILMS.item("i12").item_id == "film:12"
    assert FILMS.item("I12").item_id == "film:12"


@pytest.mark.parametrize(
    "said", ["i1 Casino (1995)", "i1 Casino (1995) | genres Crime", "Casino (1995) [i1]", "[i1]", "#1 Casino (1995)"]
)
def test_a_row_or_place_may_stand_beside_its_title_as_tools_write_it(said: str) -> None:
    assert FILMS.item(said, shown=("film:1",)).item_id == "film:1"


def test_where_row_and_title_differ_the_title_says_what_is_meant() -> None:
    assert FILMS.item("i3 Casino (1995)").item_id == "film:1"


def test_a_title_that_looks_like_a_place_is_a_title_where_the_catalog_has_it() -> None:
    assert placed(titled(("Heat", 1995), ("#1 Cheerleader Camp", 2010)), "#1 Cheerleader Camp") == [
        "#1 Cheerleader Camp (2010)"
    ]


def test_an_item_id_means_its_item() -> None:
    assert TEAS.item("tea:3").item_id == "tea:3"


def test_a_title_of_digits_is_not_taken_for_an_item_id() -> None:
    catalog = catalog_of(Item("1984", "Brave New World"), Item("7", "1984"))

    assert placed(catalog, "1984") == ["1984"]


@pytest.mark.parametrize("said", ["Casino", "casino", "  CASINO! ", "“Casino”", "《Casino》", "the casino"])
def test_a_title_means_its_item_however_it_is_written(said: str) -> None:
    assert FILMS.item(said).item_id == film_id("Casino")


@pytest.mark.parametrize(
    "said", ["Sabrina (1954)", "Sabrina 1954", "Sabrina, 1954", "Sabrina（1954）", "sabrina (1955)"]
)
def test_a_year_says_which_of_two_titles_is_meant(said: str) -> None:
    assert FILMS.item(said).item_id == film_id("Sabrina", 1954)


def test_the_nearest_year_wins_where_two_are_close() -> None:
    catalog = titled(("Dracula", 1930), ("Dracula", 1931))

    assert placed(catalog, "Dracula (1931)") == ["Dracula (1931)"]


def test_a_year_that_is_a_little_wrong_does_no_harm() -> None:
    assert FILMS.item("Casino (1997)").item_id == film_id("Casino")


def test_a_title_of_quite_another_year_is_another_item() -> None:
    placing = FILMS.item("Titanic (1953)")

    assert placing.item_ids == ()
    assert placing.near == (film_id("Titanic"),)


def test_what_looks_like_a_year_may_be_part_of_the_title() -> None:
    catalog = titled(("Blade Runner", 1982), ("Blade Runner 2049", 2017))

    assert placed(catalog, "Blade Runner 2049") == ["Blade Runner 2049 (2017)"]
    assert placed(catalog, "Blade Runer 2049") == ["Blade Runner 2049 (2017)"]
    assert placed(titled(("Blade Runner", 1982)), "Blade Runner 2049") == []


def test_a_year_does_no_harm_where_the_catalog_has_none() -> None:
    assert placed(titled("Iron Bell"), "Iron Bell (2008)") == ["Iron Bell"]


def test_a_misspelled_title_is_recognized_and_known_to_be_only_like_it() -> None:
    assert FILMS.item("Resevoir Dogs").item_id == film_id("Reservoir Dogs")
    assert FILMS.item("Resevoir Dogs").is_like
    assert not FILMS.item("reservoir dogs").is_like
    assert not FILMS.item("i3 Resevoir Dogs").is_like
    assert FILMS.item("The Usual Suspect").item_id == film_id("The Usual Suspects")


def test_a_title_of_several_items_is_ambiguous() -> None:
    placing = FILMS.item("Sabrina")

    assert placing.is_ambiguous
    assert placing.item_id == ""
    assert labels(FILMS.catalog, placing.item_ids) == ["Sabrina (1954)", "Sabrina (1995)"]


def test_a_misspelled_title_of_several_items_is_ambiguous_too() -> None:
    assert labels(FILMS.catalog, FILMS.item("Sabrinna").item_ids) == ["Sabrina (1954)", "Sabrina (1995)"]


def test_the_one_that_came_up_before_is_meant() -> None:
    later = film_id("Sabrina", 1995)

    assert FILMS.item("Sabrina", known=(later,)).item_id == later
    assert FILMS.item("Sabrina", shown=("film:0", later)).item_id == later


def test_nobody_has_to_choose_among_more_titles_than_can_be_read() -> None:
    catalog = titled(*(("Carmen", 1900 + 5 * place) for place in range(20)))

    assert len(placed(catalog, "Carmen")) == 6


def test_doubles_are_one_item() -> None:
    assert TEAS.item("Night Train").item_id == "tea:5"


def test_an_unknown_title_comes_back_with_near_ones() -> None:
    placing = FILMS.item("Toy Stories")

    assert placing.item_ids == ()
    assert labels(FILMS.catalog, placing.near)[0] == "Toy Story (1995)"


def test_a_title_that_is_like_none_has_no_near_ones() -> None:
    assert FILMS.item("Koyaanisqatsi").near == ()
    assert FILMS.item("?!").item_ids == ()


def test_another_part_of_a_series_is_another_item() -> None:
    placing = FILMS.item("Toy Story 3")

    assert placing.item_ids == ()
    assert {film_id("Toy Story"), film_id("Toy Story 2")} <= set(placing.near)


def test_a_title_that_goes_on_is_another_title() -> None:
    catalog = titled(("Thelma", 2017), ("Star Wars", 1977))

    assert placed(catalog, "Thelma & Louise") == []
    assert placed(catalog, "Star Wars: The Last Jedi") == []
    assert placed(catalog, "Star Wars: A New Hope (1977)") == ["Star Wars (1977)"]


def test_the_first_of_a_series_stands_for_it() -> None:
    catalog = titled(("Indiana Jones and the Last Crusade", 1989), ("Indiana Jones and the Temple of Doom", 1984))

    assert placed(catalog, "Indiana Jones") == ["Indiana Jones and the Temple of Doom (1984)"]
    assert placed(titled(("Predator: Prey", 2022), ("Predator 2", 1990)), "Predator") == ["Predator 2 (1990)"]
    assert placed(titled(("Hobbit: Two", 2013), ("Hobbit: One", 2012)), "The Hobbit") == ["Hobbit: One (2012)"]


def test_a_word_that_begins_titles_of_no_series_is_ambiguous() -> None:
    catalog = titled(("American Graffiti", 1973), ("American Beauty", 1999))

    assert placed(catalog, "American") == ["American Graffiti (1973)", "American Beauty (1999)"]


@pytest.mark.parametrize(
    ("said", "title"), [("冰血暴", "Fargo"), ("玩具总动员", "Toy Story"), ("《卡萨布兰卡》", "Casablanca")]
)
def test_a_title_in_another_language_is_found_among_the_other_titles(said: str, title: str) -> None:
    assert FILMS.item(said).item_id == film_id(title)


# Values


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Comedy", "Comedy"),
        ("comedies", "Comedy"),
        ("funny", "Comedy"),
        ("搞笑", "Comedy"),
        ("喜剧", "Comedy"),
        ("science fiction", "Sci-Fi"),
        ("sci fi", "Sci-Fi"),
        ("Thrilers", "Thriller"),
    ],
)
def test_a_value_is_known_by_synonyms_display_names_and_plurals_and_misspelled(said: str, value: str) -> None:
    placing = FILMS.value("genres", said)

    assert (placing.field, placing.value) == ("genres", value)


@pytest.mark.parametrize(
    "said", ["Alfred Hitchcock", "Hitchcock", "hitchcock", "希区柯克", "Hitchcok", "Alfred Hichcock"]
)
def test_a_person_is_known_by_surname_in_chinese_and_misspelled(said: str) -> None:
    assert FILMS.value("directors", said).value == "Alfred Hitchcock"


def test_a_surname_may_have_several_words() -> None:
    assert FILMS.value("cast", "De Niro").value == "Robert De Niro"
    assert FILMS.value("cast", "Niro").value == "Robert De Niro"


def test_a_surname_of_several_people_comes_back_with_all_of_them() -> None:
    placing = people("Joel Coen", "Ethan Coen").value("growers", "Coen")

    assert placing.value == ""
    assert set(placing.near) == {"Joel Coen", "Ethan Coen"}


def test_a_surname_means_the_one_who_is_far_better_known() -> None:
    assert people("Karen Allen", Woody_Allen=3).value("growers", "Allen").value == "Woody Allen"
    assert people("Karen Allen", Woody_Allen=2).value("growers", "Allen").value == ""


def test_a_person_in_the_wrong_field_is_placed_in_the_right_one() -> None:
    placing = FILMS.value("directors", "robert de niro")

    assert (placing.field, placing.value) == ("cast", "Robert De Niro")


def test_an_unknown_value_comes_back_with_choices() -> None:
    placing = FILMS.value("genres", "Romcom")

    assert placing.value == ""
    assert "Romance" in placing.near
    assert FILMS.value("genres", "?").near == ()


@pytest.mark.parametrize("said", ["World War I", "world war 2", "iPhone 12"])
def test_another_number_is_no_misspelled_value(said: str) -> None:
    catalog = catalog_of(Item("t:0", "Tea", {"notes": ("World War II", "iPhone 13")}))

    assert Placer(catalog).value("notes", said).value == ""


def test_a_value_wins_over_a_synonym_and_the_common_spelling_over_a_rare_one() -> None:
    shelf = [("Green", "Sea-Breeze"), ("Green", "Sea Breeze"), ("Grassy", "Sea Breeze")]
    placer = Placer(
        catalog_of(
            *(Item(f"t:{row}", "Tea", {"kinds": (kind,), "notes": (note,)}) for row, (kind, note) in enumerate(shelf))
        )
    )

    assert placer.value("kinds", "grassy").value == "Grassy"
    assert placer.value("notes", "sea breeze").value == "Sea Breeze"


def test_values_that_no_item_has_are_no_values() -> None:
    assert FILMS.value("genres", "Western").value == ""


@pytest.mark.parametrize(("said", "value"), [("Frankreich", "FR"), ("法国", "FR"), ("Italie", "IT"), ("Japão", "JP")])
def test_names_by_the_unicode_standard_are_known_in_every_language_of_the_schema(said: str, value: str) -> None:
    spec = FieldSpec(name="origins", kind=FieldKind.CATEGORY, label={"en": "origin"}, standard="territory")
    schema = CatalogSchema(name="teas", fields=(spec,))
    items = (Item(f"t:{code}", code, {"origins": (code,)}) for code in ("FR", "IT", "JP"))

    assert Placer(Catalog(schema, tuple(items))).value("origins", said).value == value


def test_a_placer_of_a_changed_catalog_knows_the_new_values() -> None:
    catalog = tea_catalog()
    changed = replace(catalog.items[0], values={"growers": ("Gro Harlem",)})

    assert Placer(catalog).value("growers", "Gro Harlem").value == ""
    assert Placer(Catalog(catalog.schema, (changed,))).value("growers", "Harlem").value == "Gro Harlem"
