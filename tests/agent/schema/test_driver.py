"""What the model answers becomes what the tools are called with."""

import json
from dataclasses import replace

import pytest

from agent.conversation import Conversation, Question, Role, Turn
from agent.drivers.acts import bundled_acts
from agent.drivers.offline import Spotter
from agent.drivers.schema import SchemaDriver
from agent.drivers.schema.form import Answer, Form, schema_of
from agent.drivers.schema.plan import Plan
from retrieval.errors import ModelUnavailableError
from retrieval.preference import Constraint, Leaning, Op, Preference
from tests.agent.films import film_catalog, film_id
from tests.agent.schema.conftest import Driven, after_list
from tests.fakes import Hang, Raw, ScriptedChatModel, Status
from tools import Ending
from tools.placing import Placer

COMEDY = Constraint("genres", Op.IS, ("Comedy",))


def limits(preference: Preference) -> set[str]:
    return {limit.key for limit in preference.constraints}


async def test_one_call_ends_a_turn_with_a_list(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "find", "comedies with": "yes", "with Harrison Ford": "yes", "want": ["light"]}

    drive = await driven("comedies with Harrison Ford, light", answer)

    context = drive.batch.context
    assert len(model.calls) == len(drive.runs) == 1
    assert limits(context.wanted) == {"genres:is:Comedy", "cast:is:Harrison Ford"}
    assert context.wanted.text == "light"
    assert context.ending == Ending("recommend")


async def test_where_every_word_was_read_nothing_is_made_up(driven: Driven) -> None:
    answer = {"do": "find", "comedies with": "yes", "with Harrison Ford": "yes", "want": ["light"]}

    drive = await driven("comedies with Harrison Ford", answer)

    assert drive.batch.context.wanted.text == ""


async def test_what_code_read_whole_needs_no_call(driven: Driven, model: ScriptedChatModel) -> None:
    drive = await driven("a comedy with Harrison Ford from the 90s")

    assert not model.calls
    assert limits(drive.batch.context.wanted) == {
        "genres:is:Comedy",
        "cast:is:Harrison Ford",
        "year:min:1990",
        "year:max:1999",
    }


async def test_what_code_read_stays_whatever_the_model_makes_of_it(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "talk", "some comedies with": "no", "with Harrison Ford please": "skip", "want": ["gentle"]}

    drive = await driven("some comedies with Harrison Ford please, zorb", answer)

    assert '"some comedies with":"yes"' in model.calls[0].question
    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "cast:is:Harrison Ford"}
    assert drive.batch.context.ending == Ending("recommend")


async def test_what_code_left_open_the_model_reads(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "find", "no comedies": "no", "as it was 1990 zorb": "decade", "want": ["gentle"]}

    drive = await driven("no comedies, zorb as it was 1990 zorb", answer)

    assert '"as it was 1990 zorb"' not in model.calls[0].question.rpartition("draft:")[2]
    assert limits(drive.batch.context.wanted) == {"genres:not:Comedy", "year:min:1990", "year:max:1999"}
    assert drive.batch.context.wanted.text == "gentle"


async def test_an_item_that_code_took_for_an_example_may_be_asked_about(driven: Driven) -> None:
    answer = {"do": "facts", "so Fargo": "about", "field": "directors"}

    drive = await driven("so Fargo, zorb whatsit", answer)

    assert drive.batch.context.ending.kind == "facts"
    assert drive.batch.context.wanted == Preference()


async def test_small_talk_wants_nothing(driven: Driven) -> None:
    drive = await driven("zorb zorb", {"do": "talk", "text": "Hello."})

    context = drive.batch.context
    assert context.wanted == Preference()
    assert (context.ending.kind, context.ending.text) == ("talk", "Hello.")


async def test_either_of_two_values_is_enough(driven: Driven) -> None:
    answer = {"do": "find", "horror or": "or", "or comedy please": "or"}

    drive = await driven("horror or comedy please", answer)

    assert limits(drive.batch.context.wanted) == {"genres:is:Horror|Comedy"}


