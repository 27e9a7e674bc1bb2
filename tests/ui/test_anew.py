"""A message said anew, an answer made anew: what the page shows then, and what is refused."""

import pytest

from agent.conversation import Role
from tests.ui.conftest import drain, remember
from tests.ui.fakes import FakeAgent
from ui.page.actions import Actions
from ui.page.anew import Anew
from ui.page.conversation import log_html
from ui.page.parts import Region
from ui.page.state import Session
from ui.page.ways import name_of


@pytest.fixture
def anew(actions: Actions) -> Anew:
    return Anew(actions)


async def talk(actions: Actions, session: Session, *messages: str) -> None:
    for message in messages:
        await drain(actions.send(session, message))


def name(session: Session, at: int) -> str:
    return name_of(at, session.turns[at])


def said(session: Session) -> list[str]:
    return [turn.text for turn in session.conversation.turns if turn.role is Role.USER]


async def test_a_message_in_the_middle_is_said_anew_and_what_came_after_goes(actions, anew, session):
    await talk(actions, session, "calm", "after 2000", "tense")

    await drain(anew.send(session, name(session, 1), "after 2015", "key"))

    assert [turn.message for turn in session.turns] == ["calm", "after 2015"]
    assert said(session) == ["calm", "after 2015"]
    assert [constraint.words for constraint in session.conversation.preference.constraints] == ["after 2015"]
    assert session.turns[1].recommendations
    assert not session.running


async def test_what_is_said_anew_is_what_a_reload_finds(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm", "after 2000")
    await drain(anew.send(session, name(session, 1), "after 2015", "key"))
    remember(agent, session)

    again = await actions.open(session.browser(), "en")

    assert [turn.message for turn in again.turns] == ["calm", "after 2015"]
    assert [turn.number for turn in again.turns] == [turn.number for turn in session.turns] == [0, 4]
    assert [[card.item.item_id for card in turn.recommendations] for turn in again.turns] == [
        [card.item.item_id for card in turn.recommendations] for turn in session.turns
    ]


async def test_a_click_after_the_message_stays(actions, anew, session):
    await talk(actions, session, "calm", "after 2000")
    await drain(actions.feedback(session, "game:9", "like"))

    await drain(anew.send(session, name(session, 1), "after 2015", "key"))

    assert session.conversation.preference.liked == ("game:9",)
    assert session.feedback["game:9"][0] == "like"


async def test_the_last_answer_is_made_anew(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm", "tense")

    await drain(anew.regenerate(session))

    assert [turn.message for turn in session.turns] == ["calm", "tense"]
    assert said(session) == ["calm", "tense"]
    assert [call for call in agent.calls if call[0] != "stop"][-2:] == [("rewind", "2"), ("stream", "tense")]
    assert session.turns[1].number == 4


async def test_a_failed_answer_can_be_made_anew(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm", "break early")
    assert session.turns[1].error

    await drain(anew.regenerate(session))

    assert [turn.message for turn in session.turns] == ["calm", "break early"]
    assert said(session) == ["calm"]
    assert [call for call in agent.calls if call[0] == "stream"][-1] == ("stream", "break early")


async def test_a_list_that_a_click_brought_is_not_answered_anew(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm")
    await drain(actions.others(session))

    await drain(anew.regenerate(session))

    assert agent.calls[-1][0] == "rerank"
    assert "Another answer" not in log_html(session, agent.catalog)


async def test_a_message_that_is_not_there_any_more_is_refused_and_says_so(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm", "after 2000")
    old = name(session, 1)
    await drain(anew.send(session, old, "after 2015", "key"))

    for gone in (old, "7:0", "", "x", "-1:-1"):
        parts = await drain(anew.send(session, gone, "after 1990", "another"))
        assert Region.REFUSED in parts[-1]

    assert session.draft == "after 1990"
    assert session.notice == "That message is no longer there. The conversation has changed in the meantime."
    assert [turn.message for turn in session.turns] == ["calm", "after 2015"]


async def test_the_same_message_that_arrives_twice_is_said_once(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm")
    place = name(session, 0)

    await drain(anew.send(session, place, "tense", "key"))
    parts = await drain(anew.send(session, place, "tense", "key"))

    assert parts == [Region.RECEIVED]
    assert [call for call in agent.calls if call[0] == "rewind"] == [("rewind", "0")]


async def test_an_empty_message_changes_nothing(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm")
    await drain(anew.edit(session, name(session, 0)))

    parts = await drain(anew.send(session, name(session, 0), " \n", "key"))

    assert Region.REFUSED in parts[-1]
    assert [turn.message for turn in session.turns] == ["calm"]
    assert session.editing == name(session, 0)


async def test_nothing_is_said_anew_while_an_answer_is_on_its_way(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm")
    running = actions.send(session, "tense")
    await anext(running)

    parts = await drain(anew.send(session, name(session, 0), "other", "key"))
    await drain(anew.regenerate(session))

    assert Region.REFUSED in parts[-1]
    assert session.notice.startswith("The last answer is still on its way")
    async for _ in running:
        pass
    assert [turn.message for turn in session.turns] == ["calm", "tense"]
    assert not [call for call in agent.calls if call[0] == "rewind"]


async def test_a_state_that_fails_leaves_the_conversation_as_it_was(actions, anew, session, agent, monkeypatch):
    await talk(actions, session, "calm")

    async def fail(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(agent, "rewind", fail)
    with pytest.raises(ZeroDivisionError):
        await drain(anew.send(session, name(session, 0), "tense", "key"))

    assert not session.running
    assert [turn.message for turn in session.turns] == ["calm"]


async def test_a_message_is_changed_in_its_place(actions, anew, session, agent: FakeAgent):
    await talk(actions, session, "calm <b>")
    assert log_html(session, agent.catalog).count('data-do="edit"') == 1

    await drain(anew.edit(session, name(session, 0)))
    drawn = log_html(session, agent.catalog)
    assert f'data-edit="{name(session, 0)}"' in drawn
    assert ">calm &lt;b&gt;</textarea>" in drawn
    assert "Everything after this message goes. What you clicked on cards stays." in drawn

    await drain(anew.edit(session, ""))
    assert "data-edit=" not in log_html(session, agent.catalog)


async def test_whoever_begins_anew_changes_no_message(actions, anew, session):
    await talk(actions, session, "calm")
    await drain(anew.edit(session, name(session, 0)))

    await drain(actions.new_conversation(session))

    assert session.editing == ""
