"""What a message says, read by rule."""

import pytest

from agent.intent import Act
from agent.lexicon import Lexicon, stem
from agent.reading import NEWER, OLDER
from agent.rules import RuleReader
from retrieval.items import Catalog, Item

SHOWN = ("film:0", "film:1", "film:2", "film:3", "film:4")


def texts(mentions) -> list[str]:
    return [one.text for one in mentions]


@pytest.mark.parametrize(
    ("message", "act"),
    [
        ("recommend me a comedy", Act.RECOMMEND),
        ("something like Heat", Act.RECOMMEND),
        ("I loved Heat", Act.FEEDBACK),
        ("Casino was boring", Act.FEEDBACK),
        ("who directed Heat?", Act.ASK),
        ("what is Casino about?", Act.ASK),
        ("hello!", Act.CHAT),
        ("thank you so much", Act.CHAT),
        ("推荐一部喜剧", Act.RECOMMEND),
        ("谢谢", Act.CHAT),
        ("你好", Act.CHAT),
        ("《Heat》讲什么", Act.ASK),
    ],
)
def test_acts(rules: RuleReader, message: str, act: Act):
    assert rules.read(message).act is act


@pytest.mark.parametrize(
    ("message", "act"),
    [
        ("something older", Act.REFINE),
        ("not the second one", Act.REFINE),
        ("more like the third", Act.REFINE),
        ("why did you pick this?", Act.ASK),
        ("what happens in the first one?", Act.ASK),
        ("I've seen the second one", Act.FEEDBACK),
        ("换一个", Act.REFINE),
        ("surprise me", Act.REFINE),
    ],
)
def test_acts_after_a_list(rules: RuleReader, message: str, act: Act):
    assert rules.read(message, shown=SHOWN, asked=True).act is act


@pytest.mark.parametrize(
    ("message", "liked", "disliked", "seen"),
    [
        ("I loved Heat", ["Heat"], [], []),
        ("I loved Heat, I can't stand gore", ["Heat"], [], []),
        ("I loved Heat but I hated Casino", ["Heat"], ["Casino"], []),
        ("I loved Heat, hated Casino", ["Heat"], ["Casino"], []),
        ("Heat, I loved it", ["Heat"], [], []),
        ("I watched Heat, did not like it", [], ["Heat"], ["Heat"]),
        ("Casino was boring", [], ["Casino"], []),
        ("I have seen Heat and Casino", [], [], ["Heat", "Casino"]),
        ("something like Heat and Casino", ["Heat", "Casino"], [], []),
        ("nothing like Casino please", [], ["Casino"], []),
        ("我喜欢《泰坦尼克号》", ["泰坦尼克号"], [], []),
        ("不喜欢《后窗》", [], ["后窗"], []),
        ("《异形》看过了", [], [], ["异形"]),
        ("Heat? Seen it, loved it.", ["Heat"], [], ["Heat"]),
        ("Heat: seen it, didn't like it", [], ["Heat"], ["Heat"]),
        ("Heat is great, but I know it already.", ["Heat"], [], ["Heat"]),
        ("You already suggested Heat.", [], [], ["Heat"]),
        ("《异形》你刚才推荐过了。", [], [], ["异形"]),
        ("怎么又是《异形》？", [], [], ["异形"]),
        ("《异形》不太吸引我。", [], ["异形"], []),
        ("Rear Window may be fine, but it doesn't grab me.", [], ["Rear Window"], []),
        ("Heat? That doesn't convince me.", [], ["Heat"], []),
    ],
)
def test_opinions(rules: RuleReader, message: str, liked: list[str], disliked: list[str], seen: list[str]):
    found = rules.read(message)

    assert [texts(found.liked), texts(found.disliked), texts(found.seen)] == [liked, disliked, seen]


@pytest.mark.parametrize(
    ("message", "limits"),
    [
        ("a comedy", ["genres:is:Comedy"]),
        ("something funny", ["genres:is:Comedy"]),
        ("no horror", ["genres:not:Horror"]),
        ("a comedy without romance", ["genres:is:Comedy", "genres:not:Romance"]),
        ("no horror or war films", ["genres:not:Horror|War"]),
        ("comedy or drama", ["genres:is:Comedy|Drama"]),
        ("anything but thrillers", ["genres:not:Thriller"]),
        ("a thriller by Hitchcock", ["directors:is:Alfred Hitchcock", "genres:is:Thriller"]),
        ("no Harrison Ford please", ["cast:not:Harrison Ford"]),
        ("I can't stand gore", ["themes:not:gore"]),
        ("I don't want horror", ["genres:not:Horror"]),
        ("I never want to see horror", ["genres:not:Horror"]),
        ("please don't show me any war films", ["genres:not:War"]),
        ("I don't want horror, give me a comedy", ["genres:is:Comedy", "genres:not:Horror"]),
        ("no horror just a comedy", ["genres:is:Comedy", "genres:not:Horror"]),
        ("a heist", []),
        ("不要恐怖片", ["genres:not:Horror"]),
        ("九十年代的喜剧", ["genres:is:Comedy", "year:max:1999", "year:min:1990"]),
        ("not only comedies", ["genres:is:Comedy"]),
        ("1990年以前的不要", ["year:min:1990"]),
        ("不要2009年以后的", ["year:max:2009"]),
        ("please leave out horror films", ["genres:not:Horror"]),
        ("恐怖电影就免了", ["genres:not:Horror"]),
        ("Heat has nothing to do with comedy, I want a comedy", ["genres:is:Comedy"]),
        ("1990年以后，不要恐怖片", ["genres:not:Horror", "year:min:1990"]),
    ],
)
def test_limits(rules: RuleReader, message: str, limits: list[str]):
    assert sorted(one.key for one in rules.read(message).limits) == limits