async def test_what_is_never_wanted_lasts(driven: Driven) -> None:
    drive = await driven("I never watch horror", {"do": "tell", "I never watch horror": "never"})

    assert drive.batch.context.wanted.constraints == (Constraint("genres", Op.NOT, ("Horror",), lasting=True),)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("in", {"year:min:1990", "year:max:1990"}),
        ("decade", {"year:min:1990", "year:max:1999"}),
        ("from", {"year:min:1990"}),
        ("after", {"year:min:1991"}),
        ("until", {"year:max:1990"}),
        ("before", {"year:max:1989"}),
        ("skip", set()),
    ],
)
async def test_the_model_says_how_a_year_is_meant(driven: Driven, role: str, expected: set[str]) -> None:
    drive = await driven("zorb as it was 1990 zorb", {"do": "find", "as it was 1990 zorb": role})

    assert limits(drive.batch.context.wanted) == expected


async def test_words_of_the_message_are_limits_where_the_catalog_has_them(driven: Driven) -> None:
    answer = {"do": "find", "want": ["gripping"], "not": ["comedy"]}

    drive = await driven("give me horror, zorb", answer)

    wanted = drive.batch.context.wanted
    assert limits(wanted) == {"genres:is:Horror"}
    assert (wanted.text, [wish.value for wish in wanted.wishes]) == ("gripping", ["comedy"])


async def test_a_message_in_another_language_is_read_in_one_call(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "find", "Je voudrais une comédie avec": "yes", "avec Tom Hanks": "yes", "not": ["violent"]}

    drive = await driven("Je voudrais une comédie avec Tom Hanks, pas trop violente", answer)

    wanted = drive.batch.context.wanted
    assert len(model.calls) == len(drive.runs) == 1
    assert model.calls[0].question.splitlines()[-1] == "text in: French"
    assert "draft:" not in model.calls[0].question
    assert limits(wanted) == {"genres:is:Comedy", "cast:is:Tom Hanks", "violence:not:strong"}


async def test_english_words_of_the_model_are_read_as_a_users_are(driven: Driven) -> None:
    answer = {"do": "find", "want": ["comedy", "with Tom Hanks"], "not": ["horror"]}

    drive = await driven("cokolwiek śmiesznego z tym facetem z Forresta, byle bez strachów", answer)

    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "cast:is:Tom Hanks", "genres:not:Horror"}


async def test_english_words_limit_what_is_counted(driven: Driven) -> None:
    drive = await driven("ile macie komedii?", {"do": "count", "want": ["comedy"]})

    counted = drive.batch.context.lookups[-1]
    assert "Comedy" in str(counted)


async def test_the_oldest_is_of_what_the_last_reply_counted(driven: Driven) -> None:
    counted = (Constraint("directors", Op.IS, ("Alfred Hitchcock",)),)
    conversation = after_list(film_id("Heat")).add(Turn(Role.ASSISTANT, "Dwa filmy.", counted=counted))

    drive = await driven("a który jest najstarszy?", {"do": "oldest"}, conversation=conversation)

    assert drive.batch.context.lookups[-1].limits == counted


async def test_a_place_of_the_list_is_named_by_its_number(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), film_id("Fargo"))
    answer = {"do": "facts", "titles": [{"title": "#2", "is": "about"}], "field": "directors"}

    drive = await driven("¿quién hizo la segunda?", answer, conversation=conversation)

    assert drive.batch.context.ending.item_ids == (film_id("Fargo"),)


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("Je voudrais une comédie légère pour ce soir", "fr"),
        ("Ich hätte gern etwas Leichtes für heute Abend", "de"),
        ("今夜のための軽いコメディ", "ja"),
        ("想看轻松的喜剧", "zh"),
        ("a light comedy for tonight", "en"),
    ],
)
async def test_the_users_language_goes_into_the_wish(driven: Driven, message: str, language: str) -> None:
    drive = await driven(message)

    assert drive.batch.context.wanted.language == language


async def test_what_the_model_itself_says_is_asked_for_in_the_users_language(
    driven: Driven, model: ScriptedChatModel
) -> None:
    await driven("Ich hätte gern etwas Leichtes für heute Abend", {"do": "find", "want": ["light"]})
    await driven("something light for tonight")

    assert model.calls[0].question.splitlines()[-1] == "text in: German"
    assert "text in:" not in model.calls[1].question


