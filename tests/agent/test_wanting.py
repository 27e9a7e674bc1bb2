"""How one message's change is folded into what was wanted; what the model claims against what was said."""

import pytest

from agent.chips import chips, without_chip
from agent.intent import Act, Chip
from agent.language import language_of
from agent.merge import merge
from agent.model_reader import ModelAnswer, ModelLimit
from agent.plan import make_plan
from agent.reading import OLDER, Mention, Reading
from agent.rules import RuleReader
from agent.wanting import add_tastes, fold, fold_limits
from retrieval.channels.tastes import taste_of
from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog
from retrieval.preference import Constraint, Op, Preference, Wish
from tests.agent.films import film_id

NOT_GORE = Constraint("themes", Op.NOT, ("gore",), words="gore", lasting=True)


def limit(key: str) -> Constraint:
    """'year:min:1990' as a constraint."""
    field, op, values = key.split(":")
    found = tuple(float(one) if one.isdigit() else one for one in values.split("|"))
    return Constraint(field, Op(op), found, words=values)


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ([], ["year:min:1990"], ["year:min:1990"]),
        (["year:min:1990"], ["year:min:1980"], ["year:min:1980"]),
        (["year:min:1990"], ["year:max:1980"], ["year:max:1980"]),
        (["year:min:1990"], ["year:max:1995"], ["year:max:1995", "year:min:1990"]),
        (["year:min:1990", "year:max:1999"], ["year:is:1984"], ["year:is:1984"]),
        ([], ["year:min:1930", "year:max:1939", "year:min:1940", "year:max:1949"], ["year:max:1949", "year:min:1930"]),
        (["genres:is:Comedy"], ["genres:is:Romance"], ["genres:is:Comedy", "genres:is:Romance"]),
        (["genres:is:Comedy"], ["genres:not:Comedy"], ["genres:not:Comedy"]),
        (["genres:not:Horror|War"], ["genres:is:War"], ["genres:is:War", "genres:not:Horror"]),
        (["genres:is:Comedy"], ["genres:is:Comedy"], ["genres:is:Comedy"]),
        (["genres:is:Comedy"], ["year:min:1990"], ["genres:is:Comedy", "year:min:1990"]),
    ],
)
def test_what_was_said_last_wins(before: list[str], new: list[str], after: list[str]):
    found = fold_limits([limit(one) for one in before], [limit(one) for one in new])

    assert sorted(one.key for one in found) == after


def folded(films: Catalog, before: Preference, reading: Reading, message: str = "", **changes: object) -> Preference:
    members = {"liked": (), "disliked": (), "seen": (), "shown_years": (), **changes}
    return fold(before, reading, message, catalog=films, **members)


def test_a_new_wish_drops_the_old_one_and_keeps_what_lasts(films: Catalog):
    before = Preference(
        text="moody",
        liked=("film:0", "film:2"),
        examples=("film:0",),
        disliked=("film:1",),
        constraints=(limit("genres:is:Crime"), NOT_GORE),
    )
    reading = Reading(Act.RECOMMEND, limits=(limit("genres:is:Comedy"),))

    after = folded(films, before, reading, "now I want a comedy")

    assert after.text == ""
    assert after.liked == ("film:2",)
    assert after.disliked == ("film:1",)
    assert sorted(one.key for one in after.constraints) == ["genres:is:Comedy", "themes:not:gore"]


@pytest.mark.parametrize(
    ("message", "search", "anew"),
    [
        ("A movie for a first date", "first date", True),
        ("ok, a film about sailing", "sailing", True),
        ("I want a film for a rainy evening", "rainy evening", True),
        ("whatever", "", True),
        ("anything goes", "", True),
        ("a bit more romantic", "romantic", False),
        ("a slightly darker film", "dark", False),
        ("a film like that but with dogs", "dogs", False),
        ("with dogs", "dogs", False),
        ("rainy", "rainy", False),
    ],
)
def test_a_whole_wish_begins_anew_and_a_shade_refines(films: Catalog, message: str, search: str, anew: bool):
    before = Preference(
        text="moody", liked=("film:0",), examples=("film:0",), constraints=(limit("year:max:1989"), NOT_GORE)
    )

    after = folded(films, before, Reading(Act.RECOMMEND, search=search), message)

    assert (after.liked == (), "moody" not in after.text) == (anew, anew)
    assert NOT_GORE in after.constraints


def test_a_kind_with_an_article_is_a_wish_of_its_own(films: Catalog):
    before = Preference(text="moody", liked=("film:0",), examples=("film:0",), constraints=(limit("year:max:1989"),))

    after = folded(
        films, before, Reading(Act.REFINE, limits=(limit("genres:is:Drama"),), search="calm"), "a calm drama"
    )

    assert (after.text, after.liked, [one.key for one in after.constraints]) == ("calm", (), ["genres:is:Drama"])


