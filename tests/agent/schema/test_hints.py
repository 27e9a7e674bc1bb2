"""What the offline parse is worth as a draft: offered in its languages only, and in the words of an answer."""

import json

import pytest

from agent.conversation import Conversation
from agent.drivers.base import View
from agent.drivers.offline import Spotter
from agent.drivers.schema.hints import Draft, parsed_for
from agent.drivers.schema.question import form_of
from retrieval.preference import Preference
from tests.agent.films import film_id
from tests.agent.schema.conftest import after_list


def draft(spotter: Spotter, message: str, conversation: Conversation | None = None) -> dict[str, object]:
    conversation = conversation or Conversation()
    view = View(conversation, message, spotter.catalog, conversation.preference)
    parsed = parsed_for(view, spotter)
    return json.loads(Draft(parsed, form_of(view, spotter), spotter.placer, view.shown).line()) if parsed else {}


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
    found = draft(spotter, "the first one bored me", after_list(film_id("Heat"), wish=Preference()))

    assert found == {"do": "tell", "the first one bored me": "dislike"}


@pytest.mark.parametrize(
    "message", ["Quanti film horror italiani avete?", "Wer hat bei Fargo Regie geführt?", "怖くない映画", "Fargo"]
)
def test_languages_that_the_rules_do_not_read_get_none(spotter: Spotter, message: str) -> None:
    assert draft(spotter, message) == {}