async def test_a_short_message_is_in_the_language_that_was_spoken_before(
    driven: Driven, model: ScriptedChatModel
) -> None:
    conversation = after_list(film_id("Heat"), wish=Preference(language="de"))

    drive = await driven("ok", {"do": "more"}, conversation=conversation)

    assert len(model.calls) == 1
    assert drive.batch.context.wanted.language == "de"


async def test_words_of_another_language_that_no_rule_read_are_not_held_against_the_user(driven: Driven) -> None:
    drive = await driven("Ich hätte gern etwas Leichtes mit Zebrafischen", {"do": "find", "want": ["zebrafish"]})

    assert drive.batch.context.unread == ()


async def test_a_wish_in_another_language_is_searched_for_in_its_own_words(driven: Driven) -> None:
    drive = await driven("Ich hätte gern etwas Leichtes mit Zebrafischen", {"do": "find", "want": ["zebrafish"]})

    assert "Zebrafischen" in drive.batch.context.wanted.text
    assert "zebrafish" not in drive.batch.context.wanted.text


def test_a_film_that_is_described_is_searched_for_in_the_users_words(spotter: Spotter) -> None:
    message, catalog = "esa peli donde un niño se hace amigo del que proyecta las películas", film_catalog()
    plan = Plan(Form(()), catalog, Placer(catalog), spotter, message, (), (), Preference())

    look, ending = plan.calls(Answer("identify", want=("boy", "projectionist")))

    assert look.arguments["description"] == message
    assert ending.arguments["kind"] == "identify"


async def test_what_is_known_for_sure_needs_no_call(
    driver: SchemaDriver, driven: Driven, model: ScriptedChatModel
) -> None:
    object.__setattr__(driver, "acts", bundled_acts())

    thanked = await driven("danke dir, bis morgen!")
    asked = await driven("was weißt du eigentlich alles über mich?")

    assert model.calls == []
    assert [drive.batch.context.ending.kind for drive in (thanked, asked)] == ["talk", "about_me"]


async def test_the_model_takes_one_of_the_likely_decisions(
    driver: SchemaDriver, driven: Driven, model: ScriptedChatModel
) -> None:
    object.__setattr__(driver, "acts", bundled_acts())
    conversation = after_list(film_id("Heat"), film_id("Casino"))

    await driven("welcher davon ist der kürzeste?", {"do": "compare"}, conversation=conversation)

    shapes = model.calls[0].body["response_format"]["json_schema"]["schema"]["anyOf"]
    left = {act for shape in shapes for act in shape["properties"]["do"]["enum"]}
    assert "compare" in left
    assert len(left) <= 3


async def test_what_is_picked_from_a_list_needs_no_call(driven: Driven, model: ScriptedChatModel) -> None:
    conversation = after_list(film_id("Heat"), film_id("Casino"))

    drive = await driven("the second one looks good", conversation=conversation)

    assert model.calls == []
    assert drive.batch.context.patches[-1].saved == (film_id("Casino"),)


async def test_a_list_that_is_asked_for_as_drafted_is_looked_up_as_the_draft_has_it(driven: Driven) -> None:
    message = "how many Hitchcock films do you have? which is the oldest and the newest?"
    answer = {"do": "count", "how many Hitchcock films do you": "yes"}

    drive = await driven(message, answer)

    assert len(drive.batch.context.lookups) == 3


async def test_an_opinion_and_an_example_are_two_things(driven: Driven) -> None:
    told = await driven("I loved Fargo", {"do": "tell", "I loved Fargo": "like"})
    asked = await driven("something like Fargo", {"do": "find", "something like Fargo": "like"})

    assert told.batch.context.patches[0].liked == (film_id("Fargo"),)
    assert asked.batch.context.patches[0].examples == (film_id("Fargo"),)


async def test_by_the_people_of_an_item(driven: Driven) -> None:
    answer = {"do": "related", "a thriller by the director": "yes", "the director of Alien": "directors"}

    drive = await driven("a thriller by the director of Alien", answer)

    assert limits(drive.batch.context.wanted) == {"genres:is:Thriller", "directors:is:Ridley Scott"}


