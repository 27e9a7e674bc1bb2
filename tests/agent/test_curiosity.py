"""How sure we are is said, guesses are marked, and one question is asked where it teaches most."""

import asyncio
from itertools import pairwise

import pytest

from agent.agent import Agent
from agent.wording.answers import knowing
from retrieval.state import FeedbackKind
from tests.agent.conftest import visitor

ASKED = "sounds better: "


async def test_a_stranger_is_told_that_we_are_guessing(agent: Agent):
    reply = await agent.reply(visitor(agent), "Recommend me something good")

    assert reply.knowing == "I'm still guessing about you: whatever you like or turn down here teaches me."


@pytest.mark.parametrize(("width", "start"), [(1.0, "I'm still guessing"), (0.6, "I'm getting to know"), (0.3, "")])
def test_how_sure_we_are_follows_the_width(width: float, start: str):
    assert knowing(width, "en").startswith(start)
    assert bool(knowing(width, "zh")) == bool(start)


async def test_a_question_is_never_asked_twice_in_a_row_and_never_the_same_again(agent: Agent):
    conversation = visitor(agent)
    asked: list[bool] = []

    for _ in range(5):
        reply = await agent.reply(conversation, "Recommend me something good")
        conversation = reply.conversation
        asked.append(ASKED in reply.text)

    assert asked[0]
    assert not any(one and two for one, two in pairwise(asked))
    assert len(set(conversation.inquired)) == len(conversation.inquired) == sum(asked)


async def test_nobody_is_asked_about_spans_of_numbers(agent: Agent):
    conversation = visitor(agent)

    for _ in range(6):
        conversation = (await agent.reply(conversation, "Recommend me something good")).conversation

    assert conversation.inquired
    assert not any(key.startswith("year:") for key in conversation.inquired)


async def test_somebody_in_a_hurry_is_not_asked_and_gets_no_guess(agent: Agent):
    reply = await agent.reply(visitor(agent), "just one film, quickly")

    assert ASKED not in reply.text
    assert not any(card.exploratory for card in reply.recommendations)


async def test_exposures_keep_what_other_policies_would_have_done(agent: Agent):
    conversation = visitor(agent)
    user_id = str(conversation.user_id)
    agent.state.set_novelty(user_id, 1.0)

    reply = await agent.reply(conversation, "Recommend me something good")

    guesses = [exposure.shown for exposure in agent.state.exposures_of(user_id) if exposure.shown.exploratory]
    assert guesses
    assert len(guesses) <= len(reply.recommendations) / 2
    for exposure in guesses:
        assert {"width", "pool", "expected", "p:uniform-guesses", "v:uniform-guesses"} <= set(exposure.context)
        assert exposure.context[f"p:{exposure.policy}"] == pytest.approx(exposure.propensity)


async def test_a_guess_turned_down_never_comes_back(agent: Agent):
    conversation = visitor(agent)
    agent.state.set_novelty(str(conversation.user_id), 1.0)
    refused: set[str] = set()

    for _ in range(6):
        reply = await agent.reply(conversation, "Recommend me something good")
        conversation = reply.conversation
        shown = {card.item.item_id for card in reply.recommendations if card.exploratory}
        assert not shown & refused
        for item_id in shown:
            conversation, _ = await agent.feedback(conversation, item_id, FeedbackKind.DISLIKE)
        refused |= shown


async def test_the_same_conversation_from_two_tabs_logs_both_lists(agent: Agent):
    conversation = visitor(agent)

    replies_ = await asyncio.gather(*(agent.reply(conversation, "Recommend me something good") for _ in range(2)))

    logged = agent.state.exposures_of(str(conversation.user_id))
    assert len(logged) == sum(len(reply.recommendations) + len(reply.near_misses) for reply in replies_)
    assert all(0 < exposure.shown.propensity <= 1 for exposure in logged)


async def test_contradictory_answers_and_a_dislike_of_everything_still_get_a_list(agent: Agent):
    conversation = visitor(agent)
    user_id = str(conversation.user_id)
    ids = [item.item_id for item in agent.catalog]
    for item_id in ids[: len(ids) // 2]:
        agent.state.add_feedback(user_id, item_id, FeedbackKind.LIKE)
        agent.state.add_feedback(user_id, item_id, FeedbackKind.DISLIKE)

    reply = await agent.reply(conversation, "Recommend me something good")

    shown = {card.item.item_id for card in reply.recommendations}
    assert shown
    assert not shown & set(ids[: len(ids) // 2])
