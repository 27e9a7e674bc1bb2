"""Nothing is lost: turns go on without a page, pages share a conversation, messages are kept when they are sent."""

import asyncio

from agent.conversation import Role
from tests.ui.conftest import drain
from tests.ui.fakes import CATALOG, FakeAgent
from ui.page.actions import Actions
from ui.page.conversation import log_html, log_parts
from ui.page.state import Session


async def leave(actions: Actions, session: Session, message: str) -> None:
    """Send a message and close the page before it is answered."""
    running = actions.send(session, message)
    for _ in range(2):
        await anext(running)
    await running.aclose()


async def test_an_answer_goes_on_when_its_page_is_closed(actions, agent, session):
    agent.delay_s = 0.01
    await leave(actions, session, "calm")

    again = await actions.open(session.browser(), "en")
    await drain(actions.follow(again))

    assert [turn.message for turn in again.turns] == ["calm"]
    assert again.turns[0].text.startswith("Lantern Harbor (2014)")
    assert not again.running
    assert agent.cut_off == 0


async def test_a_message_is_kept_before_it_is_answered(actions, agent, session):
    await leave(actions, session, "calm")

    (kept,) = agent.conversations.stored.values()
    assert [(turn.role, turn.text) for turn in kept.turns] == [(Role.USER, "calm")]
    assert [row.title for row in agent.state.conversations_of(session.user.user_id)] == ["calm"]


async def test_a_message_that_a_stopped_server_left_unanswered_can_be_answered(actions, agent, session):
    await leave(actions, session, "calm")
    restarted = Actions(lambda: agent)
    again = await restarted.open(session.browser(), "en")
    assert "The server stopped before it could answer this" in log_html(again, CATALOG)

    await drain(restarted.again(again))

    assert [turn.message for turn in again.turns] == ["calm"]
    assert [turn.role for turn in again.conversation.turns] == [Role.USER, Role.ASSISTANT]
    assert "The server stopped" not in log_html(again, CATALOG)


async def test_a_message_sent_again_under_its_key_is_answered_once(actions, agent, session):
    await drain(actions.send(session, "calm", "k1"))

    await drain(actions.send(session, "calm", "k1"))

    assert session.received == "k1"
    assert [call[1] for call in agent.calls if call[0] == "stream"] == ["calm"]


async def test_two_pages_of_one_conversation_follow_each_other(actions, agent, session):
    await drain(actions.send(session, "calm"))
    other = await actions.open(session.browser(), "en")

    await drain(actions.send(session, "tense"))
    await drain(actions.sync(other, str(other.drawn.number)))
    await drain(actions.send(other, "after 2000"))

    assert [turn.message for turn in session.turns] == ["calm", "tense", "after 2000"]
    assert session.talk is other.talk


async def test_only_what_changed_is_drawn_again(actions, session):
    for _ in range(4):
        await drain(actions.send(session, "calm"))
    session.drawn.patch(log_parts(session, CATALOG))

    await drain(actions.feedback(session, "game:2", "like"))
    patch = session.drawn.patch(log_parts(session, CATALOG))

    assert len(patch["parts"]) == 1
    assert len(str(patch)) < 5000
    assert session.drawn.patch(log_parts(session, CATALOG)) is None


async def test_a_turn_is_as_large_late_as_it_is_early(actions, agent, session):
    sizes = []
    for _ in range(12):
        size = 0
        async for _part in actions.send(session, "hello"):
            size += len(str(session.drawn.patch(log_parts(session, CATALOG)) or ""))
        sizes.append(size)

    assert sizes[-1] < 1.2 * sizes[1] + 12 * len("t0123450")


async def test_the_order_of_the_turns_travels_only_when_it_changes(actions, session):
    await drain(actions.send(session, "calm"))
    assert "top" in session.drawn.patch(log_parts(session, CATALOG))

    await drain(actions.feedback(session, "game:1", "like"))

    assert "top" not in session.drawn.patch(log_parts(session, CATALOG))


async def test_a_page_that_missed_a_patch_gets_everything(actions, session):
    await drain(actions.send(session, "calm"))
    session.drawn.patch(log_parts(session, CATALOG))

    await drain(actions.sync(session, "-1"))

    patch = session.drawn.patch(log_parts(session, CATALOG))
    assert patch["all"]
    assert set(patch["top"]) <= set(patch["parts"])


async def test_an_erased_user_s_running_turn_leaves_nothing(actions, agent: FakeAgent, session):
    agent.delay_s = 0.05
    await leave(actions, session, "calm")
    await agent.erase(session.user.user_id)

    again = await actions.open(session.browser(), "en")
    await asyncio.sleep(0)

    assert again.turns == []


async def test_others_are_a_click_away_and_said_in_words(actions, agent, session):
    await drain(actions.send(session, "calm"))
    first = session.conversation.last_shown()

    await drain(actions.others(session))

    assert [turn.message for turn in session.turns] == ["calm", "Show me others"]
    assert not {card.item.item_id for card in session.turns[-1].recommendations} & set(first)
    assert session.conversation.preference.passed_over == first
    assert [call[0] for call in agent.calls] == ["stream", "rerank"]


async def test_more_like_an_item_is_a_click_away(actions, agent, session):
    await drain(actions.send(session, "after 1995"))

    await drain(actions.more_like(session, "game:2"))

    wanted = session.conversation.preference
    assert session.turns[-1].message == "More like Nine Foxes"
    assert wanted.examples == ("game:2",)
    assert [limit.key for limit in wanted.constraints] == ["year:min:1996"]
    assert agent.calls[-1][0] == "rerank"


async def test_a_conversation_begins_in_the_language_of_its_page(actions, session):
    german = await actions.open({}, "de")

    assert german.conversation.preference.language == "de"
    assert session.conversation.preference.language == "en"