async def test_what_others_are_wanted_of_the_people_of_is_not_shown(driven: Driven) -> None:
    drive = await driven("by the director of Alien", {"do": "related", "the director of Alien": "directors"})

    assert drive.batch.context.wanted.passed_over == (film_id("Alien"),)


async def test_later_than_one_item_and_earlier_than_another(driven: Driven) -> None:
    answer = {"do": "related", "after Star Wars but before": "after", "but before Alien": "before"}

    drive = await driven("after Star Wars but before Alien", answer)

    assert limits(drive.batch.context.wanted) == {"year:min:1978", "year:max:1978"}


async def test_how_many_there_are_is_looked_up_and_changes_no_wish(driven: Driven) -> None:
    answer = {"do": "count", "how many Hitchcock films do you": "yes"}

    drive = await driven("how many Hitchcock films do you have?", answer)

    context = drive.batch.context
    assert context.lookups[0].total == 2
    assert context.ending.kind == "count"
    assert context.wanted.constraints == ()


@pytest.mark.parametrize(("do", "first"), [("oldest", "Rear Window"), ("newest", "Vertigo")])
async def test_the_first_of_a_sorted_list(driven: Driven, do: str, first: str) -> None:
    drive = await driven("that zorb one by Hitchcock", {"do": do, "zorb one by Hitchcock": "yes"})

    context = drive.batch.context
    assert context.lookups[0].item_ids[0] == film_id(first)
    assert context.ending.kind == "count"


async def test_how_two_items_hang_together(driven: Driven) -> None:
    answer = {"do": "connect", "the connection between Casino and": "about", "and GoodFellas": "about"}

    drive = await driven("What is the connection between Casino and GoodFellas?", answer)

    context = drive.batch.context
    assert context.ending.kind == "connection"
    assert context.paths


async def test_a_question_about_an_item(driven: Driven) -> None:
    answer = {"do": "facts", "who made Fargo": "about", "field": "directors"}

    drive = await driven("who made Fargo, zorb?", answer)

    context = drive.batch.context
    assert (context.ending.item_ids, context.ending.fields) == ((film_id("Fargo"),), ("directors",))
    assert film_id("Fargo") in context.facts


async def test_a_question_without_a_title_is_about_what_is_on_screen(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), film_id("Casino"))

    drive = await driven("who made it?", {"do": "facts", "field": "directors"}, conversation=conversation)

    assert drive.batch.context.ending.item_ids == (film_id("Heat"),)


@pytest.mark.parametrize(("title", "kind"), [("Heat", "why"), ("Fargo", "why_not")])
async def test_what_was_not_shown_can_only_be_missed(driven: Driven, title: str, kind: str) -> None:
    answer = {"do": "why", f"and what about {title}": "about"}

    drive = await driven(f"and what about {title}, zorb", answer, conversation=after_list(film_id("Heat")))

    assert drive.batch.context.ending.kind == kind


async def test_a_title_that_is_said_and_that_the_catalog_lacks_is_unknown(driven: Driven) -> None:
    titles = [{"title": "Zebra Days", "is": "like"}, {"title": "An Invention", "is": "like"}]

    drive = await driven("more in the spirit of Zebra Days", {"do": "find", "titles": titles})

    assert drive.batch.context.problems.unknown == ["Zebra Days"]


async def test_small_talk_is_the_models_own(driven: Driven) -> None:
    answers = ({"en": "Thank you, you are very kind"}, {"do": "talk", "text": "¡De nada!"})

    drive = await driven("muchas gracias, eres muy amable", *answers)

    assert drive.batch.context.ending == Ending("answer", kind="talk", text="¡De nada!")


async def test_older_than_the_middle_of_what_was_shown(driven: Driven) -> None:
    shown = (film_id("Heat"), film_id("Fargo"), film_id("Vertigo"))
    conversation = after_list(*shown, wish=Preference(constraints=(COMEDY,)))

    drive = await driven("older ones", {"do": "older"}, conversation=conversation)

    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "year:max:1994"}


