"""What a message says -> the tool calls that it asks for."""

from dataclasses import replace

import pytest

from agent.drivers.offline import Scene, Spotter, parse
from agent.drivers.offline.phrases import has
from retrieval.datasets.movielens import SCHEMA
from retrieval.items import Catalog, Item
from retrieval.preference import Constraint, Leaning, Op, Preference
from retrieval.schema import CONTENT, LEVELS, CatalogSchema, FieldSpec, read_schema
from tests.agent.films import film_catalog, film_id

SHOWN = ("film:0", "film:1", "film:2", "film:3", "film:4")
GENRES = "genres:Drama|Comedy"


def ids(references: list[str]) -> list[str]:
    """Rows of the shelf as item ids; words as they are."""
    return [f"film:{reference[1:]}" if reference[1:].isdigit() else reference for reference in references]


@pytest.mark.parametrize(
    ("message", "genre"),
    [
        ("가볍게 웃을 수 있는 코미디", "Comedy"),
        ("笑えるコメディが見たい", "Comedy"),
        ("Una comedia para toda la familia", "Comedy"),
        ("Eine Komödie für die ganze Familie", "Comedy"),
    ],
)
def test_a_genre_is_read_in_each_script(read, message: str, genre: str):
    assert {value for limit in read(message).patch["limits"] for value in limit["value"]} == {genre}


@pytest.mark.parametrize(
    "message",
    [
        "I love comedies",
        "hi, we really like comedies",
        "I am a big fan of comedies",
        "I like comedies what do you suggest?",
        "comedies are my favorite",
        "I am a comedy fan",
    ],
)
def test_what_one_always_likes_is_a_wish_and_no_limit(read, message: str):
    patch = read(message).patch

    assert patch["prefer"] == [{"field": "genres", "value": "Comedy"}]
    assert "limits" not in patch


@pytest.mark.parametrize(
    "message",
    [
        "show me a comedy",
        "comedies",
        "I'd like a comedy",
        "I would really like a comedy",
        "I feel like a comedy",
        "I like films, can you suggest a comedy",
        "something that is a comedy",
        "it has to be a comedy",
        "tonight it's a comedy",
    ],
)
def test_what_is_asked_for_stays_a_limit(read, message: str):
    assert read(message).patch["limits"] == [{"field": "genres", "op": "is", "value": ["Comedy"]}]


@pytest.mark.parametrize(
    "message", ["Al Pacino was great", "Heat stars Al Pacino", "I am a huge Al Pacino fan", "it has Al Pacino in it"]
)
def test_who_is_spoken_of_is_not_asked_for(read, message: str):
    assert "limits" not in read(message).patch


@pytest.mark.parametrize("message", ["with Al Pacino", "Al Pacino please", "something that has Al Pacino in it"])
def test_who_is_asked_for_is_a_limit(read, message: str):
    assert [limit["value"] for limit in read(message).patch["limits"]] == [["Al Pacino"]]


@pytest.mark.parametrize(
    "message", ["Casino was a good comedy", "I think it was a comedy", "Heat was great, Casino was not a comedy"]
)
def test_what_an_item_is_said_to_be_is_no_wish(read, message: str):
    assert not {"limits", "prefer"} & set(read(message).patch)


