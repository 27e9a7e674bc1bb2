"""Where conversations are kept: LangGraph's own checkpointer, in SQLite or PostgreSQL. The loop itself has none."""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from pydantic import JsonValue

from agent.conversation import Conversation, dump_conversation, load_conversation
from retrieval.errors import SettingsError
from retrieval.state.realms import with_realm

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

SQLITE_BUSY_MS = 5000


def thread(conversation_id: str) -> "RunnableConfig":
    """The configuration that names a conversation to LangGraph."""
    return {"configurable": {"thread_id": conversation_id}}


@asynccontextmanager
async def open_checkpointer(url: str, data_dir: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """A checkpointer at a PostgreSQL URL, or in data_dir/conversations.db.

    Raises:
        SettingsError: The URL is of another kind, or the extra for PostgreSQL is not installed.
    """
    if not url:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with AsyncSqliteSaver.from_conn_string(str(data_dir / "conversations.db")) as sqlite:
            await sqlite.conn.execute("PRAGMA secure_delete=ON")
            await sqlite.conn.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
            await sqlite.setup()
            yield sqlite
        return
    if not url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        raise SettingsError(f"checkpoint_url: expected postgresql://..., found {url.split(':')[0]}://...")
    try:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import AsyncConnectionPool
    except ImportError as error:
        raise SettingsError("PostgreSQL needs the extra: .venv/bin/pip install -e '.[postgres]'") from error
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(plain, min_size=1, max_size=4, kwargs=options, open=False) as pool:
        postgres = AsyncPostgresSaver(pool)  # type: ignore[arg-type]
        await postgres.setup()
        yield postgres


class Kept(TypedDict, total=False):
    """What a checkpoint holds; the name is that of every version before."""

    conversation: dict[str, JsonValue]


WRITER = "check"
"""The node that conversations are written as; older versions wrote them so, too."""


class ConversationStore:
    """Saves, loads and deletes conversations."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self.saver = saver
        self.realm = ""
        graph = StateGraph(Kept)
        graph.add_node(WRITER, lambda kept: kept)
        graph.add_edge(START, WRITER)
        graph.add_edge(WRITER, END)
        self._graph: CompiledStateGraph[Any, Any, Any, Any] = graph.compile(checkpointer=saver)

    def of(self, realm: str) -> "ConversationStore":
        """The same store as a realm sees it: a conversation of another is not there."""
        seen = copy.copy(self)
        seen.realm = realm
        return seen

    def _thread(self, conversation_id: str) -> "RunnableConfig":
        return thread(with_realm(self.realm, conversation_id))

    async def save(self, conversation: Conversation) -> None:
        """Keep a conversation as it is now."""
        values = {"conversation": dump_conversation(conversation)}
        await self._graph.aupdate_state(self._thread(conversation.conversation_id), values, as_node=WRITER)

    async def load(self, conversation_id: str) -> Conversation | None:
        """The conversation as it was last kept; None where there is none."""
        found = await self.saver.aget_tuple(self._thread(conversation_id))
        kept = found.checkpoint["channel_values"].get("conversation") if found else None
        return load_conversation(kept) if kept is not None else None

    async def delete(self, conversation_id: str) -> None:
        """Forget a conversation for good."""
        await self.saver.adelete_thread(with_realm(self.realm, conversation_id))

    async def compact(self) -> None:
        """Leave no byte of what was deleted in the SQLite file or its log."""
        connection = getattr(self.saver, "conn", None)
        if connection is not None and type(self.saver).__module__.startswith("langgraph.checkpoint.sqlite"):
            async with self.saver.lock:  # type: ignore[attr-defined]
                await connection.commit()
                # each statement is read to its end: VACUUM refuses to run beside an open one
                for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    async with connection.execute(statement) as cursor:
                        await cursor.fetchall()
