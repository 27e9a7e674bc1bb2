"""Which language a message is in, and that a word or two change nothing."""

import pytest
from babel import Locale

from agent.drivers.language import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I would like to see a comedy tonight", "en"),
        ("今晚想看一部喜剧", "zh"),
        ("Je cherche un film policier pour ce soir", "fr"),
        ("Ich hätte gern etwas Ruhiges für heute Abend", "de"),
        ("Busco algo divertido para esta noche", "es"),
        ("今夜のおすすめはありますか", "ja"),
        ("오늘 밤에 볼 만한 거 추천해 줘", "ko"),
        ("посоветуй хорошую комедию на вечер", "ru"),
        ("I would like something like 《泰坦尼克号》", "en"),
        ("《泰坦尼克号》", "zh"),
    ],
)
def test_a_sentence_tells_its_language(text: str, expected: str) -> None:
    assert language_of(text) == expected
    assert language_of(text, "en" if expected != "en" else "de") == expected


@pytest.mark.parametrize("before", ["en", "de", "fr", "zh"])
@pytest.mark.parametrize("text", ["", "1990 ...", "#2", "?!", "ok", "Fargo", "hm"])
def test_what_is_too_short_to_tell_is_in_the_language_that_was_spoken_before(text: str, before: str) -> None:
    assert language_of(text, before) == before


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("kürzer", "de"),
        ("un bon western", "fr"),
        ("films by Kurosawa", "en"),
        ("Komödie", "de"),
        ("no war", "en"),
        ("no drama, no gore", "en"),
        ("no animation", "en"),
    ],
)
def test_a_few_words_are_rather_in_the_language_of_before_than_in_a_third(text: str, before: str) -> None:
    assert language_of(text, before) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("um romance triste", "pt"),
        ("un bon western", "fr"),
        ("etwas mit Robotern", "de"),
        ("una peli de miedo", "es"),
        ("um, something sad", "en"),
        ("um which of these is the shortest", "en"),
    ],
)
def test_the_first_word_of_a_short_wish_tells_its_language(text: str, expected: str) -> None:
    assert language_of(text, "en") == expected


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_a_name_for_the_prompt(code: str) -> None:
    assert Locale(code).get_language_name("en")
