import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agent.conversation import Conversation, Question
from agent.events import Event, Finished, Recommended
from agent.intent import Act, Intent
from agent.recommendation import Reply
from retrieval.errors import OverloadedError, StateError
from retrieval.preference import Constraint, Op, Preference
from retrieval.state import Taste
from tests.ui.conftest import drain, remember
from tests.ui.fakes import CATALOG, FakeAgent
from ui.page.actions import Actions
from ui.page.conversation import log_html
from ui.page.parts import Region
from ui.page.turns import carry_clicks


async def test_a_message_ends_in_cards_and_prose(actions, session):
    await drain(actions.send(session, "a calm game after 1995"))

    turn = session.turns[-1]
    assert [card.item.title for card in turn.recommendations] == ["Lantern Harbor", "Nine Foxes", "Salt Road"]
    assert turn.text.startswith("Lantern Harbor (2014) and Nine Foxes (2019)")
    assert not session.running
    assert session.draft == ""


async def test_the_cards_are_drawn_before_the_first_word_of_the_prose(actions, session):
    drawn = [
        (bool(session.turns[-1].recommendations), bool(session.turns[-1].text))
        async for _ in actions.send(session, "calm")
    ]

    assert (True, False) in drawn
    assert (False, True) not in drawn


async def test_the_first_message_makes_a_private_user(actions, agent, session):
    await drain(actions.send(session, "calm"))

    assert session.user is not None
    assert session.conversation.user_id == session.user.user_id
    assert session.browser()["users"] == [session.user.user_id]
    assert len(session.user.user_id) >= 20


async def test_an_empty_message_is_answered_with_a_hint_and_no_turn(actions, agent, session):
    await drain(actions.send(session, "  \n"))

    assert session.notice == "First type what you feel like, for example “something short for six people”."
    assert session.turns == []
    assert agent.calls == []


async def test_an_error_of_the_agent_is_shown_and_the_message_kept(actions, session):
    await drain(actions.send(session, "break early"))

    assert session.turns[-1].error == ("the language model stopped answering. Start it again, or go on without it.")
    assert session.draft == "break early"
    assert not session.running


async def test_a_failure_in_mid_sentence_keeps_the_cards_and_what_they_were(actions, session):
    await drain(actions.send(session, "break late"))

    assert session.turns[-1].error == "the language model stopped in mid-sentence."
    assert session.conversation.last_shown() == ("game:1", "game:2", "game:3")


async def test_a_bug_is_told_without_a_trace_and_logged_without_the_words(actions, session, caplog):
    with caplog.at_level(logging.ERROR):
        await drain(actions.send(session, "my secret bug"))

    assert session.turns[-1].error.startswith("Something went wrong on our side.")
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_second_message_waits_for_the_first(actions, agent, session):
    first = actions.send(session, "calm")
    await anext(first)

    await drain(actions.send(session, "tense"))

    assert session.notice.startswith("The last answer is still on its way")
    assert len(session.turns) == 1
    await drain(first)
    assert [call[1] for call in agent.calls] == ["calm"]


async def test_removing_a_chip_sorts_anew_in_place_without_the_model(actions, agent, session):
    await drain(actions.send(session, "after 2018"))
    key = session.turns[-1].intent.chips[0].key

    await drain(actions.rerank(session, remove=key))

    assert agent.calls[-1] == ("rerank", key, "None")
    assert len(session.turns) == 1
    assert session.turns[-1].intent.chips == ()
    assert session.turns[-1].message == "after 2018"


async def test_moving_the_dial_sorts_anew_and_is_kept(actions, agent, session):
    await drain(actions.send(session, "calm"))

    await drain(actions.dial(session, 0.9))

    assert agent.calls[-1] == ("rerank", "None", "0.9")
    assert agent.state.user(session.user.user_id).novelty == pytest.approx(0.9)


async def test_moving_the_dial_before_anything_was_said_only_notes_it(actions, agent, session):
    await drain(actions.dial(session, 7.0))

    assert session.novelty == 1.0
    assert agent.calls == []


async def test_the_dial_of_a_guest_goes_to_the_user_made_later(actions, agent, session):
    await drain(actions.dial(session, 0.8))

    await drain(actions.send(session, "calm"))

    assert agent.state.user(session.user.user_id).novelty == pytest.approx(0.8)