async def test_older_lets_go_of_the_least_year(driven: Driven) -> None:
    since, until = Constraint("year", Op.MIN, (1990.0,)), Constraint("year", Op.MAX, (1999.0,))
    conversation = after_list(film_id("Heat"), wish=Preference(constraints=(since, until)))

    drive = await driven("older ones", {"do": "older"}, conversation=conversation)

    assert limits(drive.batch.context.wanted) == {"year:max:1994"}


async def test_of_two_decades_the_whole_stretch_is_meant(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "find", "from the 50s or the": "decade", "or the 60s": "decade"}

    drive = await driven("from the 50s or the 60s, zorb", answer)

    assert '"from the 50s or the":"decade","or the 60s":"decade"' in model.calls[0].question
    assert limits(drive.batch.context.wanted) == {"year:min:1950", "year:max:1969"}


async def test_words_that_repeat_the_wish_say_nothing_new(driven: Driven) -> None:
    wish = Preference(text="quiet", constraints=(COMEDY,))
    conversation = after_list(film_id("Heat"), wish=wish)

    drive = await driven("and gentle", {"do": "find", "want": ["comedy", "quiet", "gentle"]}, conversation=conversation)

    assert drive.batch.context.wanted == replace(wish, text="quiet, gentle")


async def test_a_new_wish_may_keep_a_value_of_the_old_one(driven: Driven) -> None:
    no_stars = Constraint("cast", Op.IS, ("Tom Hanks",))
    conversation = after_list(film_id("Heat"), wish=Preference(constraints=(COMEDY, no_stars)))

    answer = {"do": "instead", "want": ["comedy"]}

    drive = await driven("no, something zorb", answer, conversation=conversation)

    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy"}


async def test_a_refusal_takes_nothing_of_the_wish_back(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), wish=Preference(constraints=(COMEDY,)))
    answer = {"do": "instead", "no Tom Hanks": "no", "want": ["zorb"]}

    drive = await driven("no Tom Hanks, something zorb", answer, conversation=conversation)

    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "cast:not:Tom Hanks"}


async def test_the_oldest_without_a_limit_is_that_of_the_list(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), film_id("Vertigo"))

    drive = await driven("which came first?", {"do": "oldest"}, conversation=conversation)

    ending = drive.batch.context.ending
    assert (ending.kind, ending.item_ids) == ("comparison", (film_id("Heat"), film_id("Vertigo")))


async def test_more_of_the_same_shows_nothing_twice(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), film_id("Fargo"))

    drive = await driven("again", {"do": "more"}, conversation=conversation)

    wanted = drive.batch.context.wanted
    assert (wanted.passed_over, wanted.seen) == ((film_id("Heat"), film_id("Fargo")), ())


async def test_a_new_wish_takes_the_place_of_the_old_one(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), wish=Preference(text="quiet", constraints=(COMEDY,)))

    answer = {"do": "instead", "want": ["sorrowful"]}

    drive = await driven("rather something sorrowful", answer, conversation=conversation)

    wanted = drive.batch.context.wanted
    assert (wanted.text, wanted.constraints) == ("sorrowful", ())


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("something not so famous", {"do": "instead", "want": ["not so famous"]}),
        ("something not so famous", {"do": "instead", "not": ["famous"]}),
    ],
)
async def test_a_mood_alone_takes_no_place_of_a_wish(driven: Driven, message: str, answer: dict[str, object]) -> None:
    drive = await driven(
        message, answer, conversation=after_list(film_id("Heat"), wish=Preference(constraints=(COMEDY,)))
    )

    assert drive.batch.context.wanted.constraints == (COMEDY,)


async def test_a_mood_joins_the_one_before(driven: Driven) -> None:
    conversation = after_list(film_id("Heat"), wish=Preference(text="quiet"))

    drive = await driven("and gentle", {"do": "find", "want": ["gentle"]}, conversation=conversation)

    assert drive.batch.context.wanted.text == "quiet, gentle"


async def test_what_no_longer_holds_goes(driven: Driven, model: ScriptedChatModel) -> None:
    wish = Preference(constraints=(COMEDY, Constraint("year", Op.MIN, (1990.0,))))
    conversation = after_list(film_id("Fargo"), wish=wish)

    drive = await driven("any age", {"do": "find", "forget": ["2"]}, conversation=conversation)

    assert "wish: 1 genres is Comedy; 2 year >= 1990" in model.calls[0].question
    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy"}


