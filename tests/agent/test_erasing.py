"""An erasure wins over whatever is under way: what it took never comes back, and what it left half done is finished."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from agent.agent import Agent
from agent.conversation import Conversation
from agent.events import Event, Finished, Recommended
from retrieval.errors import StateError, UnknownUserError
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.agent.test_keeping import MARKER, files_with
from tests.fakes import ScriptedChatModel

WISH = f"a crime story, {MARKER}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
def state_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""


@pytest.fixture
async def talking(make_agent: MakeAgent, model: ScriptedChatModel, state_url: str) -> Agent:
    return await make_agent(model, state_url=state_url)


@asynccontextmanager
async def shown_but_not_written(
    agent: Agent, model: ScriptedChatModel, talk: Conversation, **options: bool
) -> AsyncIterator[AsyncIterator[Event]]:
    """A turn whose cards are out and whose words are still to be written; the block ends its wait."""
    model.may_write.clear()
    events = agent.stream(talk, WISH, **options)
    async for event in events:
        if isinstance(event, Recommended):
            break
    yield events
    model.may_write.set()


def rows_with(secret: str, url: str) -> list[str]:
    """The tables of a PostgreSQL database that hold a text in any column of any row."""
    labels = []
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))).fetchall()
            cells = (cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)
            labels += [name] if any(secret.encode() in cell for cell in cells) else []
    return labels


async def rest(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]


async def test_a_turn_that_outlives_its_user_writes_nothing(talking: Agent, model: ScriptedChatModel, tmp_path: Path):
    talk = visitor(talking)

    async with shown_but_not_written(talking, model, talk) as events:
        await talking.erase(str(talk.user_id))
    with pytest.raises(UnknownUserError):
        await rest(events)

    assert await talking.conversations.load(talk.conversation_id) is None
    assert talking.state.owner_of(talk.conversation_id) is None
    assert files_with(str(talk.user_id), tmp_path) == files_with(MARKER, tmp_path) == []
    with pytest.raises(UnknownUserError):
        await talking.erase(str(talk.user_id))


async def test_a_turn_of_an_erased_user_is_not_kept_for_whoever_has_the_id_then(
    talking: Agent, model: ScriptedChatModel
):
    talking.state.ensure_user("caller-7")
    talk = Conversation(user_id="caller-7")

    async with shown_but_not_written(talking, model, talk) as events:
        await talking.erase("caller-7")
        talking.state.ensure_user("caller-7")
    with pytest.raises(UnknownUserError):
        await rest(events)

    assert await talking.conversations.load(talk.conversation_id) is None
    profile = talking.state.profile("caller-7")
    assert (profile.feedback_count, profile.exposure_count, profile.conversation_count) == (0, 0, 0)


async def test_a_turn_that_is_not_kept_is_not_remembered_for_an_erased_user(talking: Agent, model: ScriptedChatModel):
    talk = visitor(talking)

    async with shown_but_not_written(talking, model, talk, keep=False) as events:
        await talking.erase(str(talk.user_id))

    assert isinstance((await rest(events))[-1], Finished)
    assert str(talk.user_id) not in repr(talking.histories)


async def test_an_erasure_waits_for_the_conversation_that_is_being_written(
    talking: Agent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    talk, save = visitor(talking), talking.conversations.save
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(conversation: Conversation) -> None:
        writing.set()
        await go_on.wait()
        await save(conversation)

    monkeypatch.setattr(talking.conversations, "save", slow)
    turn = asyncio.create_task(talking.reply(talk, WISH))
    await writing.wait()
    erasing = asyncio.create_task(talking.erase(str(talk.user_id)))
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.gather(turn, erasing)

    assert await talking.conversations.load(talk.conversation_id) is None
    assert files_with(str(talk.user_id), tmp_path) == files_with(MARKER, tmp_path) == []


async def test_many_who_are_erased_while_their_turns_run_leave_nothing(
    talking: Agent, model: ScriptedChatModel, make_agent: MakeAgent, state_url: str, tmp_path: Path
):
    other = await make_agent(model, state_url=state_url)
    rng = random.Random(3)

    async def erased(number: int) -> str:
        """A visitor of two processes, who is erased by one of them at a moment of chance."""
        talk, by = visitor(talking, MARKER), rng.choice((talking, other))
        given = talking.feedback(talk, film_id("Heat"), FeedbackKind.LIKE)
        turns = [given, talking.reply(talk, WISH), other.reply(replace(talk, conversation_id=f"{number}"), WISH)]
        running = [asyncio.create_task(turn) for turn in turns]
        await asyncio.sleep(rng.uniform(0, 0.3))
        await by.erase(str(talk.user_id))
        await asyncio.gather(*running, return_exceptions=True)
        return str(talk.user_id)

    gone = await asyncio.gather(*map(erased, range(8)))

    for user_id in gone:
        with pytest.raises(UnknownUserError):
            talking.state.user(user_id)
    for secret in (MARKER, *gone):
        assert files_with(secret, tmp_path) == []
        assert not state_url or rows_with(secret, state_url) == []


async def test_a_conversation_saved_while_another_process_erases_is_taken_back(
    talking: Agent, make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, state_url: str, tmp_path: Path
):
    other = await make_agent(state_url=state_url)
    talk, save = visitor(talking), talking.conversations.save

    async def late(conversation: Conversation) -> None:
        await other.erase(str(talk.user_id))
        await save(conversation)

    monkeypatch.setattr(talking.conversations, "save", late)
    with pytest.raises(UnknownUserError):
        await talking.reply(talk, WISH)

    assert await talking.conversations.load(talk.conversation_id) is None
    assert files_with(str(talk.user_id), tmp_path) == []


async def test_a_click_taken_back_by_its_id_leaves_no_conversation_behind(talking: Agent, tmp_path: Path):
    talk = visitor(talking)
    given = talking.state.add_feedback(str(talk.user_id), film_id("Heat"), FeedbackKind.LIKE)

    await talking.undo(talk, str(given.feedback_id))
    await talking.erase(str(talk.user_id))

    assert await talking.conversations.load(talk.conversation_id) is None
    assert files_with(str(talk.user_id), tmp_path) == []


async def test_an_erasure_that_broke_off_can_be_asked_for_again(talking: Agent, monkeypatch: pytest.MonkeyPatch):
    reply = await talking.reply(visitor(talking), WISH)
    user_id = str(reply.conversation.user_id)

    def fail(_: str, *, who: str = "") -> tuple[str, ...]:
        raise StateError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(talking.state, "erase_user", fail)
        with pytest.raises(StateError):
            await talking.erase(user_id)
    await talking.erase(user_id)

    with pytest.raises(UnknownUserError):
        talking.state.user(user_id)
    assert await talking.conversations.load(reply.conversation.conversation_id) is None


async def test_bytes_that_could_not_be_cleaned_go_at_the_next_start(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("agent.conversations.SQLITE_BUSY_MS", 50)
    agent = await make_agent()
    reply = await agent.reply(visitor(agent), WISH)
    reader = sqlite3.connect(tmp_path / "conversations.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM checkpoints").fetchall()

    await agent.erase(str(reply.conversation.user_id))
    reader.execute("ROLLBACK")
    reader.close()
    assert files_with(MARKER, tmp_path)
    assert "cleaned at the next start" in caplog.text
    await agent.aclose()
    await make_agent()

    assert files_with(MARKER, tmp_path) == []


async def test_bytes_that_could_not_be_cleaned_go_when_the_erasure_is_asked_for_again(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("agent.conversations.SQLITE_BUSY_MS", 50)
    agent = await make_agent()
    reply = await agent.reply(visitor(agent), WISH)
    user_id = str(reply.conversation.user_id)
    reader = sqlite3.connect(tmp_path / "conversations.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM checkpoints").fetchall()
    await agent.erase(user_id)
    reader.execute("ROLLBACK")
    reader.close()
    assert files_with(MARKER, tmp_path)

    with pytest.raises(UnknownUserError):
        await agent.erase(user_id)

    assert files_with(MARKER, tmp_path) == []


async def test_a_client_that_leaves_in_mid_erasure_does_not_stop_it(
    make_agent: MakeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    agent = await make_agent()
    reply = await agent.reply(visitor(agent), WISH)
    delete, begun = agent.conversations.delete, asyncio.Event()

    async def slow(conversation_id: str) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        await delete(conversation_id)

    monkeypatch.setattr(agent.conversations, "delete", slow)
    erasing = asyncio.create_task(agent.erase(str(reply.conversation.user_id)))
    await begun.wait()
    erasing.cancel()
    await asyncio.wait({erasing})
    await agent.aclose()

    assert erasing.cancelled()
    assert files_with(MARKER, tmp_path) == []