async def test_one_at_a_time_is_kept_and_holds_in_the_next_conversation(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "like"))

    await drain(actions.switch_one_at_a_time(session))
    await drain(actions.new_conversation(session))

    assert agent.state.user(session.user.user_id).one_at_a_time
    assert session.conversation.preference.count == 1


async def test_one_at_a_time_can_be_switched_off_again(actions, agent, session):
    await drain(actions.switch_one_at_a_time(session))

    await drain(actions.switch_one_at_a_time(session))
    await drain(actions.send(session, "calm"))

    assert not agent.state.user(session.user.user_id).one_at_a_time
    assert session.conversation.preference.count == 5


async def test_a_guest_who_wants_one_at_a_time_keeps_that_as_a_user(actions, agent, session):
    await drain(actions.switch_one_at_a_time(session))

    await drain(actions.send(session, "calm"))

    assert agent.state.user(session.user.user_id).one_at_a_time
    assert session.conversation.preference.count == 1


async def test_an_opinion_is_stored_and_shown(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "like"))

    assert session.feedback["game:2"][0] == "like"
    assert [opinion.item_id for opinion in agent.state.feedback_of(session.user.user_id)] == ["game:2"]
    assert session.conversation.preference.liked == ("game:2",)


async def test_an_opinion_can_be_taken_back(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "like"))

    await drain(actions.undo(session, "game:2"))

    assert session.feedback == {}
    assert agent.state.feedback_of(session.user.user_id) == []
    assert session.conversation.preference.liked == ()


async def test_another_opinion_replaces_the_first(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "like"))

    await drain(actions.feedback(session, "game:2", "dislike"))

    assert [str(opinion.kind) for opinion in agent.state.feedback_of(session.user.user_id)] == ["dislike"]
    assert session.conversation.preference.disliked == ("game:2",)


async def test_an_opinion_given_while_the_prose_is_written_holds_in_the_next_turn(actions, agent, session):
    running = actions.send(session, "calm")
    async for _ in running:
        if session.turns[-1].recommendations:
            break

    await drain(actions.feedback(session, "game:1", "dislike"))
    await drain(running)

    assert session.conversation.preference.disliked == ("game:1",)
    assert session.conversation.last_shown() == ("game:1", "game:2", "game:3")
    assert agent.conversations.stored[session.conversation.conversation_id] == session.conversation


def test_clicks_are_carried_over_and_untouched_items_stay():
    before = Conversation(preference=Preference(liked=("a", "b"), seen=("c",)))
    clicked = Conversation(preference=Preference(liked=("a",), disliked=("b",), seen=()))

    merged = carry_clicks(before, clicked, frozenset({"b"}))

    assert merged.preference == Preference(liked=("a",), disliked=("b",), seen=("c",))


async def test_taps_lead_to_a_first_list_without_the_model(actions, agent, session):
    await drain(actions.feedback(session, "game:2", "like"))

    await drain(actions.show_picks(session))

    assert agent.calls[-1][0] == "rerank"
    assert session.turns[-1].title == "From your picks"
    assert session.turns[-1].recommendations


async def test_users_of_other_browsers_are_not_offered(actions, agent, session):
    agent.state.create_user("Somebody else")

    mine = await actions.open(None, "en")

    assert mine.users == []


async def test_a_created_user_is_found_again_by_the_same_browser(actions, agent, session):
    await drain(actions.create(session, "  Ada \n Finch "))

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [user.name for user in again.users] == ["Ada Finch"]
    assert again.user == again.users[0]


async def test_a_person_of_the_data_is_continued_by_a_user_of_ones_own(actions, agent, session):
    other = await actions.open(None, "en")

    await drain(actions.pick(session, "data:demo:1"))
    await drain(actions.pick(other, "data:demo:1"))

    assert session.user.dataset_user == other.user.dataset_user == "demo:1"
    assert session.user.user_id != other.user.user_id


@pytest.mark.parametrize("choice", ["own:0", "own:9", "own:-1", "data:nobody", "", "own:²", "x"])
async def test_a_choice_that_is_not_offered_changes_nothing(actions, session, choice):
    await drain(actions.pick(session, choice))

    assert session.user is None


@pytest.mark.parametrize(
    "kept", [None, [], "x", {"users": 3}, {"users": ["gone"], "current": "gone", "conversation": "gone"}]
)
async def test_a_browser_that_keeps_nonsense_begins_anew(actions, kept):
    session = await actions.open(kept, "en")

    assert session.user is None
    assert session.turns == []