def test_a_theme_that_is_wanted_is_a_wish(rules: RuleReader):
    found = rules.read("a heist story")

    assert [(one.field, one.value, one.weight > 0) for one in found.wishes] == [("themes", "heist", True)]


@pytest.mark.parametrize(
    ("message", "lasting"),
    [
        ("I can't stand gore", True),
        ("I hate horror", True),
        ("no gore tonight", False),
        ("我受不了血腥", True),
    ],
)
def test_what_is_said_for_good_lasts(rules: RuleReader, message: str, lasting: bool):
    found = rules.read(message)

    assert [one.lasting for one in found.limits] == [lasting]


def test_company_is_a_lasting_wish(rules: RuleReader):
    assert any(one.lasting for one in rules.read("my wife is with me, a crime story").wishes)


def test_what_is_fine_again_is_taken_back(rules: RuleReader):
    found = rules.read("gore is fine now")

    assert found.taken_back == ("gore",)
    assert found.limits == ()


@pytest.mark.parametrize(
    ("message", "count"),
    [
        ("just one please", 1),
        ("recommend three comedies", 3),
        ("give me 2", 2),
        ("推荐三部", 3),
        ("one of those days", None),
        ("two brothers rob a bank", None),
        ("from the last 5 years", None),
    ],
)
def test_counts(rules: RuleReader, message: str, count: int | None):
    assert rules.read(message).count == count


@pytest.mark.parametrize(
    ("message", "direction"), [("something older", OLDER), ("newer please", NEWER), ("老一点的", OLDER)]
)
def test_direction_in_time(rules: RuleReader, message: str, direction: str):
    assert rules.read(message, shown=SHOWN).relative == direction
    assert rules.read(message).relative == ""


@pytest.mark.parametrize("message", ["a heat wave", "it was speed that mattered", "I have no contact with them"])
def test_common_words_are_no_titles(rules: RuleReader, message: str):
    assert rules.read(message).mentions == ()


def test_the_search_text_has_no_limits_titles_and_refusals_in_it(rules: RuleReader):
    found = rules.read("a slow and moody thriller after 1990 like Heat, without horror")

    assert found.search == "slow moody"


def test_the_words_of_a_refusal_are_no_search_text(rules: RuleReader):
    assert rules.read("I can't stand crime").search == ""


def test_asking_for_others_says_nothing_to_search_for(rules: RuleReader):
    assert rules.read("different ones").search == ""
    assert rules.read("other ones please").search == ""


def test_tags_are_no_search_text(rules: RuleReader):
    assert rules.read("<script>alert(1)</script> pirates").search == "alert pirates"


@pytest.mark.parametrize("message", ["whatever", "anything is fine", "随便来点什么", "都行"])
def test_anything_goes_is_a_wish(rules: RuleReader, message: str):
    assert rules.read(message, shown=("film:0",), asked=True).act in (Act.RECOMMEND, Act.REFINE)


@pytest.mark.parametrize("message", ["like Heat", "something like Heat", "像《冰血暴》那样的"])
def test_an_example_is_a_wish_and_no_opinion(rules: RuleReader, message: str):
    reading = rules.read(message)

    assert reading.act is Act.RECOMMEND
    assert len(reading.liked) == 1


def test_hurry_and_surprise(rules: RuleReader):
    assert rules.read("quick, just one comedy").hurried
    assert rules.read("surprise me").novelty == 0.9


@pytest.mark.parametrize(
    "message", ["", " ", "((((", "《》", "\\d+ [a-", "a" * 4000, "ok " * 1300, "," * 4000, "《" * 4000]
)
def test_any_text_is_read(rules: RuleReader, message: str):
    assert rules.read(message, shown=SHOWN).act in Act


# Lexicon


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("funny comedies", [("genres", "Comedy"), ("genres", "Comedy")]),
        ("science fiction", [("genres", "Sci-Fi")]),
        ("SCIENCE-FICTION", [("genres", "Sci-Fi")]),
        ("by Scorsese", [("directors", "Martin Scorsese")]),
        ("by scorsese", []),
        ("martin scorsese", [("directors", "Martin Scorsese")]),
        ("想看喜剧", [("genres", "Comedy")]),
        ("a heist", [("themes", "heist")]),
        ("nothing here", []),
    ],
)
def test_values_in_words(lexicon: Lexicon, text: str, found: list[tuple[str, str]]):
    assert [(one.field.name, one.value) for one in lexicon.find(text)] == found


def test_what_a_title_covers_is_no_value(lexicon: Lexicon):
    assert list(lexicon.find("War and Peace", covered=((0, 13),))) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [("comedies", "comedy"), ("westerns", "western"), ("class", "class"), ("Heat's", "heat"), ("bus", "bus")],
)
def test_stems(word: str, expected: str):
    assert stem(word) == expected


def test_a_name_that_is_a_common_word_is_nobody(rules: RuleReader):
    item = Item("film:you", "Nobody Knows", values={"cast": ("You", "Young")})
    lexicon = Lexicon(Catalog(rules.catalog.schema, (item,)))

    assert [one.value for one in lexicon.find("You already know Young")] == ["Young"]


def test_a_common_word_after_another_sentence_is_no_title(rules: RuleReader):
    catalog = Catalog(rules.catalog.schema, (Item("film:show", "The Show"),))

    found = RuleReader(catalog, Lexicon(catalog)).read("It was long since I saw something like this. Show me films.")

    assert found.mentions == ()


def test_a_title_that_begins_like_a_question_asks_nothing(rules: RuleReader):
    item = Item("film:when", "When Harry Met Sally...")
    catalog = Catalog(rules.catalog.schema, (item,))

    assert RuleReader(catalog, Lexicon(catalog)).read("When Harry Met Sally may be fine.").act is not Act.ASK
