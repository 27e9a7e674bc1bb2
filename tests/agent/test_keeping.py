"""What is kept over restarts, kills and versions of the program; what is exported, and what erasing leaves: nothing."""

import asyncio
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.agent import Agent
from agent.conversation import Conversation, Role
from retrieval.errors import UnknownUserError
from retrieval.preference import Op
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind
from tests.agent.conftest import MakeAgent, visitor
from tests.agent.films import film_id
from tests.fakes import Calls, ScriptedChatModel, Status

ROOT = Path(__file__).parents[2]
OLD_FILE = Path(__file__).parent / "data" / "conversations-537b0f0.db"
"""Written by the agent of that commit, over the same films: a list with a click, and a question that waits."""
SAID = "I loved Heat, I can't stand gore"


# Restarts


async def test_a_restart_keeps_conversation_opinions_and_tastes(make_agent: MakeAgent):
    before = await make_agent()
    first = await before.reply(visitor(before), SAID)
    await before.aclose()

    after = await make_agent()
    conversation = await after.conversations.load(first.conversation.conversation_id)
    second = await after.reply(conversation, "a crime story")

    assert conversation == first.conversation
    assert film_id("Heat") not in [card.item.item_id for card in second.recommendations]
    assert film_id("Reservoir Dogs") not in [card.item.item_id for card in second.recommendations]


async def test_what_one_means_to_watch_goes_on_the_list_and_is_no_like(make_agent: MakeAgent):
    agent = await make_agent()
    first = await agent.reply(visitor(agent), "a crime story")
    picked = first.recommendations[1].item

    reply = await agent.reply(first.conversation, "the second one looks good")

    user_id = reply.conversation.user_id
    assert [entry.item_id for entry in agent.state.watchlist_of(user_id)] == [picked.item_id]
    assert agent.state.feedback_of(user_id) == []
    assert reply.conversation.preference.liked == ()
    assert reply.text.startswith(f"On your list now: {picked.title}.")


async def test_nobody_has_a_list_to_put_things_on(make_agent: MakeAgent):
    agent = await make_agent()
    first = await agent.reply(Conversation(), "a crime story")

    reply = await agent.reply(first.conversation, "the second one looks good")

    assert reply.intent.saved == ()
    assert "list now" not in reply.text


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.build import assemble
from agent.conversation import Conversation
from agent.settings import Settings
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.state import FeedbackKind, open_state
from tests.fakes import HashEncoder