def test_what_is_said_in_passing_is_not_searched_for(read):
    assert "about" not in read("Hello, any suggestions? I recently watched Heat, sounds good, I'll check it out").patch


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("recommend me a comedy", "recommend"),
        ("something like Heat", "recommend"),
        ("I loved Heat", "recommend"),
        ("Casino was boring", "recommend"),
        ("推荐一部喜剧", "recommend"),
        ("whatever", "recommend"),
        ("随便来点什么", "recommend"),
        ("who directed Heat?", "facts"),
        ("what is Casino about?", "facts"),
        ("《Heat》讲什么", "facts"),
        ("do you have Interstellar?", "facts"),
        ("how many Hitchcock films do you have?", "count"),
        ("which films does Hitchcock have together with James Stewart?", "list"),
        ("what's the oldest horror film you have?", "count"),
        ("how are Heat and Casino connected?", "connection"),
        ("what is the connection between Heat and Casino?", "connection"),
        ("《后窗》和《迷魂记》有什么关系？", "connection"),
        ("hello!", "talk"),
        ("help", "talk"),
        ("今天天气怎么样？", "talk"),
    ],
)
def test_how_a_turn_ends(read, message: str, ending: str):
    call = read(message).ending

    assert call.arguments.get("kind", call.tool) == ending


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("something older", "recommend"),
        ("not the second one", "recommend"),
        ("more like the third", "recommend"),
        ("I've seen the second one", "recommend"),
        ("换一个", "recommend"),
        ("surprise me", "recommend"),
        ("what happens in the first one?", "facts"),
        ("is it in French?", "facts"),
        ("which of these is the oldest?", "comparison"),
    ],
)
def test_how_a_turn_ends_after_a_list(read, message: str, ending: str):
    call = read(message, shown=SHOWN).ending

    assert call.arguments.get("kind", call.tool) == ending


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
        ("nothing like Casino please", [], ["Casino"], []),
        ("我喜欢《泰坦尼克号》", ["Titanic"], [], []),
        ("不喜欢《后窗》", [], ["Rear Window"], []),
        ("《异形》看过了", [], [], ["Alien"]),
        ("Heat? Seen it, loved it.", ["Heat"], [], ["Heat"]),
        ("Heat: seen it, didn't like it", [], ["Heat"], ["Heat"]),
        ("Heat is great, but I know it already.", ["Heat"], [], ["Heat"]),
        ("I know I should love Heat but I don't", [], ["Heat"], []),
        ("You already suggested Heat.", [], [], ["Heat"]),
        ("《异形》你刚才推荐过了。", [], [], ["Alien"]),
        ("怎么又是《异形》？", [], [], ["Alien"]),
        ("《异形》不太吸引我。", [], ["Alien"], []),
        ("Rear Window may be fine, but it doesn't grab me.", [], ["Rear Window"], []),
        ("Heat? That doesn't convince me.", [], ["Heat"], []),
    ],
)
def test_opinions_are_read_from_the_words_around_a_title(read, message: str, liked, disliked, seen):
    patch = read(message).patch
    read_ids = [ids(patch.get(key, [])) for key in ("likes", "dislikes", "seen")]

    assert read_ids == [[film_id(title) for title in titles] for titles in (liked, disliked, seen)]


@pytest.mark.parametrize("message", ["like Heat", "something like Heat", "a film like Heat", "像《Heat》那样的"])
def test_an_example_is_a_wish_and_no_opinion(read, message: str):
    patch = read(message).patch

    assert ids(patch["similar_to"]) == [film_id("Heat")]
    assert "likes" not in patch


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
        ("not only comedies", ["genres:is:Comedy"]),
        ("please leave out horror films", ["genres:not:Horror"]),
        ("from the 30s or 40s", ["year:max:1949", "year:min:1930"]),
        ("something by the director of Alien, but a drama", ["directors:is:Ridley Scott", "genres:is:Drama"]),
        ("和《异形》同一个导演的", ["directors:is:Ridley Scott"]),
        ("films after Alien, before Heat", ["year:max:1994", "year:min:1980"]),
        ("like Alien but newer", ["year:min:1980"]),
        ("比《异形》新的科幻片", ["genres:is:Sci-Fi", "year:min:1980"]),
        ("不要恐怖片", ["genres:not:Horror"]),
        ("不恐怖的片子", ["genres:not:Horror"]),
        ("恐怖电影就免了", ["genres:not:Horror"]),
        ("九十年代的喜剧", ["genres:is:Comedy", "year:max:1999", "year:min:1990"]),
        ("1990年以后，不要恐怖片", ["genres:not:Horror", "year:min:1990"]),
        ("ohne Horror bitte, ich will etwas mit Harrison Ford", ["cast:is:Harrison Ford", "genres:not:Horror"]),
    ],
)
def test_limits(wish, message: str, limits: list[str]):
    assert sorted(limit.key for limit in wish(message).constraints) == limits


@pytest.mark.parametrize(
    ("message", "moved"),
    [
        ("something gentler please", {"violence": "before", "fear": "before", "sorrow": "before"}),
        ("too tame", {"violence": "after", "fear": "after"}),
        ("太血腥了", {"violence": "before"}),
        ("too sad for me", {"sorrow": "before"}),
    ],
)
def test_what_was_too_strong_or_too_tame_moves_the_contents_from_it(message: str, moved: dict[str, str]):
    roles = [
        FieldSpec.model_validate({"name": role, "kind": "category", "label": {}, "role": role, "order": LEVELS})
        for role in CONTENT
    ]
    item = Item("one", "One", values=dict.fromkeys(CONTENT, ("some",)))
    rated = Spotter(Catalog(CatalogSchema(name="shows", fields=tuple(roles)), (item,)))

    limits = parse(message, rated, Scene(shown=("one",), shown_before=("one",))).patch["limits"]

    assert {limit["field"]: next(key for key in ("before", "after") if key in limit) for limit in limits} == moved


