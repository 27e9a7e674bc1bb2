"""The stop button, and what of a turn is there again after a reload; without a browser."""

import asyncio

from agent.events import Recommended, TextDelta, Understood
from tests.ui.conftest import drain, remember
from tests.ui.fakes import CATALOG, FakeAgent
from ui.page.actions import Actions
from ui.page.conversation import log_html
from ui.page.state import Session


def hang_after(agent: FakeAgent, kind: type) -> None:
    """Let the agent's turns wait forever after their first event of a kind."""
    plain = agent._turn

    async def turn(*arguments, **options):
        async for event in plain(*arguments, **options):
            yield event
            if isinstance(event, kind):
                await asyncio.Event().wait()

    agent._turn = turn


async def stop_after(actions: Actions, session: Session, changes, kind: type, agent: FakeAgent) -> None:
    """Follow a turn that hangs after an event of a kind, and stop it there."""
    plain = agent._turn
    hang_after(agent, kind)
    shown = {
        Understood: lambda turn: turn.intent is not None,
        Recommended: lambda turn: bool(turn.recommendations),
        TextDelta: lambda turn: bool(turn.text),
    }[kind]
    async for _ in changes:
        if shown(session.turns[-1]):
            await drain(actions.stop(session))
    agent._turn = plain


async def test_a_stopped_answer_keeps_its_cards_and_words_and_says_so(actions, agent, session):
    await stop_after(actions, session, actions.send(session, "a calm game"), TextDelta, agent)

    turn = session.turns[-1]
    assert turn.stopped
    assert turn.text == "Lantern Harbor (2014) and Nine Foxes (2019) would suit"
    assert len(turn.recommendations) == 3
    assert not session.running
    assert agent.cut_off == 1
    assert "You stopped this answer." in log_html(session, CATALOG)


async def test_the_next_message_after_a_stop_knows_what_was_shown(actions, agent, session):
    await stop_after(actions, session, actions.send(session, "after 2010"), TextDelta, agent)

    await drain(actions.send(session, "calm"))

    assert [turn.stopped for turn in session.conversation.turns] == [False, True, False, False]
    assert [chip.key for chip in session.turns[-1].intent.chips] == ["year:min:2011"]
    shown = {card.item.item_id for card in session.turns[0].recommendations}
    assert not shown & {card.item.item_id for card in session.turns[1].recommendations}


async def test_an_answer_stopped_before_its_cards_waits_for_nothing(actions, agent, session):
    await stop_after(actions, session, actions.send(session, "a calm game"), Understood, agent)

    html = log_html(session, CATALOG)
    assert "skeleton" not in html
    assert session.conversation.turns[-1].stopped
    assert session.conversation.last_shown() == ()


async def test_an_opinion_given_before_the_stop_is_kept(actions, agent, session):
    plain = agent._turn
    hang_after(agent, Recommended)
    async for _ in actions.send(session, "calm"):
        if session.turns[-1].recommendations and session.running:
            await drain(actions.feedback(session, "game:1", "dislike"))
            await drain(actions.stop(session))
    agent._turn = plain

    assert session.conversation.preference.disliked == ("game:1",)
    assert agent.conversations.stored[session.conversation.conversation_id] == session.conversation


async def test_a_list_that_was_not_made_anew_yet_is_the_old_one_again(actions, agent, session):
    await drain(actions.send(session, "after 2018"))
    before = session.turns[-1]

    await stop_after(actions, session, actions.rerank(session, novelty=0.9), Understood, agent)

    assert session.turns == [before]


async def test_stopping_where_nothing_runs_changes_nothing(actions, agent, session):
    await drain(actions.send(session, "calm"))
    before = session.turns[-1]

    await drain(actions.stop(session))

    assert session.turns == [before]
    assert "stop" not in [call[0] for call in agent.calls]


async def test_a_stopped_answer_is_still_marked_after_a_reload(actions, agent, session):
    await stop_after(actions, session, actions.send(session, "a calm game"), TextDelta, agent)
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert again.turns[0].stopped
    assert [card.item for card in again.turns[0].recommendations] == [
        card.item for card in session.turns[0].recommendations
    ]


async def test_the_reasons_of_every_turn_can_be_opened_after_a_reload(actions, agent, session):
    await drain(actions.send(session, "after 2010"))
    await drain(actions.send(session, "tense"))
    remember(agent, session)

    again = await Actions(lambda: agent).open(session.browser(), "en")

    assert [turn.recommendations for turn in again.turns] == [turn.recommendations for turn in session.turns]
    assert [turn.trace for turn in again.turns] == [turn.trace for turn in session.turns]
    html = log_html(again, CATALOG)
    assert html.count("Why this?") == log_html(session, CATALOG).count("Why this?") > 0
    assert html.count("How I found these") == 2