async def test_the_conversation_is_still_there_after_a_reload(actions, agent, session):
    await drain(actions.send(session, "calm"))
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [turn.message for turn in again.turns] == ["calm"]
    assert [card.item.item_id for card in again.turns[0].recommendations] == ["game:1", "game:2", "game:3"]


async def test_an_earlier_conversation_can_be_reopened(actions, agent, session):
    await drain(actions.send(session, "calm"))
    remember(agent, session)
    first = session.conversation.conversation_id
    await drain(actions.new_conversation(session))

    await drain(actions.reopen(session, first))

    assert session.conversation.conversation_id == first
    assert session.turns[0].message == "calm"


async def test_what_was_understood_can_still_be_removed_after_a_reload(actions, agent, session):
    await drain(actions.send(session, "after 2018"))
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [chip.key for chip in again.turns[-1].intent.chips] == ["year:min:2019", "text"]


async def test_a_list_made_anew_by_a_click_is_reopened_in_its_place(actions, agent, session):
    await drain(actions.send(session, "after 2018"))
    await drain(actions.rerank(session, remove=session.turns[-1].intent.chips[0].key))
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [turn.message for turn in again.turns] == ["after 2018"]
    assert [card.item for card in again.turns[0].recommendations] == [
        card.item for card in session.turns[0].recommendations
    ]


async def test_a_conversation_of_somebody_else_cannot_be_opened(actions, agent, session):
    await drain(actions.send(session, "calm"))
    remember(agent, session)
    other = await actions.open(None, "en")

    await drain(actions.reopen(other, session.conversation.conversation_id))

    assert other.turns == []


async def test_a_lasting_taste_is_shown_and_can_be_dropped(actions, agent, session):
    await drain(actions.create(session, "Ada"))
    limit = Constraint("moods", Op.NOT, ("tense",), words="I can't stand tension", lasting=True)
    agent.state.keep_taste(session.user.user_id, Taste(limit.words, constraint=limit))
    preference = replace(session.conversation.preference, constraints=(limit,))
    session.talk.conversation = replace(session.conversation, preference=preference)

    await drain(actions.drop_taste(session, limit.key))

    assert session.tastes == ()
    assert agent.state.tastes_of(session.user.user_id) == []
    assert session.conversation.preference.constraints == ()


async def test_the_export_goes_to_the_browser_and_nothing_of_it_stays(actions, session):
    await drain(actions.create(session, "Ada"))
    seen = [(part, json.loads(session.download)) async for part in actions.export(session)]

    assert Region.DOWNLOAD in seen[0][0]
    assert session.notice == "Your data was saved to a file on this device."
    assert "Ada" in json.dumps(seen[0][1])
    assert session.download == ""


async def test_nothing_is_erased_before_the_question_was_answered(actions, agent, session):
    await drain(actions.create(session, "Ada"))
    user_id = session.user.user_id

    await drain(actions.erase(session))
    assert agent.state.user(user_id).name == "Ada"

    await drain(actions.ask_erase(session, ask=True))
    await drain(actions.erase(session))

    assert session.user is None
    assert session.browser() == {"users": [], "current": None, "conversation": None}
    assert [user.user_id for user in agent.state.list_users(10)] == []
    assert session.notice == "Everything about Ada was erased."


async def test_two_sessions_at_once_never_mix(actions, agent):
    agent.delay_s = 0.01
    one, two = await actions.open(None, "en"), await actions.open(None, "zh")

    await asyncio.gather(drain(actions.send(one, "after 2018")), drain(actions.send(two, "适合两个人")))

    assert [turn.message for turn in one.turns] == ["after 2018"]
    assert [turn.message for turn in two.turns] == ["适合两个人"]
    assert one.user.user_id != two.user.user_id
    assert one.conversation.preference.language == "en"
    assert two.conversation.preference.language == "zh"


async def test_near_misses_alone_are_shown_under_their_label(actions, session):
    await drain(actions.send(session, "nothing"))

    html = log_html(session, CATALOG)
    assert "No game keeps all limits; these come close." in html
    assert '<section class="near"' in html


async def test_small_talk_shows_no_waiting_cards(actions, session):
    async for _ in actions.send(session, "hello"):
        assert "skeleton" not in log_html(session, CATALOG)

    assert session.turns[-1].text == "Hello! What would you like to play?"


