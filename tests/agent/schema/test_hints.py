"""What the offline parse is worth as a draft, in the words of an answer."""

import json

import pytest

from agent.conversation import Conversation
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.asking import asked_about
from retrieval.preference import Preference
from tests.agent.films import film_id
from tests.agent.schema.conftest import after_list


def draft(spotter: Spotter, message: str, conversation: Conversation | None = None) -> dict[str, object]:
    conversation = conversation or Conversation()
    view = View(conversation, message, spotter.catalog, conversation.preference)
    return json.loads(asked_about(view, spotter).draft)


def test_a_wish(spotter: Spotter) -> None:
    assert draft(spotter, "a comedy after 1990 but not with Tom Hanks") == {
        "do": "find",
        "a comedy after": "yes",
        "after 1990 but not with": "after",
        "but not with Tom Hanks": "no",
    }


def test_a_question(spotter: Spotter) -> None:
    assert draft(spotter, "who directed Fargo?") == {"do": "facts", "who directed Fargo": "about"}


def test_a_relation(spotter: Spotter) -> None:
    assert draft(spotter, "something by the director of Alien") == {
        "do": "related",
        "the director of Alien": "directors",
    }


def test_an_opinion(spotter: Spotter) -> None:
    drafted = draft(spotter, "the first one bored me", after_list(film_id("Heat"), wish=Preference()))

    assert drafted == {"do": "tell", "the first one bored me": "dislike"}


def test_a_wish_in_chinese(spotter: Spotter) -> None:
    assert draft(spotter, "想看喜剧，不要恐怖片") == {"do": "find", "想看喜剧": "yes", "不要恐怖片": "no"}


@pytest.mark.parametrize(
    ("message", "key", "role"),
    [
        ("a comedy of 1990", "of 1990", "in"),
        ("a comedy since 1990", "since 1990", "from"),
        ("a comedy before 1990", "before 1990", "before"),
        ("a comedy of the 1990s", "of the 1990s", "decade"),
    ],
)
def test_a_year(spotter: Spotter, message: str, key: str, role: str) -> None:
    assert draft(spotter, message)[key] == role
