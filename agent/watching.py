"""Who is told of what the agent did, to count it: finished turns and opinions, of all surfaces and realms."""

from typing import Protocol

from agent.recommendation import Reply
from retrieval.state import FeedbackKind


class Watcher(Protocol):
    """Counts or traces; must not block, and keeps no words of anybody unless its operator has asked for it."""

    def on_turn(self, message: str, reply: Reply, realm: str) -> None:
        """A turn of somebody in that realm is over."""
        ...

    def on_feedback(self, kind: FeedbackKind) -> None:
        """Somebody clicked what they think of an item."""
        ...
