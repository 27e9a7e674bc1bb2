"""Wishes of clients that keep their conversations themselves: found again by what was said, never by replaying it."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from threading import Lock

from agent.conversation import Conversation, Role, Turn

MOST = 2000
"""Conversations that are remembered; the one that was not asked for longest goes first."""


@dataclass(slots=True)
class HistoryCache:
    """Remembers what is wanted after a row of turns; in memory only, bounded, per user."""

    most: int = MOST
    _kept: OrderedDict[bytes, Conversation] = field(default_factory=OrderedDict)
    _owners: dict[bytes, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, conversation: Conversation) -> None:
        """Remember what is known after a finished turn, without the texts of the turns."""
        key = _key(conversation.user_id, conversation.turns)
        with self._lock:
            self._kept[key] = replace(conversation, turns=(), unread=False)
            self._kept.move_to_end(key)
            self._owners[key] = conversation.user_id or ""
            while len(self._kept) > self.most:
                old, _ = self._kept.popitem(last=False)
                self._owners.pop(old, None)

    def find(self, conversation: Conversation) -> Conversation:
        """The conversation with what was wanted after its turns; marked as unread where that is not known."""
        if not conversation.turns:
            return conversation
        key = _key(conversation.user_id, conversation.turns)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is None:
            return replace(conversation, unread=any(turn.role is Role.USER for turn in conversation.turns))
        return replace(kept, conversation_id=conversation.conversation_id, turns=conversation.turns)

    def forget(self, user_id: str) -> None:
        """Drop everything of a user."""
        with self._lock:
            for key in [key for key, owner in self._owners.items() if owner == user_id]:
                self._owners.pop(key, None)
                self._kept.pop(key, None)


def _key(user_id: str | None, turns: Iterable[Turn]) -> bytes:
    """A digest of what the user said and what was on the cards; how the assistant put it does not matter."""
    digest = hashlib.sha256((user_id or "").encode())
    for turn in turns:
        said = turn.text if turn.role is Role.USER else "\x1f".join((*turn.shown, "|", *turn.near))
        digest.update(f"\x00{turn.role}\x1e{said}".encode("utf-8", "replace"))
    return digest.digest()
