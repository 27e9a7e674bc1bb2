"""A state that cannot be written: cards or an honest sentence, nothing acknowledged is lost, readiness says it."""

import contextlib
import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import event

from agent.agent import Agent
from agent.conversation import Conversation
from agent.events import Finished
from agent.wording.messages import say
from retrieval.errors import StateError
from retrieval.graph import KnowledgeGraph, RemoteTriples
from retrieval.retriever import Retriever
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id

WISH = "I loved Heat, a crime story"
UNSAVED = say("unsaved", "en")
FAULTS = ("no file may grow", "another process holds the lock", "read-only")


@contextlib.contextmanager
def no_growth() -> Iterator[None]:
    """What a full disk is to this process: no file may get longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Somebody else is writing, and does not stop."""
    with contextlib.ExitStack() as closing:
        for name in ("state.db", "conversations.db"):
            other = sqlite3.connect(folder / name, isolation_level=None)
            closing.callback(other.close)
            other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def read_only(agent: Agent) -> Iterator[None]:
    """Connections that refuse to write; root may write any file, whatever its mode."""
    engine = agent.state.database.engine

    def refuse(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    event.listen(engine, "connect", refuse)
    engine.dispose()
    yield
    event.remove(engine, "connect", refuse)
    engine.dispose()


@pytest.fixture
async def agent(make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setattr("agent.conversations.SQLITE_BUSY_MS", 50)
    made = await make_agent(driver="offline")
    event.listen(made.state.database.engine, "connect", lambda one, _: one.execute("PRAGMA busy_timeout=50"))
    made.state.database.engine.dispose()
    made.state.list_users()  # as in a running process, a connection is open
    return made


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest, agent: Agent, tmp_path: Path) -> AbstractContextManager[None]:
    return {FAULTS[0]: no_growth, FAULTS[1]: lambda: held(tmp_path), FAULTS[2]: lambda: read_only(agent)}[
        request.param
    ]()


async def test_cards_come_and_say_that_nothing_is_kept(agent: Agent, fault: AbstractContextManager[None]):
    known, talk = visitor(agent), visitor(agent)
    agent.state.add_feedback(str(known.user_id), film_id("Casino"), FeedbackKind.DISLIKE)
    known = (await agent.reply(known, "a crime story")).conversation

    with fault:
        replies = [await agent.reply(before, WISH) for before in (known, talk)]

    for reply in replies:
        assert reply.recommendations
        assert reply.notices.count(UNSAVED) == 1
    assert film_id("Casino") not in [card.item.item_id for card in replies[0].recommendations]
    assert await agent.conversations.load(known.conversation_id) == known
    again = await agent.reply(known, WISH)
    assert UNSAVED not in again.notices
    assert await agent.conversations.load(known.conversation_id) == again.conversation


async def test_somebody_who_cannot_be_stored_is_answered_and_told_so(agent: Agent):
    last = [event async for event in agent.stream(Conversation(), WISH, store=False, is_lost=True)][-1]

    assert isinstance(last, Finished)
    assert last.reply.recommendations
    assert last.reply.notices.count(UNSAVED) == 1


async def test_a_conversation_whose_bytes_are_damaged_is_said_to_be(agent: Agent, tmp_path: Path):
    kept = (await agent.reply(visitor(agent), WISH)).conversation
    with contextlib.closing(sqlite3.connect(tmp_path / "conversations.db")) as other, other:
        other.execute("UPDATE checkpoints SET checkpoint = CAST(x'c1ff00' AS BLOB)")

    with pytest.raises(StateError, match="damaged"):
        await agent.conversations.load(kept.conversation_id)


async def test_what_cannot_be_kept_is_not_acknowledged_and_what_was_is_not_lost(
    agent: Agent, fault: AbstractContextManager[None]
):
    reply = await agent.reply(visitor(agent), WISH)
    talk, user_id = reply.conversation, str(reply.conversation.user_id)
    talk, _ = await agent.feedback(talk, film_id("Casino"), FeedbackKind.SEEN)
    before = agent.state.feedback_of(user_id)

    with fault:
        with pytest.raises(StateError) as caught:
            await agent.feedback(talk, film_id("Fargo"), FeedbackKind.LIKE)
        with pytest.raises(StateError):
            await agent.erase(user_id)

    assert caught.value.reason
    assert agent.state.feedback_of(user_id) == before
    assert await agent.conversations.load(talk.conversation_id) in (talk, None)  # an erasure may have got half way
    await agent.erase(user_id)
    assert await agent.conversations.load(talk.conversation_id) is None


async def test_readiness_says_that_nothing_can_be_kept(agent: Agent, fault: AbstractContextManager[None]):
    with fault:
        during = await agent.ready()
    after = await agent.ready()

    assert during["state"] == after["state"] == after["saving"] == "ok"
    assert any(word in during["saving"] for word in ("may not grow", "locked", "read-only"))


async def test_readiness_knows_at_once_that_a_write_failed(agent: Agent, fault: AbstractContextManager[None]):
    talk = (await agent.reply(visitor(agent), WISH)).conversation
    before = await agent.ready()

    with fault:
        with pytest.raises(StateError):
            await agent.feedback(talk, film_id("Fargo"), FeedbackKind.LIKE)
        during = [(await agent.ready())["saving"] for _ in range(2)]
    after = await agent.ready()

    assert before["saving"] == after["saving"] == "ok"
    assert all(any(word in saving for word in ("may not grow", "locked", "read-only")) for saving in during)


async def test_a_file_that_is_no_database_ends_the_start_with_advice(make_agent: MakeAgent, tmp_path: Path):
    (tmp_path / "conversations.db").write_bytes(b"this is a letter, not a database" * 200)

    with pytest.raises(StateError, match=r"conversations\.db cannot be used: .* Move it away or restore a backup"):
        await make_agent()


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with files of an older version that everybody may read."""
    before = os.umask(0o022)
    tmp_path.chmod(0o755)
    for name in ("state.db", "conversations.db"):
        (tmp_path / name).touch(0o644)
    yield tmp_path
    os.umask(before)


def modes_in(folder: Path) -> dict[str, int]:
    files = [path for path in folder.iterdir() if ".db" in path.name]
    return {path.name: path.stat().st_mode & 0o777 for path in (*files, folder)}


async def test_what_is_kept_is_for_its_owner_alone(open_folder: Path, make_agent: MakeAgent):
    agent = await make_agent()
    await agent.reply(visitor(agent), WISH)

    files = {name + end: 0o600 for name in ("state.db", "conversations.db") for end in ("", "-wal", "-shm")}
    assert modes_in(open_folder) == {**files, open_folder.name: 0o700}


async def test_a_clock_set_back_between_two_starts_loses_no_turn(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
):
    agent = await make_agent()
    first = await agent.reply(visitor(agent), "a crime story")
    yesterday = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    monkeypatch.setattr(time, "time_ns", lambda: int(yesterday * 1e9))
    monkeypatch.setattr("langgraph.checkpoint.base.id._last_v6_timestamp", None)  # as in a new process

    second = await agent.reply(first.conversation, "others please")

    assert await agent.conversations.load(second.conversation.conversation_id) == second.conversation
    listed = agent.state.conversations_of(str(second.conversation.user_id))
    assert [row.conversation_id for row in listed] == [second.conversation.conversation_id]


async def test_a_conversation_takes_the_place_of_its_older_self(make_agent: MakeAgent, tmp_path: Path):
    agent = await make_agent()
    talk: Conversation = visitor(agent)
    for _ in range(4):
        talk = (await agent.reply(talk, "others please")).conversation

    with contextlib.closing(sqlite3.connect(tmp_path / "conversations.db")) as connection:
        assert connection.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)


async def test_a_graph_that_does_not_answer_is_said(
    make_agent: MakeAgent, film_retriever: Retriever, monkeypatch: pytest.MonkeyPatch
):
    down = RemoteTriples("http://127.0.0.1:9/query")
    monkeypatch.setattr(film_retriever, "graph", KnowledgeGraph(down))
    agent = await make_agent(retriever=film_retriever)

    ready = await agent.ready()

    assert "expected SPARQL results from http://127.0.0.1:9/query, found ConnectError" in ready["indexes"]
