"""Where conversations are kept: in LangGraph's checkpointer, in SQLite or PostgreSQL, the last state of each."""

import contextlib
import copy
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint

from agent.conversation import Conversation, dump_conversation, load_conversation
from retrieval.errors import SettingsError, StateError
from retrieval.state.faults import NO_DATABASE, driver_errors, explain, fault
from retrieval.state.private import close_folder, make_private
from retrieval.state.realms import with_realm

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

logger = logging.getLogger(__name__)

FILE = "conversations.db"
SQLITE_BUSY_MS = 5000
POOL_S = 5.0
"""How long a conversation waits for a connection to PostgreSQL."""
CHANNEL = "conversation"
"""The name in a checkpoint; that of every version before."""
UNCLEAN = 1
"""SQLite's `user_version` while deleted conversations may still have bytes in the file."""


def thread(conversation_id: str) -> "RunnableConfig":
    """The configuration that names a conversation to LangGraph."""
    return {"configurable": {"thread_id": conversation_id, "checkpoint_ns": ""}}


@asynccontextmanager
async def open_checkpointer(url: str, data_dir: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """A checkpointer at a PostgreSQL URL, or in data_dir/conversations.db.

    Raises:
        SettingsError: The URL is of another kind, or the extra for PostgreSQL is not installed.
        StateError: The file or the server cannot be used.
    """
    if not url:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        path = data_dir / FILE
        async with _opening(f"the conversations in {path}"):
            make_private(path)
            close_folder(data_dir)
        async with AsyncSqliteSaver.from_conn_string(str(path)) as sqlite:
            async with _opening(f"the conversations in {path}"):
                await sqlite.conn.execute("PRAGMA secure_delete=ON")
                await sqlite.conn.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
                await sqlite.setup()
                async with sqlite.conn.execute("PRAGMA quick_check(1)") as cursor:
                    if (found := await cursor.fetchone()) is not None and found[0] != "ok":
                        raise fault(f"the conversations in {path}", NO_DATABASE, "quick_check")
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
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, "connect_timeout": int(POOL_S)}
    async with AsyncConnectionPool(
        plain,
        min_size=1,
        max_size=4,
        timeout=POOL_S,
        kwargs=options,
        open=False,
        check=AsyncConnectionPool.check_connection,  # a server that was restarted is found again
    ) as pool:
        postgres = AsyncPostgresSaver(pool)  # type: ignore[arg-type]
        async with _opening("the conversations in PostgreSQL"):
            await postgres.setup()
        yield postgres


@asynccontextmanager
async def _opening(what: str) -> AsyncIterator[None]:
    """Raise a `StateError` for whatever the database or the disk reports; its own words can quote rows."""
    try:
        yield
    except driver_errors() as error:
        raise fault(what, *explain(error)) from None
    except OSError as error:
        raise StateError(f"{what} cannot be opened: {error.strerror}. Check the folder and its rights.") from error


class ConversationStore:
    """Saves, loads and deletes conversations. Every call may raise a `StateError`."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self.saver = saver
        self.realm = ""
        self.doubted = Event()
        """Set by a call that failed, of whatever realm; whoever looks into it clears it."""

    def of(self, realm: str) -> "ConversationStore":
        """The same store as a realm sees it: a conversation of another is not there."""
        seen = copy.copy(self)
        seen.realm = realm
        return seen

    def _thread(self, conversation_id: str) -> "RunnableConfig":
        return thread(with_realm(self.realm, conversation_id))

    async def save(self, conversation: Conversation) -> None:
        """Keep a conversation as it is now, in place of how it was.

        Checkpoints are ordered by ids that hold the time, so a new one after the clock was set back would be older
        than the one before it; the last one is written over instead.
        """
        config = self._thread(conversation.conversation_id)
        async with self._guarded():
            last = await self.saver.aget_tuple(config)
            checkpoint = (last.checkpoint if last else empty_checkpoint()).copy()
            version = self.saver.get_next_version(checkpoint["channel_versions"].get(CHANNEL), None)
            checkpoint["channel_values"] = {CHANNEL: dump_conversation(conversation)}
            checkpoint["channel_versions"] = {CHANNEL: version}
            await self.saver.aput(
                config, checkpoint, {"source": "update", "step": 0, "parents": {}}, {CHANNEL: version}
            )

    async def load(self, conversation_id: str) -> Conversation | None:
        """The conversation as it was last kept; None where there is none."""
        async with self._guarded():
            stored = await self.saver.aget_tuple(self._thread(conversation_id))
            kept = stored.checkpoint["channel_values"].get(CHANNEL) if stored else None
            return load_conversation(kept) if kept is not None else None

    async def delete(self, conversation_id: str) -> None:
        """Forget a conversation for good; `compact` takes its last bytes, at the next start if not before."""
        async with self._guarded():
            await self._mark(UNCLEAN)
            await self.saver.adelete_thread(with_realm(self.realm, conversation_id))

    async def compact(self) -> None:
        """Leave no byte of what was deleted in the SQLite file or its log; repeated at the next start if it fails."""
        try:
            async with self._guarded():
                # VACUUM goes through the log, so the log is emptied behind it
                rows = await self._run("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
                if rows and rows[0][0]:
                    raise StateError("a long-running reader keeps the old log alive")
                await self._mark(0)
        except StateError as error:
            logger.warning("deleted conversations still lie in the file; cleaned at the next start: %s", error)

    async def compact_if_unclean(self) -> None:
        """Finish what a crash or a full disk left of a deletion."""
        async with self._guarded():
            rows = await self._run("PRAGMA user_version")
        if rows and rows[0][0] == UNCLEAN:
            await self.compact()

    async def try_writing(self) -> None:
        """Write a number into SQLite's file, as far as the disk, or ask PostgreSQL for its first row."""
        async with self._guarded():
            if self._connection is None:
                await self.saver.aget_tuple(thread(""))
            else:
                version = (await self._run("PRAGMA user_version"))[0][0]
                await self._mark(version)

    @property
    def _connection(self) -> Any:
        """SQLite's connection; None on PostgreSQL."""
        is_sqlite = type(self.saver).__module__.startswith("langgraph.checkpoint.sqlite")
        return getattr(self.saver, "conn", None) if is_sqlite else None

    async def _mark(self, number: int) -> None:
        await self._run(f"PRAGMA user_version={number}")

    async def _run(self, *statements: str) -> list[Any]:
        """Rows of the last statement, none on PostgreSQL; each is read to its end: VACUUM runs beside no open one."""
        rows: list[Any] = []
        if self._connection is not None:
            async with self.saver.lock:  # type: ignore[attr-defined]
                await self._connection.commit()
                for statement in statements:
                    async with self._connection.execute(statement) as cursor:
                        rows = list(await cursor.fetchall())
        return rows

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Raise a `StateError` for a database in trouble, and leave no transaction half done."""
        try:
            yield
        except (ValueError, TypeError, KeyError) as error:  # bytes that a damaged file still gives out
            self.doubted.set()
            logger.error("a conversation cannot be read: %s", type(error).__name__)
            raise fault("the store of conversations", NO_DATABASE, "unreadable") from None
        except driver_errors() as error:
            if self._connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    async with self.saver.lock:  # type: ignore[attr-defined]
                        await self._connection.rollback()
            self.doubted.set()
            raise fault("the store of conversations", *explain(error)) from None
