"""Users made of people's likes: what they know, what they say, what they take."""

import asyncio
import re
from importlib import resources
from pathlib import Path

import pytest

from eval.hearing import Hearing
from eval.readers.suggestions import SuggestionReader
from eval.simulation.baselines import FilteredSystem, PopularitySystem, by_likes
from eval.simulation.drawing import draw_tastes
from eval.simulation.people import Person, person_of
from eval.simulation.questions import read_question
from eval.simulation.records import SimulatedDialogue
from eval.simulation.run import Stage, talk
from eval.simulation.speech import Line, wordings
from eval.simulation.systems import Answer
from eval.simulation.taste import Piece, SimulatedTaste, Temper
from eval.simulation.user import SimulatedUser, Verdict
from retrieval.datasets import Interactions
from retrieval.errors import BadDataError
from retrieval.history import Interaction
from tests.eval.simulated import CATALOG, SPOTTER, item_id, person, stage, taste

TEMPERS = pytest.mark.parametrize("temper", list(Temper))


def user(user_taste: SimulatedTaste) -> SimulatedUser:
    made = SimulatedUser(user_taste, CATALOG, SPOTTER, seed=0)
    made.opening()
    return made


def run(where: Stage, user_taste: SimulatedTaste) -> SimulatedDialogue:
    return asyncio.run(talk(where, user_taste))


def unknown(user_taste: SimulatedTaste, *, fits: bool, keeps: bool = True) -> list[str]:
    """Items that nobody has an opinion on."""
    core = user_taste.wishes[0].core
    return [
        item.item_id
        for item in CATALOG
        if item.item_id not in {*user_taste.known, *user_taste.held_out}
        and core.fits(item, CATALOG) is fits
        and CATALOG.satisfies(item, user_taste.limit) is keeps
    ]


def fickle() -> SimulatedTaste:
    """A contrary user who has something else to wish for."""
    tastes = (taste(number, temper=Temper.CONTRARY) for number in range(12))
    return next(user_taste for user_taste in tastes if len(user_taste.wishes) > 1)


# Drawing ---------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_users():
    people = [person(number) for number in range(12)]

    one, again = (draw_tastes(people, CATALOG, count=8, seed=3) for _ in range(2))

    assert one == again
    assert one != draw_tastes(people, CATALOG, count=8, seed=4)
    assert {(made.temper, made.rich) for made in one} == {(temper, rich) for temper in Temper for rich in (True, False)}


def test_a_person_drawn_again_is_another_user():
    one, again = draw_tastes([person(0)], CATALOG, count=None, seed=0, draws=2)

    assert person_of(one.user_id) == person_of(again.user_id) == "p0"
    assert one.user_id != again.user_id
    assert one.held_out.keys() != again.held_out.keys()


@pytest.mark.parametrize("number", range(9))
def test_what_would_please_is_held_out_and_fits(number: int):
    made = taste(number)

    (wish,) = made.wishes
    assert len(wish.targets) >= 2
    assert all(made.held_out[judged_id] for judged_id in wish.targets)
    assert not made.known.keys() & made.held_out.keys()
    assert all(wish.core.fits(CATALOG.item(judged_id), CATALOG) for judged_id in wish.targets)
    assert all(CATALOG.satisfies(CATALOG.item(judged_id), made.limit) for judged_id in wish.targets)
    assert set(wish.examples) <= made.known.keys()


@pytest.mark.parametrize("number", range(9))
def test_what_is_wished_for_is_shared_by_several_likes(number: int):
    made, likes = taste(number), person(number).liked

    for piece in made.wishes[0].pieces:
        assert sum(piece.fits(CATALOG.item(judged_id), CATALOG) for judged_id in likes) >= 5


def test_people_without_a_common_taste_are_passed_over():
    scattered = Person(
        "x", tuple(item_id(kind, 6 * kind + at) for kind in range(3) for at in range(2)), (), frozenset()
    )

    assert draw_tastes([scattered], CATALOG, count=None, seed=0) == ()


def test_contrary_users_have_a_second_wish():
    first, second = fickle().wishes

    assert first.core.field == second.core.field
    assert first.core != second.core


# Talking ---------------------------------------------------------------------------------------------------------


@TEMPERS
@pytest.mark.parametrize("rich", [True, False])
@pytest.mark.parametrize("number", range(4))
def test_no_title_that_would_please_is_named_before_it_was_shown(temper: Temper, rich: bool, number: int):
    made = taste(number, temper=temper, rich=rich)
    answers = [Answer("These?", tuple(unknown(made, fits=False)[:2])), Answer("What kind do you like?"), Answer("")]

    dialogue = run(stage(*answers, *answers), made)

    said = " ".join(turn.text for turn in dialogue.turns if turn.role == "user")
    assert not [judged_id for judged_id in made.held_out if CATALOG.item(judged_id).title in said]
    assert not {mention.item_id for turn in dialogue.turns for mention in turn.mentions} & made.held_out.keys()


