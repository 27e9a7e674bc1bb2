"""Everyday words imply wishes for values of the catalog; what is stated by name stays as it was stated."""

import pytest

from retrieval.items import Catalog
from retrieval.moods import IMPLIED, Moods
from retrieval.preference import Constraint, Op, Preference, Wish
from tests.fakes import tea_catalog

MOODS = {
    "cozy": ("kinds:Black", "notes:honey", "-notes:tar"),
    "bracing": ("kinds:Green", "-notes:honey"),
    "rainy": ("kinds:White",),
    "for a rainy day": ("kinds:Oolong",),
}
NAMED = Wish("notes", "smoky", 1.0, "smoky")
COZY = (
    Wish("kinds", "Black", IMPLIED, "cozy"),
    Wish("notes", "honey", IMPLIED, "cozy"),
    Wish("notes", "tar", -IMPLIED, "cozy"),
)


@pytest.fixture(scope="module")
def moods() -> Moods:
    catalog = tea_catalog()
    return Moods(Catalog(catalog.schema.model_copy(update={"moods": MOODS}), catalog.items))


def implied(moods: Moods, preference: Preference) -> tuple[Wish, ...]:
    """The wishes that are new."""
    return moods.implied(preference).wishes[len(preference.wishes) :]


@pytest.mark.parametrize("text", ["cozy", "something COZY please", "cozy, and cozy again"])
def test_a_mood_implies_what_it_stands_for(moods: Moods, text: str) -> None:
    assert implied(moods, Preference(text=text)) == COZY


def test_the_words_themselves_stay(moods: Moods) -> None:
    preference = Preference(text="cozy", wishes=(Wish("text", "bitter", -1.0),), liked=("tea:1",), count=3)

    wished = moods.implied(preference)

    assert wished.wishes[:1] == preference.wishes
    assert (wished.text, wished.liked, wished.count) == ("cozy", ("tea:1",), 3)


def test_the_longest_phrase_counts(moods: Moods) -> None:
    assert [wish.value for wish in implied(moods, Preference(text="for a rainy day"))] == ["Oolong"]
    assert [wish.value for wish in implied(moods, Preference(text="a rainy day"))] == ["White"]


@pytest.mark.parametrize("text", ["not cozy", "no cozy ones", "without cozy ones"])
def test_what_the_words_refuse_is_unwanted_and_its_opposite_is_no_wish(moods: Moods, text: str) -> None:
    wished = implied(moods, Preference(text=text))

    assert [(wish.value, wish.weight) for wish in wished] == [("Black", -IMPLIED), ("honey", -IMPLIED)]


def test_what_is_to_be_avoided_is_refused_too(moods: Moods) -> None:
    wished = implied(moods, Preference(wishes=(Wish("text", "cozy", -1.0),)))

    assert [(wish.value, wish.weight) for wish in wished] == [("Black", -IMPLIED), ("honey", -IMPLIED)]


def test_what_is_wanted_and_avoided_in_words_reads_each_for_itself(moods: Moods) -> None:
    wished = implied(moods, Preference(text="bracing", wishes=(Wish("text", "cozy", -1.0),)))

    assert {wish.value: wish.weight for wish in wished} == {"Green": IMPLIED, "honey": -IMPLIED, "Black": -IMPLIED}


@pytest.mark.parametrize(
    "stated",
    [
        Preference(text="cozy", wishes=(Wish("kinds", "Black", -1.0),)),
        Preference(text="cozy", wishes=(Wish("kinds", "Black", 1.0),)),
        Preference(text="cozy", constraints=(Constraint("kinds", Op.NOT, ("Black",)),)),
        Preference(text="cozy", constraints=(Constraint("kinds", Op.IS, ("Green", "Black")),)),
    ],
    ids=["less", "more", "not", "one of two"],
)
def test_what_is_stated_by_name_stays_as_it_was_stated(moods: Moods, stated: Preference) -> None:
    wished = moods.implied(stated)

    assert wished.wishes == (*stated.wishes, *COZY[1:])
    assert wished.constraints == stated.constraints


def test_a_soft_value_that_the_words_name_is_wished_for(moods: Moods) -> None:
    assert implied(moods, Preference(text="a smoky one")) == (NAMED,)
    assert [(wish.value, wish.weight) for wish in implied(moods, Preference(text="not smoky"))] == [("smoky", -1.0)]


@pytest.mark.parametrize("text", ["", "a lovely cup", "cozier", "cozyness", "not", "Green"])
def test_words_that_stand_for_nothing_change_nothing(moods: Moods, text: str) -> None:
    preference = Preference(text=text, wishes=(Wish("text", "bitter", -1.0),))

    assert moods.implied(preference) == preference


def test_a_schema_without_moods_implies_only_what_is_named() -> None:
    plain = Moods(tea_catalog())

    assert plain.implied(Preference(text="cozy")) == Preference(text="cozy")
    assert implied(plain, Preference(text="cozy and smoky")) == (NAMED,)


def test_what_is_implied_twice_is_wished_for_once(moods: Moods) -> None:
    once = moods.implied(Preference(text="cozy smoky"))

    assert moods.implied(once) == once