@pytest.mark.parametrize(
    ("message", "direction"),
    [
        ("a heist story", "themes:wish:heist"),
        ("not too scary please", "genres:less:Horror"),
        ("less gore", "themes:less:gore"),
    ],
)
def test_a_shade_is_a_soft_wish(wish, message: str, direction: str):
    assert [soft.key for soft in wish(message).wishes] == [direction]


def test_what_is_refused_in_other_words_is_avoided(read):
    parsed = read("a comedy, no talking animals please")

    assert parsed.patch["avoid"] == ["talking animals"]
    assert "about" not in parsed.patch


@pytest.mark.parametrize(
    ("message", "lasting"),
    [("I can't stand gore", True), ("I hate horror", True), ("I never watch horror", True), ("no gore tonight", False)],
)
def test_what_is_said_for_good_lasts(wish, message: str, lasting: bool):
    assert [limit.lasting for limit in wish(message).constraints] == [lasting]


@pytest.mark.parametrize(
    ("message", "count"),
    [
        ("just one please", 1),
        ("quick, a comedy", 1),
        ("recommend three comedies", 3),
        ("give me 2", 2),
        ("推荐三部", 3),
        ("one of those days", None),
        ("two brothers rob a bank", None),
        ("from the last 5 years", None),
    ],
)
def test_counts(read, message: str, count: int | None):
    assert read(message).patch.get("count") == count


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("something older", "year:max:1994"),
        ("older than that", "year:max:1994"),
        ("newer please", "year:min:1996"),
        ("老一点的", "year:max:1994"),
        ("like the third one but older", "year:max:1989"),
    ],
)
def test_older_and_newer_are_measured_on_what_was_shown(wish, message: str, limit: str):
    assert [constraint.key for constraint in wish(message, shown=SHOWN).constraints] == [limit]
    assert wish("something older").constraints == ()


def test_surprise_asks_for_the_new_and_hurry_for_the_safe(read):
    assert read("surprise me").patch["novelty"] > 0.5
    assert read("quick, just one comedy").patch["novelty"] == 0.0


@pytest.mark.parametrize("message", ["others", "something else", "show me more", "nope", "换一批", "还有别的吗"])
def test_asking_for_others_passes_over_what_was_shown_and_calls_none_of_it_seen(read, message: str):
    patch = read(message, shown=SHOWN).patch

    assert ids(patch["passed_over"]) == list(SHOWN)
    assert "seen" not in patch


@pytest.mark.parametrize(
    ("message", "about"),
    [
        ("a slow and moody thriller after 1990 like Heat, without horror", "slow moody"),
        ("I want to cry", "cry"),
        ("I can't stand crime", None),
        ("different ones", None),
        ("<script>alert(1)</script> pirates", "alert pirates"),
    ],
)
def test_the_words_that_are_left_are_what_it_is_about(read, message: str, about: str | None):
    assert read(message).patch.get("about") == about


@pytest.mark.parametrize(
    ("message", "unread"),
    [
        ("a thriller under 20 dollars", ("under 20 dollars",)),
        ("Je cherche un film policier étrange", ("étrange",)),
        ("etwas Spannendes mit einem Raubzug", ("Spannendes",)),
        ("etwas Verregnetes aus den 80ern", ("Verregnetes",)),
        ("etwas Lustiges aus den 80ern", ()),
        ("Ein Drama, nichts mit Tieren und ohne Horror", ("Tieren",)),
        ("Quiero un drama con mucha lluvia y robots", ("lluvia y robots",)),
        ("Uma comédia com um grande assalto e muita chuva", ("chuva",)),
        ("雨の夜に合う静かなドラマ", ("雨の夜に合う静かな",)),
        ("90年代の静かなコメディが見たい", ("静かな",)),
        ("조용한 코미디 영화 추천해줘", ("조용한",)),
        ("Eine Komödie aus den 80er Jahren, bitte", ()),
        ("une comédie, s'il vous plaît", ()),
        ("想看一部关于摩托车的电影", ()),
        ("how many sad Hitchcock films do you have?", ("sad",)),
        ("a slow comedy", ()),
    ],
)
def test_what_nothing_stands_for_is_said_to_be_unread(read, message: str, unread: tuple[str, ...]):
    assert read(message).unread == unread


