"""'Neither', right after a question between two values, is no opinion on the items of the list."""

import pytest

from agent.conversation import Conversation, Role, Turn
from agent.understand import Understanding

SHOWN = ("film:0", "film:1", "film:2")


def after(question: str) -> Conversation:
    return Conversation(
        turns=(Turn(Role.ASSISTANT, "More drama or more comedy?", SHOWN),), asked=True, open_inquiry=question
    )


@pytest.mark.parametrize(
    "message", ["neither", "Neither, really.", "No preference there.", "I don't care", "这个无所谓。"]
)
async def test_choosing_neither_dislikes_nothing(by_rule: Understanding, message: str):
    found = await by_rule.understand(after("genres:Drama|Comedy"), message)

    assert found.intent.disliked == ()
    assert found.intent.preference.wishes == ()


async def test_what_is_said_beside_it_counts(by_rule: Understanding):
    found = await by_rule.understand(after("genres:Drama|Comedy"), "Heat: seen it, neither, really")

    assert found.intent.seen == ("film:0",)
    assert found.intent.disliked == ()


async def test_without_a_question_it_turns_the_list_down(by_rule: Understanding):
    found = await by_rule.understand(after(""), "neither")

    assert found.intent.disliked == SHOWN