def test_asking_again_for_the_same_lets_go_of_no_limit(films: Catalog):
    before = Preference(constraints=(limit("genres:is:Drama"), limit("year:max:1989")))
    again = Reading(Act.RECOMMEND, limits=(limit("genres:is:Drama"),))

    after = folded(films, before, again, "I still want a drama. What do you suggest?")

    assert [one.key for one in after.constraints] == ["genres:is:Drama", "year:max:1989"]


def test_another_example_takes_the_place_of_a_request_and_leads_what_was_only_liked(films: Catalog):
    before = Preference(text="moody", liked=("film:2", "film:0"), examples=("film:0",))
    reading = Reading(Act.RECOMMEND, liked=(Mention("Toy Story"),))

    after = folded(films, before, reading, "like Toy Story", liked=("film:8",))
    taste = taste_of(films, after, UserHistory())

    assert (after.text, after.liked, after.examples) == ("", ("film:2", "film:8"), ("film:8",))
    assert dict(zip(taste.rows.tolist(), taste.said.tolist(), strict=True)) == {2: False, 8: True}


def test_an_example_taken_away_does_not_count_until_it_is_named_again(films: Catalog):
    history = UserHistory.of("u", [Interaction("u", "film:0", 1.0, 1.0), Interaction("u", "film:1", 1.0, 2.0)])

    aside = without_chip(Preference(liked=("film:0",)), "liked:film:0")
    again = folded(films, aside, Reading(Act.FEEDBACK), liked=("film:0",))

    assert taste_of(films, aside, history).rows.tolist() == [1]
    assert sorted(taste_of(films, again, history).rows.tolist()) == [0, 1]


def test_a_fragment_adds_to_the_wish(films: Catalog):
    before = Preference(constraints=(limit("genres:is:Crime"),))

    after = folded(films, before, Reading(Act.REFINE, limits=(limit("year:min:1990"),)), "but after 1990")

    assert [one.key for one in after.constraints] == ["genres:is:Crime", "year:min:1990"]


def test_instead_replaces_the_same_field(films: Catalog):
    before = Preference(constraints=(limit("genres:is:Crime"), limit("year:min:1990")))

    after = folded(films, before, Reading(Act.REFINE, limits=(limit("genres:is:Drama"),)), "drama instead")

    assert sorted(one.key for one in after.constraints) == ["genres:is:Drama", "year:min:1990"]


def test_older_is_older_than_the_middle_of_what_was_shown(films: Catalog):
    after = folded(films, Preference(), Reading(Act.REFINE, relative=OLDER), "older", shown_years=(1990, 1995, 1999))

    assert [one.key for one in after.constraints] == ["year:max:1994"]


def test_an_opinion_changes_sides(films: Catalog):
    after = folded(films, Preference(liked=("film:0",)), Reading(Act.FEEDBACK), disliked=("film:0",))

    assert (after.liked, after.disliked) == ((), ("film:0",))


def test_what_is_taken_back_no_longer_holds(films: Catalog):
    before = Preference(constraints=(NOT_GORE,), wishes=(Wish("themes", "heist", words="heist"),))

    after = folded(films, before, Reading(Act.REFINE, taken_back=("gore",)))

    assert after.constraints == ()
    assert after.wishes == before.wishes


@pytest.mark.parametrize("act", [Act.ASK, Act.CHAT])
def test_questions_and_small_talk_change_nothing(films: Catalog, act: Act):
    before = Preference(text="moody")

    assert folded(films, before, Reading(act, search="something else")) is before


def test_a_wish_of_now_beats_a_lasting_taste():
    wanted = Preference(constraints=(limit("genres:is:Horror"),))

    assert add_tastes(wanted, [limit("genres:not:Horror"), NOT_GORE]).constraints == (*wanted.constraints, NOT_GORE)


# Chips


def test_chips_in_both_languages(films: Catalog):
    wanted = Preference(
        text="moody",
        liked=("film:0",),
        disliked=("film:1",),
        constraints=(limit("genres:is:Comedy|Drama"), limit("year:min:1990"), NOT_GORE),
        wishes=(Wish("themes", "heist"), Wish("text", "cars", -1.0)),
    )
    from dataclasses import replace

    english = [one.label for one in chips(wanted, films)]
    chinese = [one.label for one in chips(replace(wanted, language="zh"), films)]

    assert english == [
        "Comedy or Drama",
        "year from 1990",
        "not gore",
        "heist",
        "rather not cars",
        "like Heat",
        "not like Casino",
        "“moody”",
    ]
    assert chinese[:3] == ["喜剧或剧情", "年份 ≥ 1990", "不要血腥"]
    assert Chip("themes:not:gore", "not gore", lasting=True) in chips(wanted, films)