def test_what_is_not_read_of_a_long_message_in_another_language_is_told_in_brief(read):
    unread = read("Ein Drama mit " + "Pinguinen und Tauchern und " * 40).unread

    assert len(unread) == 1
    assert unread[0].startswith("Pinguinen und Tauchern")
    assert len(unread[0]) <= 60


@pytest.mark.parametrize("message", ["irgendwas Verregnetes", "quelque chose de pluvieux", "なにか静かなもの"])
def test_a_message_of_which_nothing_was_read_is_answered_as_a_whole(read, message: str):
    parsed = read(message)

    assert (parsed.saying, parsed.unread) == ("unread_question", ())


@pytest.mark.parametrize(
    ("first", "second", "limits"),
    [
        ("a crime film from the 80s", "now I want a comedy", ["genres:is:Comedy"]),
        ("a crime film", "a calm drama", ["genres:is:Drama"]),
        ("a crime film", "whatever", []),
        ("a crime film", "Actually scrap that, I want to cry", []),
        ("a crime film", "from the 80s please", ["genres:is:Crime", "year:max:1989", "year:min:1980"]),
        ("a crime film", "and no horror", ["genres:is:Crime", "genres:not:Horror"]),
        ("a crime film after 1990", "drama instead", ["genres:is:Drama", "year:min:1991"]),
        ("a comedy from the 80s", "forget the comedy thing, just aliens", ["year:max:1989", "year:min:1980"]),
        ("a comedy from the 80s", "the year doesn't matter", ["genres:is:Comedy"]),
        ("a drama before 1990", "I still want a drama. What do you suggest?", ["genres:is:Drama", "year:max:1989"]),
        ("I can't stand gore. A crime film", "now I want a comedy", ["genres:is:Comedy", "themes:not:gore"]),
        ("no gore, a crime film", "gore is fine now", ["genres:is:Crime"]),
        ("a comedy", "but no comedy", ["genres:not:Comedy"]),
    ],
)
def test_a_whole_wish_begins_anew_and_a_fragment_refines(wish, first: str, second: str, limits: list[str]):
    assert sorted(limit.key for limit in wish(first, second, shown=SHOWN).constraints) == limits


def test_another_example_takes_the_place_of_a_request(wish):
    after = wish("moody films like Heat", "like Toy Story")

    assert (after.text, after.examples) == ("", (film_id("Toy Story"),))


def test_descriptions_add_up(wish):
    assert wish("something moody", "also with rain").text == "moody, rain"


@pytest.mark.parametrize(
    ("message", "limits", "arguments"),
    [
        ("how many Hitchcock films do you have?", 1, {"kind": "count", "sort": ""}),
        ("how many Hitchcock films are there, and what's the oldest?", 1, {"kind": "items", "sort": "year"}),
        ("what is the newest film?", 0, {"kind": "items", "sort": "-year"}),
        ("which films do Hitchcock and James Stewart have together?", 2, {"kind": "items", "sort": ""}),
        ("有几部希区柯克的电影？", 1, {"kind": "count", "sort": ""}),
        ("最老的科幻片是哪部", 1, {"kind": "items", "sort": "year"}),
    ],
)
def test_counts_and_lists_are_looked_up_by_their_limits(read, message: str, limits: int, arguments: dict[str, str]):
    (call,) = read(message).lookups

    assert call.tool == "graph_lookup"
    assert len(call.arguments["limits"]) == limits
    assert {key: call.arguments[key] for key in arguments} == arguments


@pytest.mark.parametrize(
    ("message", "items", "fields"),
    [
        ("who directed the second one?", ["film:1"], ["directors"]),
        ("who plays in the last one?", ["film:4"], ["cast"]),
        ("when was it made", ["film:0"], ["year"]),
        ("what is the second one about?", ["film:1"], []),
        ("第二部是谁演的？", ["film:1"], ["cast"]),
    ],
)
def test_a_question_names_its_items_and_fields(read, message: str, items: list[str], fields: list[str]):
    parsed = read(message, shown=SHOWN)

    assert parsed.lookups[0].tool == "item_details"
    assert ids(parsed.ending.arguments["items"]) == items
    assert parsed.ending.arguments["fields"] == fields or parsed.ending.arguments["fields"][:1] == fields[:1]


