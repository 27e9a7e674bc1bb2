"""The catalogs of messages: every language has every sentence, with the same places."""

import re
from importlib.resources import files
from string import Formatter

import pytest

from agent.wording.messages import (
    LANGUAGES,
    SENTENCES,
    Messages,
    Texts,
    full_label,
    join,
    label,
    language_of,
    number,
    percent,
    say,
    say_in_all,
    titles,
)
from retrieval.items import Catalog
from tests.agent.films import film_id
from ui.page.words import WORDS

GRAMMAR = {SENTENCES: {"noun", "nouns", "counter", "label"}, WORDS: {"nouns"}}
"""Places that some languages need and others do not."""
EITHER = {"having": "value"}
"""Places of which a language takes the one or the other."""
NAMES = re.compile(r"JSON|https|SHAP|Letterboxd|IMDb|MovieLens|ZIP|CSV")
"""What is written the same in every script."""

FOREIGN = {"en": "„«»", "zh": "„«»'", "es": "“”„'", "fr": "“”„'", "de": "”«»'", "pt": "„«»'"}
"""Quotes and apostrophes that a language does not have."""

every_text = pytest.mark.parametrize("texts", [SENTENCES, WORDS], ids=lambda texts: texts.package)


def templates(messages: Messages, key: str) -> tuple[str, ...]:
    return messages.plural.get(key) or (messages.single[key],)


def places(texts: Texts, language: str, key: str) -> list[set[str]]:
    """Of each form of a sentence."""
    by_text = [
        {EITHER.get(name, name) for _, name, _, _ in Formatter().parse(text) if name}
        for text in templates(texts.messages_in(language), key)
    ]
    return [names - GRAMMAR[texts] for names in by_text]


@every_text
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence(texts: Texts, language: str):
    english, own = texts.messages_in("en"), texts.messages_in(language)

    assert set(own.single) == set(english.single)
    assert set(own.plural) == set(english.plural)
    assert all(text for key in (*own.single, *own.plural) for text in templates(own, key))


@every_text
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_stands_twice(texts: Texts, language: str):
    written = files(texts.package).joinpath("locale", f"{language}.po").read_text(encoding="utf-8")

    keys = re.findall(r'^msgid "(.+)"$', written, re.MULTILINE)

    assert len(keys) == len(set(keys))


@every_text
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_count_has_the_forms_of_its_language(texts: Texts, language: str):
    own = texts.messages_in(language)
    forms = 1 if language in ("zh", "ja", "ko") else 3 if language in ("pl", "ru") else 2

    assert {key: len(told) for key, told in own.plural.items() if len(told) != forms} == {}


@every_text
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_places_of_a_sentence_are_the_same_in_every_language(texts: Texts, language: str):
    own = texts.messages_in(language)
    last = {key: places(texts, language, key)[-1] for key in (*own.single, *own.plural)}

    assert [key for key, sets in last.items() if sets != places(texts, "en", key)[-1]] == []
    assert [key for key in own.plural if any(form - last[key] for form in places(texts, language, key))] == []


@every_text
@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_sentence_is_left_in_english(texts: Texts, language: str):
    english, own = texts.messages_in("en"), texts.messages_in(language)
    long = [key for key in english.single if len(english.single[key].split()) > 4]

    assert [key for key in long if own.single[key] == english.single[key]] == []


@every_text
@pytest.mark.parametrize("language", ["zh", "ja", "ko"])
def test_scripts_without_latin_letters_use_none(texts: Texts, language: str):
    own = texts.messages_in(language)
    told = [text for key in (*own.single, *own.plural) for text in templates(own, key)]

    assert [text for text in told if re.search(r"[a-zA-Z]", NAMES.sub("", re.sub(r"\{\w+\}", "", text)))] == []


