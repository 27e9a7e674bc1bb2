"""Wishes of clients that keep their conversations themselves: found again by what was said, never by replaying it."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from threading import Lock

from agent.conversation import Conversation, Role, Turn
from agent.settings import MOST_HISTORIES
from retrieval.state.realms import with_realm


@dataclass(slots=True)
class HistoryCache:
    """Remembers what is wanted after a row of turns; in memory only, bounded, per user."""

    most: int = MOST_HISTORIES
    realm: str = ""
    """Whose histories are kept and found; those of others lie in the same memory and are not seen."""
    _kept: OrderedDict[bytes, Conversation] = field(default_factory=OrderedDict)
    _owners: dict[bytes, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, realm: str) -> "HistoryCache":
        """The same memory as a realm sees it."""
        return replace(self, realm=realm)

    def keep(self, conversation: Conversation) -> None:
        """Remember what is known after a finished turn, without the texts of the turns."""
        key = self._key(conversation)
        with self._lock:
            self._kept[key] = replace(conversation, turns=(), unread=False)
            self._kept.move_to_end(key)
            self._owners[key] = with_realm(self.realm, conversation.user_id or "")
            while len(self._kept) > self.most:
                old, _ = self._kept.popitem(last=False)
                self._owners.pop(old, None)

    def find(self, conversation: Conversation) -> Conversation:
        """The conversation with what was wanted after its turns; marked as unread where that is not known."""
        if not conversation.turns:
            return conversation
        key = self._key(conversation)
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
            gone = with_realm(self.realm, user_id)
            for key in [key for key, owner in self._owners.items() if owner == gone]:
                self._owners.pop(key, None)
                self._kept.pop(key, None)

    def _key(self, conversation: Conversation) -> bytes:
        return _digest(with_realm(self.realm, conversation.user_id or ""), conversation.turns)


def _digest(owner: str, turns: Iterable[Turn]) -> bytes:
    """A digest of what the user said and what was on the cards; how the assistant put it does not matter."""
    digest = hashlib.sha256(owner.encode())
    for turn in turns:
        said = turn.text if turn.role is Role.USER else "\x1f".join((*turn.shown, "|", *turn.near))
        digest.update(f"\x00{turn.role}\x1e{said}".encode("utf-8", "replace"))
    return digest.digest()