@pytest.mark.parametrize(("message", "kind"), [("Give me a Horror", "value"), ("something like 《Horror》", "title")])
def test_a_title_that_is_the_name_of_a_value_is_one_in_quotes(spotter, message: str, kind: str):
    catalog = spotter.catalog
    named_so = Item("x", "Horror", {"genres": ("Drama",)})

    spots = Spotter(Catalog(catalog.schema, (*catalog.items, named_so))).spot(message)

    assert [spot.kind for spot in spots] == [kind]


@pytest.mark.parametrize(("rest", "refuses"), [("Zhang Yimou", False), ("ホラーはNGで", True)])
def test_letters_of_a_name_refuse_nothing(rest: str, refuses: bool):
    assert has("<foreign_negation_after>", rest) is refuses


def test_a_question_changes_nothing_of_the_wish(read):
    assert read("who directed Heat?").patch == {}


@pytest.mark.parametrize(
    ("inquiry", "message", "more"),
    [
        (GENRES, "comedy", "Comedy"),
        (GENRES, "more drama please", "Drama"),
        (GENRES, "Dramas.", "Drama"),
        (GENRES, "something funny", "Comedy"),
        (GENRES, "喜剧", "Comedy"),
        (GENRES, "the second", "Comedy"),
        (GENRES, "former", "Drama"),
        (GENRES, "I would rather see a comedy film", "Comedy"),
        (GENRES, "更想看喜剧片", "Comedy"),
    ],
)
def test_an_answer_to_a_question_between_two_values_is_a_leaning(read, inquiry: str, message: str, more: str):
    leaning = read(message, inquiry=inquiry).leaning

    assert leaning is not None
    assert leaning.more == more
    assert {leaning.more, leaning.less} == set(inquiry.partition(":")[2].split("|"))


@pytest.mark.parametrize(
    ("inquiry", "message"),
    [
        (GENRES, "both drama and comedy"),
        (GENRES, "I want a drama"),
        (GENRES, "要剧情片"),
        (GENRES, "no comedy"),
        (GENRES, "a comedy with Tom Hanks that we can all watch together tonight"),
        (GENRES, "I loved Heat"),
        (GENRES, "thriller"),
        (GENRES, "a comedy with Tom Hanks"),
        (GENRES, "something like Heat, a drama"),
        (GENRES, "汤姆·汉克斯的喜剧"),
        ("", "comedy"),
        ("gone:a|b", "a"),
    ],
)
def test_what_is_no_answer_is_read_as_any_message(read, inquiry: str, message: str):
    assert read(message, inquiry=inquiry).leaning is None


@pytest.mark.parametrize(
    "message", ["neither", "Neither, really.", "No preference there.", "I don't care", "这个无所谓。"]
)
def test_choosing_neither_of_two_values_says_nothing_of_the_list(read, message: str):
    assert read(message, shown=SHOWN, inquiry=GENRES).patch == {}


def test_without_a_question_neither_turns_the_list_down(read):
    assert ids(read("neither", shown=SHOWN).patch["dislikes"]) == list(SHOWN)


@pytest.mark.parametrize(
    "message", ["", " ", "((((", "《》", "\\d+ [a-", "a" * 4000, "ok " * 1300, "," * 4000, "《" * 4000, "\x00\x01"]
)
def test_any_text_is_read(read, message: str):
    assert read(message, shown=SHOWN, inquiry=GENRES).ending.tool in ("recommend", "answer")


def test_a_title_that_begins_like_a_question_asks_nothing(films: Catalog):
    from agent.drivers.offline import Spotter, parse
    from retrieval.items import Item

    spotter = Spotter(Catalog(films.schema, (Item("film:when", "When Harry Met Sally..."),)))

    assert parse("When Harry Met Sally may be fine.", spotter).ending.tool == "recommend"


def test_the_preference_of_a_leaning_stays_with_the_driver(read):
    parsed = read("comedy", inquiry=GENRES, preference=Preference())

    assert (parsed.leaning, parsed.patch) == (Leaning("genres", "Comedy", "Drama"), {})


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("a comedy with Harrison Ford from the 90s", ()),
        ("a comedy for my wallpaper", ("wallpaper",)),
        ("nothing sappy, a comedy", ()),
        ("less sappy", ("sappy",)),
        ("a comedy unless it is with Tom Hanks", ("unless it is with Tom Hanks",)),
        ("想看喜剧，带鸡汤味的", ("带鸡汤味",)),
    ],
)
def test_what_no_rule_read_is_left_over(read, message: str, left: tuple[str, ...]):
    assert read(message).left == left


def test_none_refuses(read):
    limits = read("a comedy, but none with Tom Hanks").patch["limits"]

    assert {"field": "cast", "op": "not", "value": ["Tom Hanks"]} in limits


