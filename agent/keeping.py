"""Stores and erases conversations, one of a user after the other: what is erased never comes back."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from agent.conversation import Conversation
from agent.conversations import ConversationStore
from retrieval.errors import UnknownConversationError, UnknownUserError
from retrieval.state import StateStore, User


@dataclass(slots=True)
class Writes:
    """What is being written for whom; one per agent, whatever realm it is seen by."""

    locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """By realm and user."""
    running: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(slots=True)
class Keeper:
    """One per agent and realm. A user's list of conversations and their turns lie in two databases: they stay one."""

    state: StateStore
    conversations: ConversationStore
    writes: Writes = field(default_factory=Writes)

    async def keep(self, conversation: Conversation, user: User | None = None) -> None:
        """Store a conversation, listed as its user's.

        Args:
            conversation: As it is now.
            user: As they were when the turn began; whoever has the id now where it is left out.

        Raises:
            UnknownUserError: The user was erased meanwhile.
            UnknownConversationError: The conversation is somebody else's.
            StateError: It cannot be stored.
        """
        await self._to_the_end(self._keep(conversation, user))

    async def erase(self, user_id: str, *, who: str = "") -> None:
        """Forget a user for good: conversations, feedback, tastes, exposures; `who` asks for it, for the audit log.

        Raises:
            UnknownUserError: There is no such user.
            StateError: It cannot be done now; ask again.
        """
        await self._to_the_end(self._erase(user_id, who))

    async def forget(self, user_id: str, conversation_id: str) -> None:
        """Forget one conversation of a user for good; opinions given in it stay.

        Raises:
            UnknownUserError: There is no such user.
            UnknownConversationError: It is not one of this user's.
        """
        await self._to_the_end(self._forget(user_id, conversation_id))

    async def aclose(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self.writes.running, return_exceptions=True)

    async def _keep(self, conversation: Conversation, user: User | None) -> None:
        user_id, conversation_id = conversation.user_id, conversation.conversation_id
        if user_id is None:
            await self.conversations.save(conversation)
            return
        async with self._lock(user_id):
            owner = user if user is not None else await asyncio.to_thread(self.state.user, user_id)
            bound = self.state.bound_to(owner)
            await asyncio.to_thread(bound.open_conversation, user_id, conversation_id)
            await self.conversations.save(conversation)
            # the lock holds off this process; another one may have erased them in this moment
            if not await asyncio.to_thread(self.state.is_still, owner):
                await self.conversations.delete(conversation_id)
                await self.conversations.compact()
                raise UnknownUserError(user_id)

    async def _erase(self, user_id: str, who: str) -> None:
        async with self._lock(user_id):
            await self._clean_for_strangers(user_id)
            # turns first: should this process end in between, the user is still there to be erased again
            for conversation_id in await asyncio.to_thread(self.state.conversation_ids_of, user_id):
                await self.conversations.delete(conversation_id)
            for conversation_id in await asyncio.to_thread(self.state.erase_user, user_id, who=who):
                await self.conversations.delete(conversation_id)  # what another process saved meanwhile
        await self.conversations.compact()

    async def _forget(self, user_id: str, conversation_id: str) -> None:
        async with self._lock(user_id):
            if conversation_id not in await asyncio.to_thread(self.state.conversation_ids_of, user_id):
                raise UnknownConversationError(conversation_id)
            await self.conversations.delete(conversation_id)
            await asyncio.to_thread(self.state.delete_conversation, user_id, conversation_id)
        await self.conversations.compact()

    async def _clean_for_strangers(self, user_id: str) -> None:
        """Where nobody has an id (any more), finish what a full disk left of an erasure: it may be asked again."""
        try:
            await asyncio.to_thread(self.state.user, user_id)
        except UnknownUserError:
            await asyncio.to_thread(self.state.database.scrub_if_unclean)
            await self.conversations.compact_if_unclean()
            raise

    def _lock(self, user_id: str) -> asyncio.Lock:
        return self.writes.locks.setdefault((self.state.realm, user_id), asyncio.Lock())

    async def _to_the_end(self, work: Coroutine[None, None, None]) -> None:
        """Run to the end even where the caller leaves: a write that is cut off would hold SQLite's lock."""
        task = asyncio.get_running_loop().create_task(work)
        self.writes.running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.writes.running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or the event loop would log it where the caller has left, user id and all
