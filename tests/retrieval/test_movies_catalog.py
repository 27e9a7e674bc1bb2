"""The demo catalog: every line is whole, its words come from closed lists, and every MovieLens film joins."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent.wording.messages import LANGUAGES
from retrieval.datasets.movielens import SCHEMA
from retrieval.moods import LONGEST, WORD
from retrieval.schema import CatalogSchema, FieldKind, _standard_name, read_schema

DATA = Path(__file__).parents[2] / "retrieval" / "data"
CATALOG = DATA / "movies.jsonl"
LISTS = ("directors", "cast", "genres", "themes", "countries", "languages")
FIELDS = {"id", "title", "year", "synopsis", *LISTS}
LEVELS = ("violence", "sex", "fear", "profanity", "sorrow")
SCALE = ("none", "mild", "some", "strong")
DEGREES = ("main", "slight")
OPTIONAL = {
    "aka",
    "same_as",
    "minutes",
    "suits_from",
    "sequel_of",
    "later_of",
    "remake_of",
    "won",
    "queries",
    *LEVELS,
    *DEGREES,
}
GENRES = {
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
}
NAMELESS = 267
"""The one MovieLens-100k item that has no title."""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    if not CATALOG.exists():
        pytest.skip("retrieval/data/movies.jsonl is not written yet (see retrieval/data/README.md)")
    return [json.loads(line) for line in CATALOG.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    return (DATA / "themes.txt").read_text(encoding="utf-8").splitlines()


def is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() == text != "" for text in value)


def test_the_vocabulary_of_themes_is_short_lower_case_and_without_repeats(vocabulary: list[str]) -> None:
    odd = [theme for theme in vocabulary if not re.fullmatch(r"[a-z0-9][a-z0-9' -]{1,29}", theme)]

    assert odd == []
    assert len(set(vocabulary)) == len(vocabulary)
    assert vocabulary == sorted(vocabulary)


def test_every_line_has_the_fields_of_the_schema_and_no_others(rows: list[Row]) -> None:
    wrong = [row.get("id") for row in rows if not row.keys() >= FIELDS or not row.keys() <= FIELDS | OPTIONAL]

    assert wrong == []


def test_every_field_has_its_type(rows: list[Row]) -> None:
    lists = [
        row["id"]
        for row in rows
        if not all(is_text_list(row.get(name, [])) for name in (*LISTS, *DEGREES, "aka", "queries"))
    ]
    texts = [row["id"] for row in rows if not isinstance(row["synopsis"], str) or not row["title"].strip()]
    years = [row["id"] for row in rows if type(row["year"]) is not int or not 1900 <= row["year"] <= 2026]

    assert (lists, texts, years) == ([], [], [])


def test_no_list_names_a_thing_twice(rows: list[Row]) -> None:
    doubled = [
        (row["id"], name)
        for row in rows
        for name in (*LISTS, *DEGREES, "aka", "queries")
        if len(set(row.get(name, []))) < len(row.get(name, []))
    ]

    assert doubled == []


def test_ids_are_unique_and_of_one_of_two_forms(rows: list[Row]) -> None:
    counts = Counter(row["id"] for row in rows)

    assert [item_id for item_id, n in counts.items() if n > 1] == []
    assert [i for i in counts if not re.fullmatch(r"ml100k:[1-9]\d*|film:[a-z0-9]+(-[a-z0-9]+)*-\d{4}", i)] == []


def test_the_id_of_a_newer_film_ends_in_its_year(rows: list[Row]) -> None:
    newer = [row for row in rows if row["id"].startswith("film:")]

    assert [row["id"] for row in newer if not row["id"].endswith(f"-{row['year']}")] == []


def test_every_movielens_film_but_the_nameless_one_joins(rows: list[Row]) -> None:
    ids = {int(row["id"].removeprefix("ml100k:")) for row in rows if row["id"].startswith("ml100k:")}

    assert ids - {NAMELESS} == set(range(1, 1683)) - {NAMELESS}


def test_genres_are_movielens_words(rows: list[Row]) -> None:
    assert {genre for row in rows for genre in row["genres"]} - GENRES == set()


def test_themes_come_from_the_vocabulary_and_are_at_most_eight(rows: list[Row], vocabulary: list[str]) -> None:
    assert {theme for row in rows for theme in row["themes"]} - set(vocabulary) == set()
    assert [row["id"] for row in rows if len(row["themes"]) > 8] == []


def test_main_and_slight_values_are_the_films_own_genres_and_themes(rows: list[Row]) -> None:
    rated = [row for row in rows if {*DEGREES} & {*row}]

    assert [row["id"] for row in rated if not {*degrees(row)} <= {*row["genres"], *row["themes"]}] == []
    assert [row["id"] for row in rated if len({*degrees(row)}) < len(degrees(row))] == []
    assert len(rated) >= 0.97 * len(rows)


def test_every_rated_film_has_a_main_genre_and_at_most_five_main_values(rows: list[Row]) -> None:
    rated = [row for row in rows if {*DEGREES} & {*row}]

    assert [row["id"] for row in rated if not 1 <= len(row.get("main", ())) <= 5] == []
    assert [row["id"] for row in rated if row["genres"] and not {*row["genres"]} & {*row["main"]}] == []


def test_films_listed_twice_are_rated_alike(rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    pairs = [(row, by_id[row["same_as"]]) for row in rows if row.get("same_as")]

    assert [row["id"] for row, other in pairs if {*degrees(row)} != {*degrees(other)}] == []


def test_queries_are_up_to_four_short_texts_of_films_that_double_no_other(rows: list[Row]) -> None:
    asked = [row for row in rows if "queries" in row]

    assert [row["id"] for row in asked if not 1 <= len(row["queries"]) <= 4 or row.get("same_as")] == []
    assert [query for row in asked for query in row["queries"] if not 3 <= len(query) <= 220] == []
    assert len(asked) >= 0.97 * len(rows)


def test_no_query_names_its_film_or_who_made_it(rows: list[Row]) -> None:
    named = [
        (row["id"], query)
        for row in rows
        for query in row.get("queries", ())
        for name in (row["title"], *row["directors"], *row["cast"])
        if len(name) >= 4 and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", query.casefold())
    ]

    assert named == []


def test_countries_are_two_letter_codes(rows: list[Row]) -> None:
    assert {code for row in rows for code in row["countries"] if not re.fullmatch("[A-Z]{2}", code)} == set()


def test_a_synopsis_has_15_to_45_words_or_none(rows: list[Row]) -> None:
    lengths = {row["id"]: len(row["synopsis"].split()) for row in rows if row["synopsis"]}

    assert {item_id: n for item_id, n in lengths.items() if not 15 <= n <= 45} == {}


def test_newer_films_are_complete(rows: list[Row]) -> None:
    newer = [row for row in rows if row["id"].startswith("film:")]

    assert [row["id"] for row in newer if not (row["synopsis"] and row["directors"] and len(row["themes"]) >= 4)] == []


def test_same_as_points_to_one_other_film_of_that_title_which_points_nowhere(rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    pairs = [(row, by_id.get(row["same_as"])) for row in rows if row.get("same_as")]

    assert len(pairs) >= 18
    assert [row["id"] for row, other in pairs if other is None or other is row or other.get("same_as")] == []
    assert [row["id"] for row, other in pairs if other and row["title"] != other["title"]] == []
    assert [row["id"] for row, other in pairs if other and row["synopsis"] != other["synopsis"]] == []


def test_what_a_film_continues_or_remakes_is_an_older_film_of_the_catalog(rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    links = [
        (row, by_id.get(row[name])) for row in rows for name in ("sequel_of", "later_of", "remake_of") if name in row
    ]

    assert len(links) >= 90
    assert [row["title"] for row, other in links if other is None or other["year"] > row["year"]] == []


def test_prizes_are_those_that_the_schema_names(rows: list[Row]) -> None:
    named = next(spec for spec in read_schema(SCHEMA).remarks if spec.name == "won").names

    assert {prize for row in rows for prize in row.get("won", ())} == {*named}


def test_words_that_a_value_has_of_its_own_are_of_values_that_films_have(
    rows: list[Row], vocabulary: list[str]
) -> None:
    spec = read_schema(SCHEMA).field("themes")

    assert {*spec.said, *spec.qualities, *spec.warnings, *spec.in_fact} - {*vocabulary} == set()


def test_no_two_films_have_one_title_and_year_unless_marked_the_same(rows: list[Row]) -> None:
    counts = Counter((row["title"].casefold(), row["year"]) for row in rows if not row.get("same_as"))

    assert [film for film, n in counts.items() if n > 1] == []


def test_every_mood_stands_for_values_that_films_have(rows: list[Row]) -> None:
    schema = read_schema(SCHEMA)
    known = {name: {value for row in rows for value in row[name]} for name in LISTS}

    said = [part.removeprefix("-").partition(":") for parts in schema.moods.values() for part in parts]

    assert schema.moods
    assert [(name, value) for name, _, value in said if value not in known[name]] == []


def test_every_mood_is_a_phrase_that_words_can_match() -> None:
    phrases = [*read_schema(SCHEMA).moods]

    assert [phrase for phrase in phrases if phrase != " ".join(WORD.findall(phrase.casefold()))] == []
    assert max(len(phrase.split()) for phrase in phrases) <= LONGEST


def test_for_whom_a_film_is_is_said_whole_or_not_at_all(rows: list[Row]) -> None:
    known = [row for row in rows if "suits_from" in row]

    levels = [row["id"] for row in known if not all(row.get(name) in SCALE for name in LEVELS)]
    ages = [row["id"] for row in known if not 3 <= row["suits_from"] <= 18]
    halves = [row["id"] for row in rows if "suits_from" not in row and {*LEVELS} & {*row}]
    assert (levels, ages, halves) == ([], [], [])
    assert len(known) >= 0.99 * len(rows)


def test_no_film_for_small_children_is_cruel_frightening_or_coarse(rows: list[Row]) -> None:
    young = [row for row in rows if row.get("suits_from", 99) <= 6]

    assert [row["title"] for row in young if row["sex"] != "none" or row["violence"] in SCALE[2:]] == []
    assert [row["title"] for row in young if "strong" in (row["fear"], row["profanity"])] == []
    assert [row["title"] for row in young if {"erotic", "gore", "torture", "slasher"} & {*row["themes"]}] == []


def test_running_times_are_those_of_films(rows: list[Row]) -> None:
    assert [row["title"] for row in rows if not 20 <= row.get("minutes", 90) <= 330] == []


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_everything_of_the_demo_but_names_of_people_has_a_label_in_every_language(
    rows: list[Row], language: str
) -> None:
    schema = read_schema(SCHEMA)
    texts = [schema.noun, schema.nouns, schema.consumed, schema.wishes]
    texts += [text for spec in schema.fields for text in (spec.label, spec.fact, spec.having, spec.shared) if text]
    texts += [text for spec in schema.fields for text in spec.refused.values()]
    texts += [text for spec in schema.remarks for text in (spec.fact, *spec.names.values())]
    worded = [spec for spec in schema.fields if spec.kind is not FieldKind.NUMBER and not spec.people]
    values = {(spec.name, value) for spec in worded for row in rows for value in held(row, spec.name)}

    assert all(text.get(language) for text in texts)
    assert sorted(value for value in values if not is_labeled(schema, *value, language)) == []


def degrees(row: Row) -> list[str]:
    return [*row.get("main", ()), *row.get("slight", ())]


def held(row: Row, name: str) -> list[str]:
    cell = row.get(name, [])
    return [cell] if isinstance(cell, str) else cell


def is_labeled(schema: CatalogSchema, name: str, value: str, language: str) -> bool:
    spec = schema.field(name)
    return bool(spec.names.get(value, {}).get(language) or _standard_name(spec.standard, value, language))