async def main(index: Path, data: Path) -> None:
    retriever = Retriever.open(RetrievalSettings(data_dir=index, encoder="hash"), encoder=HashEncoder())
    retrieval = RetrievalSettings(data_dir=data, encoder="hash")
    agent = await assemble(retriever, open_state(retrieval), Settings(retrieval=retrieval))
    user = agent.state.create_user("Ann").user_id
    reply = await agent.reply(Conversation("c1", user), "I loved Heat, I can't stand gore")
    conversation, _ = await agent.feedback(reply.conversation, reply.recommendations[0].item.item_id, FeedbackKind.SEEN)
    print(user, reply.recommendations[0].item.item_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


async def test_a_killed_process_loses_nothing_that_was_acknowledged(
    make_agent: MakeAgent, film_settings: RetrievalSettings, tmp_path: Path
):
    words = [sys.executable, "-c", KILLED, str(film_settings.data_dir), str(tmp_path)]
    done = await asyncio.to_thread(
        subprocess.run, words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    user, clicked = done.stdout.split()

    agent = await make_agent()
    conversation = await agent.conversations.load("c1")

    assert conversation is not None
    assert conversation.turns[0].text == SAID
    assert clicked in conversation.preference.seen
    kept = {given.item_id: given.kind for given in agent.state.feedback_of(user)}
    assert kept == {film_id("Heat"): FeedbackKind.LIKE, clicked: FeedbackKind.SEEN}
    assert [taste.words for taste in agent.state.tastes_of(user)]
    assert agent.state.exposures_of(user)


@pytest.mark.live
async def test_conversations_in_postgresql_survive_and_are_erased(make_agent: MakeAgent, postgres_url: str):
    before = await make_agent(state_url=postgres_url)
    first = await before.reply(visitor(before), SAID)
    await before.aclose()

    after = await make_agent(state_url=postgres_url)
    assert await after.conversations.load(first.conversation.conversation_id) == first.conversation
    second = await after.reply(first.conversation, "a crime story")
    assert film_id("Heat") not in [card.item.item_id for card in second.recommendations]

    await after.erase(first.conversation.user_id)
    assert await after.conversations.load(first.conversation.conversation_id) is None


# Files of older versions


@pytest.fixture
async def older(make_agent: MakeAgent, tmp_path: Path) -> Agent:
    """An agent over conversations that an older version has written."""
    shutil.copy(OLD_FILE, tmp_path / "conversations.db")
    return await make_agent(driver="auto")


async def test_a_conversation_of_an_older_version_is_read_whole(older: Agent):
    conversation = await older.conversations.load("listed")

    assert conversation is not None
    assert [turn.role for turn in conversation.turns] == [Role.USER, Role.ASSISTANT]
    assert conversation.last_shown() == ("film:1", "film:5", "film:4")
    assert conversation.preference.liked == (film_id("Heat"),)
    assert conversation.preference.seen == (film_id("Casino"),)
    assert [(limit.field, limit.op) for limit in conversation.preference.constraints] == [
        ("genres", Op.IS),
        ("themes", Op.NOT),
        ("year", Op.MIN),
    ]
    assert not conversation.unread


async def test_a_conversation_of_an_older_version_goes_on_with_its_limits(older: Agent):
    conversation = await older.conversations.load("listed")

    reply = await older.reply(conversation, "others please")

    items = [card.item for card in reply.recommendations]
    assert all("Crime" in item.values["genres"] and (item.year or 0) > 1990 for item in items)
    assert not {item.item_id for item in items} & set(conversation.last_shown())
    assert await older.conversations.load("listed") == reply.conversation


async def test_a_question_of_an_older_version_can_still_be_answered(older: Agent):
    conversation = await older.conversations.load("asking")

    reply = await older.reply(conversation, "the one from 1954")

    assert reply.intent.examples == (film_id("Sabrina", 1954),)
    assert reply.recommendations


async def test_a_click_and_a_dial_work_on_a_conversation_of_an_older_version(older: Agent):
    conversation = await older.conversations.load("listed")

    conversation, _ = await older.feedback(conversation, film_id("Fargo"), FeedbackKind.DISLIKE)
    [*_, last] = [event async for event in older.rerank(conversation, remove="year:min:1991")]

    assert film_id("GoodFellas") in [card.item.item_id for card in last.reply.recommendations]
    assert film_id("Fargo") not in [card.item.item_id for card in last.reply.recommendations]


async def test_what_is_written_now_stands_where_older_versions_look_for_it(older: Agent, tmp_path: Path):
    conversation = await older.conversations.load("listed")

    await older.reply(conversation, "others please")

    with sqlite3.connect(tmp_path / "conversations.db") as connection:
        last = connection.execute(
            "SELECT checkpoint FROM checkpoints WHERE thread_id = 'listed' ORDER BY checkpoint_id DESC"
        ).fetchone()[0]
    connection.close()
    assert b"conversation" in last
    assert b"others please" in last


# Erasing and exporting


MARKER = "zanzibarine"


def files_with(secret: str, folder: Path) -> list[str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    return [path.name for path in paths]


@pytest.mark.parametrize("driver", ["tools", "schema", "offline"])
async def test_erasure_leaves_no_byte_and_no_log_line(
    make_agent: MakeAgent, model: ScriptedChatModel, tmp_path: Path, caplog: pytest.LogCaptureFixture, driver: str
):
    caplog.set_level(logging.WARNING)  # as served: see ui.cli
    for package in ("ui", "agent", "tools", "retrieval"):
        caplog.set_level(logging.DEBUG, logger=package)
    agent = await make_agent(model, driver=driver)
    stays = await agent.reply(visitor(agent, "Ben"), "a crime story")
    never = {"field": "themes", "op": "not", "value": "gore", "lasting": True}
    patch = {"likes": ["Heat"], "about": MARKER, "similar_to": [f"{MARKER} returns"], "limits": [never]}
    model.steps = [Calls.of(("update_wish", patch), ("search_catalog", {"description": MARKER})), Status(500), "oh"]
    model.readings = [f"{MARKER} is no JSON", Status(500)]
    first = await agent.reply(visitor(agent, "Zenobia"), f"{SAID}, {MARKER} forever")
    user, thread = first.conversation.user_id, first.conversation.conversation_id
    conversation, _ = await agent.feedback(first.conversation, film_id("Casino"), FeedbackKind.LIKE)
    clicked_only, _ = await agent.feedback(Conversation(user_id=user), film_id("Fargo"), FeedbackKind.SEEN)
    await agent.reply(conversation, f"more {MARKER}")
    assert {"state.db", "conversations.db"} <= {name.removesuffix("-wal") for name in files_with(MARKER, tmp_path)}

    await agent.erase(user)

    with pytest.raises(UnknownUserError):
        agent.state.user(user)
    assert await agent.conversations.load(thread) is None
    assert await agent.conversations.load(clicked_only.conversation_id) is None
    for secret in (user, thread, clicked_only.conversation_id, MARKER, "Zenobia"):
        assert files_with(secret, tmp_path) == []
        assert secret not in caplog.text
        assert secret not in repr(agent.histories)
    assert await agent.conversations.load(stays.conversation.conversation_id) == stays.conversation


async def test_erasure_takes_what_an_older_version_has_written(older: Agent, tmp_path: Path):
    conversation = await older.conversations.load("listed")
    await older.conversations.delete("listed")
    await older.conversations.delete("asking")

    await older.conversations.compact()

    assert files_with("I loved Heat", tmp_path) == []
    assert conversation is not None


async def test_a_user_who_never_was_cannot_be_erased(agent: Agent):
    with pytest.raises(UnknownUserError):
        await agent.erase("nobody-knows")


async def test_the_export_holds_everything(agent: Agent):
    first = await agent.reply(visitor(agent, "Zenobia"), SAID)
    conversation, _ = await agent.feedback(first.conversation, film_id("Casino"), FeedbackKind.SEEN)

    exported = await agent.export(conversation.user_id)

    text = json.dumps(exported, ensure_ascii=False)
    for wanted in ("Zenobia", "I loved Heat", film_id("Casino"), "gore", "propensity", conversation.conversation_id):
        assert wanted in text, wanted


async def test_tracing_of_other_programs_does_not_get_what_is_said_here(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LANGSMITH_TRACING", "true")

    await make_agent()

    assert os.environ["LANGSMITH_TRACING"] == "false"