@TEMPERS
def test_a_held_out_like_that_fits_is_accepted(temper: Temper):
    made = taste(temper=temper)
    target = min(made.wishes[0].targets)

    dialogue = run(stage(Answer("Hm."), Answer("Try this.", (unknown(made, fits=False)[0], target))), made)

    assert dialogue.simulated.accepted == target
    assert len(dialogue.simulated.answers) == 2
    assert dialogue.turns[3].accepted == (target,)
    assert dialogue.turns[4].mentions[0].liked is True


def test_a_conversation_ends_after_the_last_answer():
    dialogue = run(stage(Answer("Hm."), turns=3), taste())

    assert [turn.role for turn in dialogue.turns] == ["user", "assistant"] * 3
    assert dialogue.simulated.accepted == ""


def test_a_near_miss_may_please_too():
    made = taste()
    target = min(made.wishes[0].targets)

    dialogue = run(stage(Answer("Nothing fits.", near=(target,))), made)

    assert dialogue.simulated.accepted == target
    assert dialogue.turns[1].recommended == (target,)


def test_what_was_asked_for_on_top_is_given_up_where_nothing_is_found():
    made = next(user_taste for user_taste in map(taste, range(12)) if len(user_taste.wishes[0].pieces) > 1)
    talker = user(made)
    for _ in range(4):
        talker.reply("Here.", unknown(made, fits=True)[:1])

    line = talker.reply("Nothing.", [])

    assert line.text.startswith("never mind ")
    assert any(talker.speaker.wish(piece) in line.text for piece in made.wishes[0].pieces[1:])


def test_an_error_ends_the_conversation_and_is_noted():
    dialogue = run(stage(Answer("Hm."), Answer(error="no answer (ConnectError)")), taste())

    assert dialogue.simulated.error == "no answer (ConnectError)"


@TEMPERS
def test_what_is_shown_is_judged_by_what_is_known(temper: Temper):
    made = taste(temper=temper)
    talker, wish = user(made), made.wishes[0]
    known = next(
        item for item in made.known if item not in talker.named and CATALOG.satisfies(CATALOG.item(item), made.limit)
    )
    disliked = next(
        item
        for item, likes in made.held_out.items()
        if likes is False and CATALOG.satisfies(CATALOG.item(item), made.limit)
    )
    off, fitting = unknown(made, fits=False)[0], min(wish.targets)
    breaking = next(item.item_id for item in CATALOG if not CATALOG.satisfies(item, made.limit))

    verdicts = talker.judge([known, disliked, off, fitting, breaking, off])

    assert verdicts == ["known", "disliked", "off_wish", "accepted", "breaks", "repeat"]


@TEMPERS
def test_a_limit_that_an_item_breaks_is_stated_and_then_insisted_on(temper: Temper):
    made = taste(temper=temper)
    talker = user(made)
    first, second = [item.item_id for item in CATALOG if not CATALOG.satisfies(item, made.limit)][:2]

    stated, insisted = talker.reply("", [first]), talker.reply("", [second])

    limit = talker.speaker.limit(made.limit)
    assert limit.casefold() in stated.text.casefold()
    if temper is not Temper.CONTRARY:  # who changes their mind then
        assert limit in insisted.text
        assert talker.speaker.title(second) in insisted.text


def test_the_limit_is_stated_in_its_turn_at_the_latest():
    made = taste()
    talker = user(made)

    for _ in range(made.limit_turn):
        talker.reply("Hm.", [])

    assert talker.limit_told is not None
    assert talker.limit_told <= made.limit_turn - 1


def test_contrary_users_change_their_mind_once():
    made = fickle()
    talker = user(made)

    lines = [talker.reply("Hm.", []) for _ in range(4)]

    assert talker.wish == made.wishes[1]
    assert talker.speaker.wish(made.wishes[1].core) in lines[1].text
    assert talker.wishes_told == [0, 2]


def test_somebody_who_says_much_begins_with_examples():
    made = taste(rich=True)

    line = SimulatedUser(made, CATALOG, SPOTTER, seed=0).opening()

    assert {mention.item_id for mention in line.mentions} <= set(made.wishes[0].examples)
    assert line.mentions
    assert all(mention.liked for mention in line.mentions)


@pytest.mark.parametrize("temper", [Temper.TERSE, Temper.CHATTY])
def test_a_choice_is_answered_from_the_taste(temper: Temper):
    made = taste(temper=temper)
    other = next(kind for kind in ("strategy", "party", "puzzle") if kind != made.wishes[0].core.value)
    talker = user(made)
    core = talker.speaker.value(made.wishes[0].core)

    line = talker.reply(f"One question: more {core} or more {other}?", [])

    assert core in line.text.casefold()
    assert other not in line.text