async def test_a_wish_that_only_an_example_of_the_prompt_has_is_left_out(driven: Driven) -> None:
    answer = {"do": "find", "some comedies with": "yes", "with Tom Hanks": "yes", "want": ["sad", "clever"]}

    drive = await driven("some comedies with Tom Hanks, clever", answer)

    assert drive.batch.context.wanted.text == "clever"


async def test_a_limit_of_a_field_that_the_message_does_not_touch_stays(driven: Driven) -> None:
    wish = Preference(constraints=(COMEDY, Constraint("year", Op.MIN, (1990.0,))))
    conversation = after_list(film_id("Fargo"), wish=wish)

    answer = {"do": "find", "no Tom Hanks please": "no", "forget": ["2"]}

    drive = await driven("no Tom Hanks please", answer, conversation=conversation)

    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "year:min:1990", "cast:not:Tom Hanks"}


async def test_of_one_item_one_opinion_counts(driven: Driven) -> None:
    message = "seen Heat like ten times, a comedy please"
    answer = {"do": "find", "seen Heat like ten times": "like", "a comedy please": "yes"}

    drive = await driven(message, answer)

    wanted = drive.batch.context.wanted
    assert (wanted.liked, wanted.disliked, wanted.seen) == ((), (), (film_id("Heat"),))


async def test_a_title_of_two_items_is_asked_about(driven: Driven) -> None:
    drive = await driven("something like Sabrina", {"do": "find", "something like Sabrina": "like"})

    context = drive.batch.context
    assert context.ending.tool == "ask_user"
    assert context.ending.choices == ("Sabrina (1954)", "Sabrina (1995)")
    assert context.problems.ambiguous[0][0] == "Sabrina"


async def test_the_answer_to_which_one_takes_up_the_message_that_waited(driven: Driven) -> None:
    options = (film_id("Sabrina", 1954), film_id("Sabrina", 1995))
    question = Question("Sabrina", options, "something like Sabrina")
    answers = ({"which": "2"}, {"do": "find", "something like Sabrina (1995)": "like"})

    drive = await driven("the newer one", *answers, conversation=Conversation(question=question))

    assert drive.batch.context.patches[0].examples == (options[1],)
    assert drive.batch.context.ending.tool == "recommend"


async def test_the_answer_to_a_question_of_taste_is_a_leaning(driven: Driven, model: ScriptedChatModel) -> None:
    conversation = replace(Conversation(), open_inquiry="genres:Drama|Comedy")

    drive = await driven("the second, zorb", {"do": "find", "rather": "Comedy"}, conversation=conversation)

    assert "asked: rather Drama or Comedy?" in model.calls[0].question
    assert drive.batch.context.wanted.leanings == (Leaning("genres", "Comedy", "Drama"),)


def unread(*said: str) -> Conversation:
    """A history that a client sent and that nobody has read here."""
    turns = tuple(turn for text in said for turn in (Turn(Role.USER, text), Turn(Role.ASSISTANT, "...")))
    return Conversation(turns=turns, unread=True)


async def test_a_history_that_nobody_read_costs_one_call(driven: Driven, model: ScriptedChatModel) -> None:
    conversation = unread("a comedy please", "but without Tom Hanks", "after 1990")
    wish = {"do": "find", "a comedy please": "yes", "but without Tom Hanks": "no", "after 1990": "after"}

    drive = await driven("any others?", wish, {"do": "find"}, conversation=conversation)

    assert len(model.calls) == 2
    assert "wish: 1 genres is Comedy; 2 cast not Tom Hanks; 3 year >= 1991" in model.calls[1].question
    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "cast:not:Tom Hanks", "year:min:1991"}


async def test_a_history_in_another_language_is_read_as_a_whole(driven: Driven, model: ScriptedChatModel) -> None:
    conversation = unread("ich möchte bitte eine Komödie sehen", "aber lieber ohne Tom Hanks", "und erst nach 1990")
    history = {"do": "find", "aber lieber ohne Tom Hanks": "no", "und erst nach 1990": "after", "want": ["comedy"]}

    drive = await driven("haben Sie noch andere davon?", history, {"do": "find"}, conversation=conversation)

    assert len(model.calls) == 2
    assert limits(drive.batch.context.wanted) == {"genres:is:Comedy", "cast:not:Tom Hanks", "year:min:1991"}
    assert drive.batch.context.wanted.language == "de"