@pytest.mark.parametrize(
    ("message", "picked"),
    [
        ("the second one looks good", ["i1"]),
        ("I'll take the second one", ["i1"]),
        ("let's watch Heat", ["i0"]),
        ("第二部看起来不错", ["i1"]),
    ],
)
def test_what_one_means_to_watch_is_picked_and_not_liked(read, message: str, picked: list[str]):
    parsed = read(message, shown=SHOWN)

    assert {key: value for key, value in parsed.patch.items() if key != "language"} == {"save": picked}
    assert (parsed.ending.tool, parsed.saying) == ("answer", "enjoy")


def test_what_is_picked_beside_a_wish_leads_to_a_list(read):
    parsed = read("that sounds fun, more like it", shown=SHOWN)

    assert (parsed.patch["save"], parsed.patch["similar_to"]) == (["i0"], ["i0"])
    assert parsed.ending.tool == "recommend"


SCOTT = Constraint("directors", Op.IS, ("Ridley Scott",))
BY_SCOTT = {"field": "directors", "op": "is", "value": ["Ridley Scott"]}


@pytest.mark.parametrize(
    "message", ["ok so what else did he make", "something funny from the same director", "他还拍过别的吗"]
)
def test_he_is_who_was_spoken_of(read, message: str):
    assert BY_SCOTT in read(message, people=(SCOTT,)).patch["limits"]
    assert BY_SCOTT not in read(message).patch.get("limits", [])


@pytest.mark.parametrize(
    "message",
    ["my son is 6 and he likes dogs", "my dad comes over, he wants a comedy", "he made Heat? no, Michael Mann"],
)
def test_he_is_somebody_else_where_another_is_named(read, message: str):
    assert BY_SCOTT not in read(message, people=(SCOTT,)).patch.get("limits", [])


@pytest.mark.parametrize(
    ("message", "sort"), [("and the last one he made?", "-year"), ("his very first film?", "year")]
)
def test_the_ends_of_a_career_are_looked_up(read, message: str, sort: str):
    lookup = read(message, people=(SCOTT,)).lookups[0]

    assert (lookup.arguments["limits"], lookup.arguments["sort"]) == ([BY_SCOTT], sort)


def test_he_is_who_did_what_he_is_said_to_have_done(read):
    as_actor = Constraint("cast", Op.IS, ("Mel Gibson",))
    limit = {"field": "directors", "op": "not", "value": ["Mel Gibson"]}

    assert limit in read("ok minus the ones he directed himself", people=(as_actor,)).patch["limits"]


def test_who_is_asked_even_where_another_person_is_guessed(read):
    asked = read("who directed Heat? I always thought it was Al Pacino").ending.arguments

    assert (asked["kind"], asked["items"]) == ("facts", ["i0"])
    assert "directors" in asked["fields"]


def test_two_people_together_are_looked_up(read):
    parsed = read("did Al Pacino and Robert De Niro ever do a film together?")

    assert parsed.ending.arguments["kind"] == "list"
    assert [limit["value"] for limit in parsed.lookups[0].arguments["limits"]] == [["Al Pacino"], ["Robert De Niro"]]


def test_titles_in_small_letters_are_set_side_by_side(read):
    asked = read("alien or casino for tonight? whats the difference").ending.arguments

    assert (asked["kind"], asked["items"]) == ("comparison", ["i13", "i1"])


def test_what_of_the_counted_ones_was_not_read_leads_to_a_list_of_them(read):
    parsed = read("is one of those good for people who get bored easily?", counted=(SCOTT,))

    assert (parsed.ending.tool, parsed.patch["limits"]) == ("recommend", [BY_SCOTT])
    assert "easily" in parsed.unread


def test_the_same_again_is_like_what_was_spoken_of(read):
    parsed = read("fine, something similar for home then", focus="film:0")

    assert parsed.patch["similar_to"] == ["i0"]


@pytest.mark.parametrize("message", ["¿de qué va el primero?", "which one is shortest?"])
def test_no_service_is_heard_in_other_words_and_no_length_where_there_is_one(message: str):
    films = read_schema(SCHEMA)
    catalog = Catalog(films, tuple(replace(item, numbers={**item.numbers, "minutes": 90.0}) for item in film_catalog()))
    parsed = parse(message, Spotter(catalog), Scene(shown=SHOWN))

    assert not {"prime", "shortest"} & {*parsed.unread}