def test_every_chip_can_be_taken_away(films: Catalog):
    wanted = Preference(
        text="moody",
        liked=("film:0",),
        disliked=("film:1",),
        constraints=(NOT_GORE,),
        wishes=(Wish("themes", "heist"),),
    )

    for chip in chips(wanted, films):
        wanted = without_chip(wanted, chip.key)

    assert wanted == Preference(set_aside=("film:0", "film:1"))
    assert without_chip(wanted, "nonsense") == wanted


# Language and plan


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("a comedy", "zh", "en"),
        ("想看喜剧", "en", "zh"),
        ("something like 《泰坦尼克号》", "en", "en"),
        ("《泰坦尼克号》", "en", "zh"),
        ("1990", "zh", "zh"),
        ("...", "en", "en"),
    ],
)
def test_language(text: str, before: str, expected: str):
    assert language_of(text, before) == expected


def test_plans():
    names = [call.tool for call in make_plan(Act.RECOMMEND, Preference(text="moody", liked=("a",)), (), "")]

    assert names == ["search_catalog", "cf_scores", "graph_lookup"]
    assert make_plan(Act.CHAT, Preference(), (), "") == ()
    assert [dict(one.arguments) for one in make_plan(Act.ASK, Preference(), ("a",), "year")] == [
        {"item_id": "a", "fields": ["year"]}
    ]


# Merge


def test_what_the_next_list_must_be_like_is_no_opinion_on_this_one(rules: RuleReader):
    shown = ("film:0", "film:1", "film:2")

    found = merged(rules, "80s crime, I dont want gore", shown=shown, act="refine", disliked=["#1", "#2"])

    assert found.disliked == ()


def test_words_that_ask_for_others_refine_whatever_the_model_thinks(rules: RuleReader):
    found = merged(rules, "older, and not the second", shown=("film:0", "film:1"), act="feedback")

    assert found.act is Act.REFINE


def merged(rules: RuleReader, message: str, *, shown: tuple[str, ...] = (), **answer: object) -> Reading:
    claimed = ModelAnswer.model_validate({"act": "recommend", **answer})
    return merge(rules.read(message, shown=shown), claimed, message, rules, bool(shown))


def test_titles_that_nobody_said_are_dropped(rules: RuleReader):
    found = merged(rules, "something like Heat", liked=["Heat", "Casino"], seen=["Alien"])

    assert [one.text for one in found.liked] == ["Heat"]
    assert found.seen == ()


def test_limits_that_nobody_said_are_dropped(rules: RuleReader):
    invented = ModelLimit(words="no horror", field="genres", op="not", value="Horror")

    assert merged(rules, "a comedy please", limits=[invented]).limits == rules.read("a comedy please").limits


def test_a_limit_whose_words_say_the_opposite_is_dropped(rules: RuleReader):
    turned = ModelLimit(words="scares", field="genres", op="not", value="Horror")

    assert merged(rules, "a film that scares me", limits=[turned]).limits == ()


def test_a_count_that_nobody_said_is_dropped(rules: RuleReader):
    assert merged(rules, "a comedy please", count=3).count is None
    assert merged(rules, "four comedies please", count=4).count == 4


def test_places_in_a_list_count_only_where_a_list_was_pointed_at(rules: RuleReader):
    shown = ("film:0", "film:1")

    assert merged(rules, "a comedy", disliked=["#2"]).disliked == ()
    assert [one.text for one in merged(rules, "not the second", shown=shown, disliked=["#2"]).disliked] == ["#2"]


def test_chat_with_a_wish_in_it_is_no_chat(rules: RuleReader):
    assert merged(rules, "what a day, a comedy please", act="chat", reply="Oh dear.").act is Act.RECOMMEND
    assert merged(rules, "what a day I had", act="chat", reply="Oh dear.").reply == "Oh dear."


def test_a_description_loses_its_refusals_and_limits(rules: RuleReader):
    found = merged(rules, "a slow comedy without horror", search="slow, no horror, comedy, 1990s")

    assert found.search == "slow"


def test_the_film_of_a_question_is_no_example(rules: RuleReader):
    found = merged(rules, "who directed Heat?", act="ask", about="Heat", liked=["Heat"])

    assert found.act is Act.ASK
    assert found.liked == ()
    assert [one.text for one in found.about] == ["Heat"]
    assert film_id("Heat") == rules.catalog.find_title(found.about[0].text)[0].item_id


@pytest.mark.parametrize("search", ["similar", "similar to Heat", "surprise", "something random", "quick"])
def test_what_only_asks_is_no_description(rules: RuleReader, search: str):
    assert merged(rules, "I loved Heat, anything close?", liked=["Heat"], search=search).search in ("", "close")
