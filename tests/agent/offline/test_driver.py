"""A turn in the offline driver's hands, with the real tools."""

from dataclasses import replace

import pytest

from agent.conversation import Conversation, Question, Role, Turn
from agent.drivers.base import Deadline, View
from agent.drivers.offline import OfflineDriver
from agent.drivers.offline.driver import resolve
from retrieval.items import Catalog
from retrieval.preference import Constraint, Leaning, Op, Preference
from tests.agent.films import film_id

OLD, NEW = film_id("Sabrina", 1954), film_id("Sabrina", 1995)
WHICH = Question("Sabrina", (OLD, NEW), "something like Sabrina")
LISTED = Conversation(turns=(Turn(Role.USER, "crime"), Turn(Role.ASSISTANT, "Here.", ("film:0", "film:1"))), asked=True)


def keys(preference: Preference) -> list[str]:
    return sorted(limit.key for limit in preference.constraints)


async def test_a_wish_is_noted_and_ends_with_a_list(driven):
    context = await driven("a comedy after 1990, no horror")

    assert keys(context.wanted) == ["genres:is:Comedy", "genres:not:Horror", "year:min:1991"]
    assert context.ending.tool == "recommend"


async def test_a_question_is_looked_up_and_ends_with_facts(driven):
    context = await driven("who directed the second one?", LISTED)

    assert (context.ending.kind, context.ending.item_ids) == ("facts", ("film:1",))
    assert context.ending.fields[:1] == ("directors",)
    assert "film:1" in context.facts


async def test_it_is_what_the_last_question_was_about(driven):
    asked = LISTED.add(Turn(Role.USER, "who directed Titanic?")).add(Turn(Role.ASSISTANT, "James Cameron."))

    context = await driven("when was it made?", asked)

    assert context.ending.item_ids == (film_id("Titanic"),)


async def test_a_count_is_the_whole_count(driven):
    context = await driven("how many Hitchcock films do you have?")

    assert context.ending.kind == "count"
    assert [lookup.total for lookup in context.lookups] == [2]


async def test_a_connection_is_a_path(driven):
    context = await driven("how are Rear Window and Vertigo connected?")

    assert context.ending.kind == "connection"
    assert context.paths


async def test_an_unknown_title_is_known_to_be_unknown(driven):
    context = await driven("something like Interstellar, and who knows")

    assert context.problems.unknown == ["Interstellar"]
    assert context.ending.tool == "recommend"


async def test_what_nothing_stands_for_is_searched_for_as_it_stands(driven):
    context = await driven("想看一部暧昧的犯罪片")

    assert context.wanted.text == "暧昧"
    assert context.unread == ()
    assert keys(context.wanted) == ["genres:is:Crime"]
    assert context.ending.tool == "recommend"


@pytest.mark.parametrize("message", ["something like Sabrina", "who directed Sabrina?"])
async def test_a_title_of_two_items_is_asked_about(driven, message: str):
    context = await driven(message)

    assert context.ending.tool == "ask_user"
    assert set(context.ending.choices) == {"Sabrina (1954)", "Sabrina (1995)"}
    assert [set(options) for _, options in context.problems.ambiguous] == [{OLD, NEW}]


async def test_the_answer_to_which_was_meant_lets_the_waiting_message_be_read(driven):
    context = await driven("the newer one", Conversation(question=WHICH))

    assert context.wanted.examples == (NEW,)
    assert context.ending.tool == "recommend"


async def test_another_message_than_an_answer_is_read_for_itself(driven):
    context = await driven("a comedy", Conversation(question=WHICH))

    assert (context.wanted.examples, keys(context.wanted)) == ((), ["genres:is:Comedy"])


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("1954", "Sabrina (1954)"),
        ("Sabrina (1995)", "Sabrina (1995)"),
        ("the newer one", "Sabrina (1995)"),
        ("the original", "Sabrina (1954)"),
        ("the second", "Sabrina (1995)"),
        ("第二部", "Sabrina (1995)"),
        ("either", "Sabrina (1954)"),
        ("都行", "Sabrina (1954)"),
        ("a comedy", ""),
    ],
)
def test_which_item_was_meant(films: Catalog, answer: str, label: str):
    assert resolve(WHICH, answer, films) == (f"something like {label}" if label else "")


async def test_an_answer_between_two_values_takes_the_place_of_the_opposite_one(driven):
    before = Preference(leanings=(Leaning("genres", "Drama", "Comedy"),))

    context = await driven("comedy", Conversation(preference=before, open_inquiry="genres:Drama|Comedy"))

    assert context.wanted.leanings == (Leaning("genres", "Comedy", "Drama"),)
    assert context.ending.tool == "recommend"


async def test_a_history_that_is_only_known_by_its_messages_is_read(films: Catalog):
    turns = (
        Turn(Role.USER, "a comedy"),
        Turn(Role.ASSISTANT, "Here.", ("film:8", "film:9")),
        Turn(Role.USER, "but nothing before 1990. I loved the second one"),
    )
    view = View(Conversation(turns=turns, unread=True), "and no romance", films, Preference())

    wanted = await OfflineDriver(films).wish_of(view, Deadline.after(20))

    assert keys(wanted) == ["genres:is:Comedy", "year:min:1990"]
    assert wanted.liked == ("film:9",)


async def test_without_time_the_last_message_of_a_history_is_read(films: Catalog):
    turns = (Turn(Role.USER, "a comedy"), Turn(Role.ASSISTANT, "Here."), Turn(Role.USER, "nothing before 1990"))
    view = View(Conversation(turns=turns), "", films, Preference())

    wanted = await OfflineDriver(films).wish_of(view, Deadline.after(-1))

    assert keys(wanted) == ["year:min:1990"]


async def test_an_unread_history_counts_in_a_turn(driven):
    history = Conversation(turns=(Turn(Role.USER, "a comedy"), Turn(Role.ASSISTANT, "Here.")))

    context = await driven("and no romance", replace(history, unread=True))

    assert keys(context.wanted) == ["genres:is:Comedy", "genres:not:Romance"]


COUNTED = Turn(
    Role.ASSISTANT,
    "There are 2 films by Alfred Hitchcock.",
    counted=(Constraint("directors", Op.IS, ("Alfred Hitchcock",)),),
)


@pytest.mark.parametrize(
    ("message", "total"),
    [
        ("who directed the oldest of those?", 2),
        ("最早的是哪一部？", 2),
        ("how many of those are from before 1956?", 1),
    ],
)
async def test_a_question_goes_on_with_what_was_counted(driven, message: str, total: int):
    context = await driven(message, LISTED.add(Turn(Role.USER, "how many Hitchcock films?")).add(COUNTED))

    assert {*COUNTED.counted} <= {*context.lookups[-1].limits}
    assert context.lookups[-1].total == total


async def test_a_new_count_is_not_of_what_was_counted(driven):
    context = await driven("how many films do you have?", Conversation().add(COUNTED))

    assert context.lookups[-1].limits == ()


async def test_what_was_counted_is_forgotten_after_the_next_reply(driven):
    talk = Conversation().add(COUNTED).add(Turn(Role.USER, "thanks")).add(Turn(Role.ASSISTANT, "Any time."))

    context = await driven("what is the oldest film?", talk)

    assert context.lookups[-1].limits == ()