@pytest.mark.parametrize("broken", ["no JSON", "[]", '{"act": 1}', Status(500), Raw(b"<html>"), Raw(b"{}")])
async def test_a_broken_answer_is_asked_for_once_more(driven: Driven, broken: object) -> None:
    drive = await driven("a film", broken, {"do": "find"})

    assert [bool(run.error) for run in drive.runs] == [True, False]
    assert drive.batch.context.ending.tool == "recommend"


async def test_two_broken_answers_are_given_up(driven: Driven, model: ScriptedChatModel) -> None:
    with pytest.raises(ModelUnavailableError, match="the language model did not answer"):
        await driven("a film", "no JSON", "no JSON", {"do": "find"})

    assert len(model.calls) == 2


async def test_the_turns_deadline_ends_the_wait(driven: Driven) -> None:
    with pytest.raises(ModelUnavailableError):
        await driven("a film", Hang(), seconds=0.3)


async def test_prompts_begin_with_the_same_bytes(
    driven: Driven, driver: SchemaDriver, model: ScriptedChatModel
) -> None:
    await driver.warm()
    await driven("a comedy", {"do": "find", "a comedy": "yes"})
    await driven(
        "bonjour à tous, comment allez-vous ?", {"en": "hello, how are you?"}, {"do": "talk", "text": "Bien !"}
    )

    assert len({json.dumps(call.messages[:-1]) for call in model.calls}) == 1


async def test_no_word_of_the_user_is_logged(driven: Driven, caplog: pytest.LogCaptureFixture) -> None:
    await driven("something about zebrafish", "no JSON zebrafish", {"do": "find"})

    assert "zebrafish" not in caplog.text


async def test_an_echo_is_no_answer(driven: Driven) -> None:
    drive = await driven("Zorb zorb", {"do": "talk", "text": "zorb zorb"})

    assert "beyond me" in drive.batch.context.ending.text


def talked_of(title: str, **about: tuple[Constraint, ...]) -> Conversation:
    """After a reply that was about one film."""
    return Conversation().add(Turn(Role.ASSISTANT, "", about=film_id(title), **about))


async def test_it_is_what_the_last_reply_was_about(driven: Driven, model: ScriptedChatModel) -> None:
    answer = {"do": "facts", "it": "about", "field": "year"}

    drive = await driven("und von wann ist der eigentlich?", answer, conversation=talked_of("Vertigo"))

    assert '"it" = Vertigo (1958), spoken of last' in model.calls[0].question
    assert drive.batch.context.ending.item_ids == (film_id("Vertigo"),)


async def test_what_is_asked_of_the_counted_ones_leads_to_a_list_of_them(driven: Driven) -> None:
    by_scott = Constraint("directors", Op.IS, ("Ridley Scott",))
    counted = Conversation().add(Turn(Role.ASSISTANT, "", counted=(by_scott,)))

    drive = await driven("¿y la menos dramática de esas?", {"do": "talk", "text": "No sé"}, conversation=counted)

    assert drive.batch.context.wanted.constraints == (by_scott,)


async def test_a_question_about_items_that_code_read_costs_no_call(driven: Driven, model: ScriptedChatModel) -> None:
    shown = after_list(film_id("Heat"), film_id("Fargo"))

    drive = await driven("which of these is oldest? ive got to be up early", {"do": "compare"}, conversation=shown)

    assert (drive.batch.context.ending.kind, drive.batch.context.ending.fields) == ("comparison", ("year",))
    assert model.calls == []


def test_a_decision_that_does_not_fit_the_turn_leaves_every_other_one_open() -> None:
    form = Form((), acts=frozenset({"more"}))

    shapes = schema_of(form, film_catalog().schema)["anyOf"]

    assert {"find", "facts", "count", "talk"} <= {act for shape in shapes for act in shape["properties"]["do"]["enum"]}