async def test_a_last_event_without_cards_before_it_still_shows_them(actions, agent, session):
    async def stream(conversation, message):
        cards = [event async for event in FakeAgent.rerank(agent, conversation) if isinstance(event, Recommended)]
        yield Finished(Reply("Done.", conversation, Intent(Act.RECOMMEND, Preference()), cards[0].recommendations))

    agent.stream = stream

    await drain(actions.send(session, "calm"))

    assert len(session.turns[-1].recommendations) == 3


async def test_an_answer_without_a_list_stays_where_it_is_when_the_dial_moves(actions, agent, session):
    await drain(actions.send(session, "calm"))
    await drain(actions.send(session, "hello"))

    await drain(actions.dial(session, 0.9))
    remember(agent, session)
    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [turn.text[:6] for turn in session.turns] == ["Lanter", "Hello!", "The La"]
    assert [turn.message for turn in again.turns] == ["calm", "hello", ""]


async def test_a_question_is_answered_by_clicking_one_of_its_choices(actions, agent, session):
    await drain(actions.send(session, "which one"))
    offered = re.findall(r'data-do="wish" data-text="([^"]+)"', log_html(session, CATALOG))

    await drain(actions.send(session, offered[1]))

    assert offered == ["Calm ones", "Tense ones"]
    assert agent.calls[-1] == ("stream", "Tense ones")
    assert "data-text" not in log_html(session, CATALOG)


async def test_which_title_was_meant_can_still_be_clicked_after_a_reload(actions, agent, session):
    await drain(actions.send(session, "which one"))
    asked = Question("one", ("game:1", "game:2"), "which one")
    session.talk.conversation = replace(session.conversation, question=asked)
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert 'data-text="Nine Foxes (2019)"' in log_html(again, CATALOG)


async def test_moving_the_dial_after_an_answer_that_lists_items_in_words_makes_no_list(actions, agent, session):
    await drain(actions.send(session, "hello"))
    answered = replace(session.conversation.turns[-1], listed=("game:1", "game:2"))
    turns = (*session.conversation.turns[:-1], answered)
    session.talk.conversation = replace(session.conversation, turns=turns)

    await drain(actions.dial(session, 0.9))

    assert [call[0] for call in agent.calls] == ["stream"]


async def test_looking_things_up_is_said_before_the_message_is_understood(actions, session):
    statuses = []
    async for _ in actions.send(session, "calm"):
        if session.talk.status not in statuses:
            statuses.append(session.talk.status)

    assert statuses == ["reading", "searching", "writing", ""]


async def test_what_was_understood_stands_beside_lists_and_not_beside_answers(actions, session):
    await drain(actions.send(session, "after 2018"))
    await drain(actions.send(session, "hello"))

    assert log_html(session, CATALOG).count("I understood") == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OverloadedError(running=16, waiting=32, retry_after_s=7), "7 秒"),
        (StateError("the state cannot be read: database is locked"), "稍后再试"),
    ],
)
async def test_what_stands_in_the_way_is_told_in_the_language_of_the_page(actions, agent, monkeypatch, error, says):
    async def refuse(*_: object, **__: object) -> AsyncIterator[Event]:
        raise error
        yield

    session = await actions.open(None, "zh")
    monkeypatch.setattr(agent, "stream", refuse)

    await drain(actions.send(session, "something calm"))

    assert says in session.turns[-1].error
    assert "expected" not in session.turns[-1].error


async def test_a_new_wish_can_be_had_without_the_earlier_ones(actions, session):
    await drain(actions.send(session, "after 2000"))
    assert 'data-do="only"' not in log_html(session, actions.catalog)
    await drain(actions.send(session, "after 2010"))
    assert log_html(session, actions.catalog).count('data-do="only"') == 1

    await drain(actions.only_newest(session))

    assert [turn.message for turn in session.turns] == ["after 2000", "after 2010", "after 2010"]
    assert [chip.label for chip in session.turns[-1].intent.chips] == ["after 2010"]
    assert 'data-do="only"' not in log_html(session, actions.catalog)


async def test_a_click_for_others_keeps_the_whole_wish_without_a_question(actions, session):
    await drain(actions.send(session, "after 2000"))
    await drain(actions.others(session))

    assert 'data-do="only"' not in log_html(session, actions.catalog)