@pytest.mark.parametrize(
    ("text", "values", "field", "examples"),
    [
        ("Rather party or puzzle games?", ("party", "puzzle"), "", False),
        ("Which kind do you like?", (), "kinds", False),
        ("Any designer that you follow?", (), "designers", False),
        ("Can you name some games that you enjoyed?", (), "", True),
        ("Anything else?", (), "", False),
        ("更想要聚会还是解谜？", ("party", "puzzle"), "", False),
        ("1. **Castle?**: party or puzzle?\nWhat else?", (), "", False),
    ],
)
def test_questions_are_understood(text: str, values: tuple[str, ...], field: str, examples: bool):
    found = read_question(text, CATALOG, SPOTTER)

    assert found is not None
    assert (tuple(piece.value for piece in found.values), found.field, found.examples) == (values, field, examples)


def test_which_of_several_was_meant_is_answered_with_the_one_named():
    meant = CATALOG.item(item_id(0, 3))

    found = read_question(f"Which one: {meant.label} or Castle (1950)?", CATALOG, SPOTTER, [meant.item_id])

    assert found is not None
    assert found.items == (meant.item_id,)


def test_a_statement_is_no_question():
    assert read_question("Here are some.", CATALOG, SPOTTER) is None


# Words -----------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_remarks():
    english, chinese = (
        {key for key in wordings(language).remarks if "." not in key and key not in ("refuse", "change")}
        for language in ("en", "zh")
    )

    assert english == chinese


@pytest.mark.parametrize("language", ["en", "zh"])
def test_wordings_have_known_places_only(language: str):
    known = {"wish", "limit", "title", "titles", "value", "old", "consumed", "nouns", "noun"}

    places = {
        place
        for remarks in wordings(language).remarks.values()
        for remark in remarks
        for place in re.findall(r"\{(\w+)\}", remark)
    }

    assert places <= known


def test_facts_and_limits_are_said_as_people_say_them():
    speaker = user(taste()).speaker

    assert (
        speaker.wish(Piece("kinds", "party"), Piece("designers", "Ada Quill1"))
        == "party games and games designed by Ada Quill1"
    )
    assert speaker.wish(Piece("year", 1990)) == "games from the 1990s"


def test_lines_are_joined_with_a_pause():
    assert (Line("more") + Line("party games") + Line("")).text == "more, party games"
    assert (Line("有。") + Line("好")).text == "有。好"


# Listeners -------------------------------------------------------------------------------------------------------


def test_popularity_shows_nothing_twice_and_nothing_named():
    rows = [Interaction(f"u{user}", item_id(0, place), 1.0, 0.0) for place in range(12) for user in range(12 - place)]
    talk_to = PopularitySystem(CATALOG, by_likes(CATALOG, Interactions.of(CATALOG, rows))).begin("p")
    named = taste(rich=True)
    line = SimulatedUser(named, CATALOG, SPOTTER, seed=0).opening()

    first, second = (asyncio.run(talk_to.say(said)) for said in (line, Line("more")))

    mentioned = {mention.item_id for mention in line.mentions}
    expected = [item_id(0, place) for place in range(12) if item_id(0, place) not in mentioned]
    assert [*first.items, *second.items] == expected[:10]


def test_filtered_popularity_keeps_what_was_understood():
    ranked = [item.item_id for item in CATALOG]
    partner = FilteredSystem(CATALOG, ranked, Hearing.of(CATALOG)).begin("p")

    first, second = (
        asyncio.run(partner.say(Line(text))) for text in ("party games, please", "nothing older than 1990")
    )

    assert first.items == tuple(item_id(1, place) for place in range(5))
    assert second.items == tuple(item_id(1, place) for place in range(5, 10))


@pytest.mark.parametrize(
    ("text", "items", "foreign"),
    [
        ("1. **Castle of the Awick** (1980): great\n2. Cipher of the Cwick (1984) - a gem", ["g0-0", "g2-2"], 0),
        ("- Castle of the Awick\n- Some Other Game (2001): new", ["g0-0"], 1),
        ("You might like **Confetti of the Bwick**.", ["g1-1"], 0),
        ("Since you liked Castle of the Dwick, try Castle of the Ewick (1988).", ["g0-4"], 0),
        ("1. What kind do you like?\n2. How many players?", [], 0),
        ("How about Made Up Thing (1999)?", [], 1),
        ("Tell me more.", [], 0),
    ],
)
def test_titles_are_read_out_of_plain_text(text: str, items: list[str], foreign: int):
    suggested = SuggestionReader.of(CATALOG).read(text, named={"g0-3"})

    assert (list(suggested.items), suggested.foreign) == (items, foreign)


def test_verdicts_that_are_spoken_of_are_known():
    assert {verdict.value for verdict in Verdict} >= {"accepted", "breaks", "repeat", "named", "known"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_other_wordings_say_the_same_things(language: str):
    other = str(resources.files("eval").joinpath("data/simulation_other.toml"))

    assert {*wordings(language).phrases} == {*wordings(language, other).phrases}


def test_wordings_that_lack_a_remark_are_refused(tmp_path: Path):
    short = tmp_path / "short.toml"
    short.write_text('[en]\nopening = ["{wish}"]\n[en.phrases]\n', encoding="utf-8")

    with pytest.raises(BadDataError, match="no wording in 'en' for accept"):
        wordings("en", str(short))