@every_text
@pytest.mark.parametrize("language", LANGUAGES)
def test_quotes_and_apostrophes_are_those_of_the_language(texts: Texts, language: str):
    own = texts.messages_in(language)
    told = [text for key in (*own.single, *own.plural) for text in templates(own, key)]
    foreign = {"en": "„«»", "zh": "„«»'", "es": "“”„'", "fr": "“”„'", "de": "”«»'", "pt": "„«»'"}
    foreign |= {"it": "“”„'", "nl": "„«»'", "pl": "“«»'", "ru": "“”„'", "tr": "„«»'"}
    foreign = foreign.get(language, "“”„«»'")

    assert [text for text in told if re.search(f'["{foreign}]', text)] == []


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 person who liked Heat liked it too", "6 people who liked Heat liked it too"),
        ("de", "gefiel auch 1 Person, die Heat mochte", "gefiel auch 6 Leuten, die Heat mochten"),
        ("fr", "aussi aimé par 1 personne qui a aimé Heat", "aussi aimé par 6 personnes qui ont aimé Heat"),
        ("zh", "1 位喜欢Heat的人也喜欢它", "6 位喜欢Heat的人也喜欢它"),
    ],
)
def test_a_count_chooses_the_plural(language: str, one: str, many: str):
    assert say("co_liked", language, count=1, titles="Heat") == one
    assert say("co_liked", language, count=6, titles="Heat") == many


def test_french_counts_nothing_in_the_singular():
    assert say("count_all", "fr", count=0, noun="film", nouns="films") == "Le catalogue compte 0 film."


@pytest.mark.parametrize(
    ("said", "expected"),
    [("fr-CA", "fr"), ("pt_BR", "pt"), ("zh-Hant", "zh"), ("EN", "en"), ("sv", "en"), ("", "en")],
)
def test_a_language_without_a_catalog_is_answered_in_english(said: str, expected: str):
    assert language_of(said) == expected


def test_a_sentence_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="no message 'nonsense'"):
        say("nonsense", "en")


def test_a_place_that_is_not_filled_is_an_error():
    with pytest.raises(KeyError, match="title"):
        say("first_bare", "en")


def test_a_fixed_sentence_comes_in_all_languages():
    assert len(set(say_in_all("model_down"))) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "A, B and C"),
        ("zh", "A、B和C"),
        ("es", "A, B y C"),
        ("fr", "A, B et C"),
        ("de", "A, B und C"),
        ("pt", "A, B e C"),
        ("ja", "A、BとC"),
        ("ko", "A, B, C"),
    ],
)
def test_names_are_joined_as_the_language_does(language: str, expected: str):
    assert join(["A", "B", "C"], language) == expected


def test_spanish_changes_its_and_and_or_before_their_own_sound():
    assert join(["Drama", "Infantil"], "es") == "Drama e Infantil"
    assert join(["siete", "ocho"], "es", last="list_or") == "siete u ocho"
    assert join(["agua", "hielo"], "es") == "agua y hielo"


@pytest.mark.parametrize(
    ("language", "short", "full"),
    [
        ("zh", "《后窗》（1954）", "《后窗》（Rear Window，1954）"),
        ("en", "Rear Window (1954)", "Rear Window (1954)"),
        ("ja", "『Rear Window』（1954）", "『Rear Window』（1954）"),
    ],
)
def test_readers_see_the_title_that_they_know(films: Catalog, language: str, short: str, full: str):
    item = films.item(film_id("Rear Window"))

    assert (label(item, language), full_label(item, language)) == (short, full)


def test_titles_are_written_as_the_language_does(films: Catalog):
    ids = (film_id("Heat"), film_id("Casino"), "unknown")

    assert titles(ids, films, "en") == "Heat and Casino"
    assert titles(ids, films, "zh") == "《Heat》和《Casino》"
    assert titles(ids, films, "ja") == "『Heat』と『Casino』"
    assert label(films.item(ids[0]), "fr") == "Heat (1995)"


def test_numbers_are_written_as_the_language_does():
    assert [number(1682, language) for language in ("en", "de", "zh")] == ["1,682", "1.682", "1,682"]
    assert percent(0.8, "en") == percent(0.8, "ja") == "80%"
    assert percent(0.8, "de") == "80\u00a0%"
