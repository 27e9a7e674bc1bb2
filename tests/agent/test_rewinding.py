"""Going back in a conversation: what is taken back, what stays, and that no line of a log is lost."""

from dataclasses import replace

import pytest

from agent.agent import Agent
from agent.conversation import Conversation, Role, Turn
from retrieval.preference import Op
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id


def said(conversation: Conversation) -> list[str]:
    return [turn.text for turn in conversation.turns if turn.role is Role.USER]


def limits(conversation: Conversation) -> list[tuple[str, Op, tuple]]:
    return [(constraint.field, constraint.op, constraint.values) for constraint in conversation.preference.constraints]


async def test_the_wish_and_the_history_are_those_before_the_message(agent: Agent):
    first = (await agent.reply(visitor(agent), "a comedy")).conversation
    second = (await agent.reply(first, "before 1990")).conversation
    assert len(limits(second)) > len(limits(first))

    back = await agent.rewind(second, 2, language="en")

    assert back.turns == first.turns
    assert back.preference == first.preference
    assert (back.asked, back.told, dict(back.origins)) == (first.asked, first.told, dict(first.origins))
    assert not back.unread


async def test_another_message_is_answered_as_if_the_first_had_never_been(agent: Agent):
    plain = (await agent.reply(visitor(agent, "Bo"), "a comedy")).conversation
    first = (await agent.reply(visitor(agent), "a crime story before 1960")).conversation

    back = await agent.rewind(first, 0, language="en")
    again = (await agent.reply(back, "a comedy")).conversation

    assert said(again) == ["a comedy"]
    assert replace(again.preference, language="en") == replace(plain.preference, language="en")


async def test_what_was_shown_before_stays_in_the_log_under_its_own_number(agent: Agent):
    first = (await agent.reply(visitor(agent), "a crime story")).conversation
    second = (await agent.reply(first, "a comedy")).conversation

    back = await agent.rewind(second, 2, language="en")
    again = (await agent.reply(back, "a drama")).conversation

    logged = agent.state.exposures_of(first.user_id)
    assert [exposure.shown.item_id for exposure in logged if exposure.turn_index == 2] == list(second.turns[3].shown)
    assert [exposure.shown.item_id for exposure in logged if exposure.turn_index == 4] == list(again.turns[3].shown)
    kept = await agent.shown(again)
    assert sorted(kept) == [1, 3, 5]
    assert [card.item_id for card in kept[3].cards] == list(second.turns[3].shown)
    assert [again.number_of(place) for place in range(4)] == [0, 1, 4, 5]


async def test_going_back_twice_gives_no_number_again(agent: Agent):
    conversation = (await agent.reply(visitor(agent), "a crime story")).conversation
    for _ in range(2):
        back = await agent.rewind(conversation, 0, language="en")
        conversation = (await agent.reply(back, "a crime story")).conversation

    assert [conversation.number_of(place) for place in range(2)] == [4, 5]
    assert sorted(await agent.shown(conversation)) == [1, 3, 5]
    assert {exposure.turn_index for exposure in agent.state.exposures_of(conversation.user_id)} == {0, 2, 4}


async def test_opinions_that_a_message_said_go_and_those_that_were_clicked_stay(agent: Agent):
    first = (await agent.reply(visitor(agent), "a drama")).conversation
    clicked_before = first.turns[1].shown[0]
    first, _ = await agent.feedback(first, clicked_before, FeedbackKind.LIKE)
    second = (await agent.reply(first, "I loved Heat")).conversation
    clicked_after = next(
        item.item_id for item in agent.catalog if item.item_id not in (clicked_before, film_id("Heat"))
    )
    second, _ = await agent.feedback(second, clicked_after, FeedbackKind.DISLIKE)
    assert film_id("Heat") in second.preference.liked

    back = await agent.rewind(second, 2, language="en")

    assert (back.preference.liked, back.preference.disliked) == ((clicked_before,), (clicked_after,))
    held = {opinion.item_id: str(opinion.kind) for opinion in agent.state.feedback_of(first.user_id)}
    assert held == {clicked_before: "like", clicked_after: "dislike"}


