"""What the offline driver does with what it cannot read: it says so, and reverses no refusal."""

import pytest


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("who is the best director of all time?", "unread_question"),
        ("is there a sequel to Heat?", "unread_question"),
        ("你觉得哪个导演最厉害？", "unread_question"),
        ("my dog died this morning", "comfort"),
        ("失恋了，心情很差", "comfort"),
    ],
)
def test_a_fixed_sentence_answers_what_no_rule_reads(read, message: str, key: str):
    parsed = read(message)

    assert (parsed.ending.tool, parsed.saying) == ("answer", key)


def test_a_sad_message_with_a_request_still_brings_a_list(read):
    parsed = read("two patients died tonight. put something gentle on please")

    assert parsed.ending.tool == "recommend"
    assert "patients" not in parsed.patch["about"]


@pytest.mark.parametrize(
    ("message", "unread"),
    [
        ("a comedy on netflix", ("netflix",)),
        ("a comedy under $9 that won oscars", ("under $9", "oscars")),
        ("horror unless it is old, then no", ("unless it is old, then no",)),
    ],
)
def test_what_the_catalog_has_no_field_for_is_named(read, message: str, unread: tuple[str, ...]):
    assert read(message).unread == unread


@pytest.mark.parametrize(
    ("message", "field"),
    [("forget horror", "genres"), ("anything but horror", "genres"), ("comedy instead of horror", "genres")],
)
def test_a_refusal_is_never_reversed(read, message: str, field: str):
    limits = read(message).patch["limits"]

    assert {"field": field, "op": "not", "value": ["Horror"]} in limits


def test_a_year_that_somebody_refuses_to_go_below_is_the_least(read):
    limits = read("horror, my brother refuses anything made before 1980").patch["limits"]

    assert {"field": "year", "op": "min", "value": [1980.0]} in limits


def test_a_name_that_is_no_title_is_said_to_be_missing(read):
    parsed = read("do you have the goonies")

    assert parsed.ending.arguments == {"kind": "facts", "items": ["the goonies"]}


def test_every_part_of_a_count_is_looked_up(read):
    parsed = read("how many Hitchcock films do you have? which is the oldest and the newest?")

    asked = [(call.arguments["kind"], call.arguments["sort"]) for call in parsed.lookups]
    assert asked == [("count", ""), ("items", "year"), ("items", "-year")]


def test_an_everyday_phrase_in_small_letters_is_no_title(read):
    assert not read("three of us tonight, something funny").patch.get("similar_to")
