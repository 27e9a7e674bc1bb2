"""What the users of recorded dialogues want, know and ask."""

import pytest

from agent.conversation import Conversation, Role, Turn
from eval.hearing import Heard, Hearing
from tests.agent.films import film_catalog, film_id

HEARING = Hearing.of(film_catalog())


def heard(*messages: str, shown: tuple[str, ...] = ()) -> Heard:
    """The last of some messages, each but the last answered by a list."""
    before = Conversation()
    for message in messages[:-1]:
        before = HEARING.hear(before, message).conversation
        before = before.add(Turn(Role.ASSISTANT, "", tuple(map(film_id, shown))))
    return HEARING.hear(before, messages[-1])


def test_limits_add_up_over_messages():
    wish = heard("a comedy, please", "nothing older than 1990").conversation.preference

    assert {limit.key for limit in wish.constraints} == {"genres:is:Comedy", "year:min:1990"}


def test_what_somebody_saw_is_known():
    found = heard("I have seen Heat. More crime?")

    assert found.conversation.preference.seen == (film_id("Heat"),)
    assert found.named == {film_id("Heat")}


@pytest.mark.parametrize(("message", "asks"), [("Who directed Heat?", True), ("Something like Heat", False)])
def test_a_question_about_an_item_asks_for_none(message: str, asks: bool):
    assert heard(message).asks is asks


def test_places_of_the_last_list_name_its_items():
    assert heard("a film", "I have seen the second one", shown=("Heat", "Casino")).named == {film_id("Casino")}


def test_who_comes_along_is_no_limit_that_was_stated():
    assert heard("a film for the kids").conversation.preference.constraints == ()
