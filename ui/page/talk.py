"""A conversation as pages show it: all that have it open share it, and its turns go on when they are closed."""

import asyncio
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field
from weakref import WeakSet, WeakValueDictionary

from agent.conversation import Conversation
from ui.page.chat_turn import ChatTurn
from ui.page.parts import Changes, Region
from ui.page.stream import Running

MOST_RECEIVED = 50
"""How many keys of messages are remembered, to tell a message that is sent again from a new one."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Talk:
    """A conversation, what runs in it, and who watches."""

    conversation: Conversation = field(default_factory=Conversation)
    turns: list[ChatTurn] = field(default_factory=list)
    status: str = ""
    """The key of the word that says what is going on; '' when nothing is."""
    running: Running | None = None
    """The turn that runs."""
    touched: set[str] = field(default_factory=set)
    """Items clicked while a turn was running."""
    received: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_RECEIVED))
    """The keys that browsers gave their messages."""
    _watchers: WeakSet[asyncio.Queue[Region | None]] = field(default_factory=WeakSet)

    def watch(self) -> Changes:
        """The parts that the running turn changes from now on, until it ends; none where none runs."""
        queue: asyncio.Queue[Region | None] = asyncio.Queue()
        if self.status:
            self._watchers.add(queue)
        else:
            queue.put_nowait(None)
        return _told(queue)

    def tell(self, part: Region | None) -> None:
        """Tell everybody who watches what changed; None at the end."""
        for queue in self._watchers:
            queue.put_nowait(part)


@dataclass(slots=True, eq=False)
class Talks:
    """All conversations that pages have open or that still run, by realm and id."""

    open: WeakValueDictionary[tuple[str, str], Talk] = field(default_factory=WeakValueDictionary)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def find(self, realm: str, conversation_id: str) -> Talk | None:
        """The conversation, where somebody has it open."""
        return self.open.get((realm, conversation_id))

    def add(self, realm: str, talk: Talk) -> Talk:
        """Let others find a conversation."""
        self.open[realm, talk.conversation.conversation_id] = talk
        return talk

    async def run(self, talk: Talk, turn: Changes) -> Changes:
        """Watch a turn that goes on without whoever watches it.

        Args:
            talk: Whose status says already that a turn runs.
            turn: What it changes.
        """
        watched = talk.watch()
        task = asyncio.create_task(_run(talk, turn))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        async for part in watched:
            yield part
        await task


async def _told(queue: asyncio.Queue[Region | None]) -> Changes:
    while (part := await queue.get()) is not None:
        yield part


async def _run(talk: Talk, turn: Changes) -> None:
    try:
        async with aclosing(turn) as parts:
            async for part in parts:
                talk.tell(part)
    finally:
        talk.tell(None)
