"""Titles as people write them, in any script."""

import pytest

from retrieval.titles import TitleIndex, native_title, normalize_title

ROWS = [
    ("t1", "Titanic", 1997, ("泰坦尼克号", "铁达尼号")),
    ("t2", "Titanic", 1953, ()),
    ("u", "The Usual Suspects", 1995, ()),
    ("s", "Seven", 1995, ("Se7en", "七宗罪")),
    ("a", "Amélie", 2001, ("Le Fabuleux Destin d'Amélie Poulain",)),
    ("h", "Heat", 1995, ("盗火线",)),
    ("p", "Parasite", 2019, ("기생충", "寄生虫")),
    ("o", "2001: A Space Odyssey", 1968, ("2001太空漫游",)),
    ("n", "千と千尋の神隠し", 2001, ("Spirited Away",)),
    ("x", "The The", None, ()),
    ("r", "Romeo & Juliet", 1968, ()),
    ("m", "Schindler's List", 1993, ()),
]


@pytest.fixture(scope="module")
def index() -> TitleIndex:
    return TitleIndex(ROWS)


@pytest.mark.parametrize(
    ("text", "item_id"),
    [
        ("泰坦尼克号", "t1"),
        ("《泰坦尼克号》", "t1"),
        ("usual suspects, the", "u"),
        ("THE USUAL SUSPECTS!", "u"),
        ("se7en", "s"),
        ("amelie", "a"),
        ("Romeo and Juliet", "r"),
        ("Schindlers List", "m"),
        ("Schindler’s list", "m"),
        ("기생충", "p"),
        ("千と千尋の神隠し", "n"),
    ],
)
def test_same_title_in_other_spelling_is_exact(index: TitleIndex, text: str, item_id: str) -> None:
    best = index.find(text)[0]

    assert (best.item_id, best.score) == (item_id, 1.0)


@pytest.mark.parametrize(
    ("text", "item_id"),
    [
        ("Titanc", "t1"),
        ("usual suspcets", "u"),
        ("Amelei", "a"),
        ("2001 space odyssey", "o"),
        ("parasites", "p"),
        ("Shindler's List", "m"),
    ],
)
def test_typos_and_short_forms_are_found(index: TitleIndex, text: str, item_id: str) -> None:
    best = index.find(text)[0]

    assert best.item_id == item_id
    assert best.score < 1.0


def test_year_decides_among_equals(index: TitleIndex) -> None:
    assert index.find("Titanic", year=1953)[0].item_id == "t2"
    assert index.find("titanik", year=1996)[0].item_id == "t1"


def test_ambiguous_title_brings_all_with_equal_score(index: TitleIndex) -> None:
    matches = index.find("titanic")

    assert {match.item_id for match in matches} == {"t1", "t2"}
    assert {match.score for match in matches} == {1.0}


@pytest.mark.parametrize("text", ["", "!!!", "《》", "Interstellar", "\x00", "😀"])
def test_what_is_no_title_finds_nothing(index: TitleIndex, text: str) -> None:
    assert index.find(text) == []


def test_item_with_two_like_titles_is_found_once(index: TitleIndex) -> None:
    matches = index.find("泰坦尼克号啊")

    assert [match.item_id for match in matches].count("t1") <= 1


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Something like The Usual Suspects or Heat, please", ["The Usual Suspects", "Heat"]),
        ("我喜欢泰坦尼克号和七宗罪", ["泰坦尼克号", "七宗罪"]),
        ("像《泰坦尼克号》那样的", ["泰坦尼克号"]),
        ("泰坦尼克号", ["泰坦尼克号"]),
        ("2001: a space odyssey", ["2001: a space odyssey"]),
        ("nothing here", []),
    ],
)
def test_titles_inside_a_sentence_are_found(index: TitleIndex, text: str, titles: list[str]) -> None:
    spans = list(index.spans(text))

    assert [span.text for span in spans] == titles
    assert all(text[span.start : span.end] == span.text for span in spans)


def test_a_very_long_message_is_read_without_trouble(index: TitleIndex) -> None:
    spans = list(index.spans("heat " * 2_000))

    assert len(spans) == 2_000


def test_title_of_articles_keeps_a_word() -> None:
    assert normalize_title("The The") == "the"


@pytest.mark.parametrize(
    ("names", "language", "title"),
    [
        (("Heat", "盗火线"), "zh", "盗火线"),
        (("Heat", "盗火线"), "de", ""),
        (("Spirited Away", "千と千尋の神隠し", "千与千寻"), "zh", "千与千寻"),
        (("Spirited Away", "千と千尋の神隠し", "千与千寻"), "ja", "千と千尋の神隠し"),
        (("Millennium Actress", "千年女優", "千年女优"), "zh", "千年女优"),
        (("Titanic", "鐵達尼號"), "zh", "鐵達尼號"),
        (("Parasite", "기생충", "寄生虫"), "ko", "기생충"),
        (("好家伙", "GoodFellas"), "zh", "好家伙"),
        (("茉莉 Evening", "茉莉之夜"), "zh", "茉莉之夜"),
        (("Alien", "Alien: The Eighth Passenger"), "zh", ""),
    ],
)
def test_readers_know_a_title_in_the_script_of_their_language(
    names: tuple[str, ...], language: str, title: str
) -> None:
    assert native_title(names, language) == title