async def test_a_click_that_was_taken_back_does_not_return(agent: Agent):
    conversation = (await agent.reply(visitor(agent), "a drama")).conversation
    clicked, given = await agent.feedback(conversation, conversation.turns[1].shown[0], FeedbackKind.LIKE)
    second = (await agent.reply(clicked, "a comedy")).conversation
    second = await agent.undo(second, given)

    back = await agent.rewind(second, 2, language="en")

    assert back.preference.liked == ()


async def test_a_lasting_limit_goes_with_the_message_that_set_it_unless_it_held_before(agent: Agent):
    first = (await agent.reply(visitor(agent), "I can't stand gore")).conversation
    user_id = first.user_id
    assert len(agent.state.tastes_of(user_id)) == 1
    other = replace(visitor(agent), user_id=user_id)
    repeated = (await agent.reply(other, "I can't stand gore")).conversation

    await agent.rewind(repeated, 0, language="en")
    assert len(agent.state.tastes_of(user_id)) == 1

    back = await agent.rewind(first, 0, language="en")
    assert agent.state.tastes_of(user_id) == []
    assert back.preference.constraints == ()


async def test_a_lasting_limit_whose_chip_was_taken_away_does_not_return(agent: Agent):
    first = (await agent.reply(visitor(agent), "I can't stand gore")).conversation
    second = (await agent.reply(first, "a comedy")).conversation
    (taste,) = agent.state.tastes_of(first.user_id)
    agent.state.drop_taste(first.user_id, taste.key)

    back = await agent.rewind(second, 2, language="en")

    assert taste.key not in {wish.key for wish in (*back.preference.constraints, *back.preference.wishes)}


async def test_a_conversation_is_called_by_what_is_said_in_place_of_its_first_message(agent: Agent):
    first = (await agent.reply(visitor(agent), "a crme story")).conversation
    back = await agent.rewind(first, 0, language="en")
    again = (await agent.reply(back, "a crime story")).conversation
    assert [row.title for row in agent.state.conversations_of(first.user_id)] == ["a crime story"]

    agent.state.rename_conversation(first.user_id, first.conversation_id, "Mine")
    await agent.reply(await agent.rewind(again, 0, language="en"), "a comedy")

    assert [row.title for row in agent.state.conversations_of(first.user_id)] == ["Mine"]


async def test_the_dial_stays_where_it_is(agent: Agent):
    first = (await agent.reply(visitor(agent), "a crime story")).conversation
    turned = replace(first, preference=replace(first.preference, novelty=0.9))

    assert (await agent.rewind(turned, 0, language="fr")).preference.novelty == 0.9
    assert (await agent.rewind(turned, 0, language="fr")).preference.language == "fr"


async def test_messages_before_one_that_an_older_version_kept_are_read_anew(agent: Agent):
    user_id = agent.state.create_user("Ann").user_id
    turns = (
        Turn(Role.USER, "a comedy"),
        Turn(Role.ASSISTANT, "..."),
        Turn(Role.USER, "newer"),
        Turn(Role.ASSISTANT, "."),
    )
    old = Conversation(user_id=user_id, turns=turns)

    back = await agent.rewind(old, 2, language="en")

    assert back.unread
    assert back.turns == turns[:2]


@pytest.mark.parametrize("place", [0, 2])
async def test_a_restart_finds_the_numbers_again(make_agent: MakeAgent, place: int):
    before = await make_agent(driver="auto")
    first = (await before.reply(visitor(before), "a crime story")).conversation
    second = (await before.reply(first, "a comedy")).conversation
    again = (await before.reply(await before.rewind(second, place, language="en"), "a drama")).conversation
    await before.aclose()

    after = await make_agent(driver="auto")
    loaded = await after.conversations.load(again.conversation_id)

    assert loaded == again
    assert sorted(await after.shown(loaded)) == [1, 3, 5]
    assert loaded.place_of(loaded.number_of(place)) == place
