"""What the chat page needs of an agent; the real one is `agent.agent.Agent`, tests bring their own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from agent.conversation import Conversation
from agent.events import Event
from agent.partial_turn import PartialTurn
from agent.recommendation import Recommendation
from agent.settings import Settings
from agent.turn_record import TurnRecord
from retrieval.candidates import Candidate
from retrieval.items import Catalog
from retrieval.state import FeedbackKind, StateStore
from retrieval.tendencies import Tendency


class PageRetriever(Protocol):
    """The retriever, as far as the page looks into it."""

    @property
    def catalog(self) -> Catalog:
        """All items."""

    def popular_diverse(self, k: int) -> Sequence[str]:
        """Well-known items that differ from each other."""

    def similar(self, item_id: str, k: int) -> Sequence[Candidate]:
        """Items like one."""

    def items_with(self, field_name: str, value: str, limit: int) -> Sequence[str]:
        """Ids of items that have a value, popular first."""

    def dataset_users(self, limit: int) -> Sequence[str]:
        """A few people of the data set."""


class Conversations(Protocol):
    """Where conversations outlive the page."""

    async def load(self, conversation_id: str) -> Conversation | None:
        """The conversation of that id, if it is there."""

    async def save(self, conversation: Conversation) -> None:
        """Keep it."""


class ChatAgent(Protocol):
    """The agent."""

    def of(self, realm: str) -> "ChatAgent":
        """The same agent as a realm sees it."""

    @property
    def retriever(self) -> PageRetriever:
        """Catalog and data set."""

    @property
    def settings(self) -> Settings:
        """What the server was started with."""

    @property
    def state(self) -> StateStore:
        """Users and what is kept of them."""

    @property
    def conversations(self) -> Conversations:
        """Stored conversations."""

    async def receive(self, conversation: Conversation, message: str) -> None:
        """Keep a message before it is answered."""

    def stream(self, conversation: Conversation, message: str) -> AsyncIterator[Event]:
        """Answer a message."""

    def rerank(
        self, conversation: Conversation, *, remove: str | None = None, novelty: float | None = None
    ) -> AsyncIterator[Event]:
        """Make the list anew without asking the model."""

    async def stop(self, conversation: Conversation, half: PartialTurn) -> Conversation:
        """Keep what a turn had brought when its events were closed."""

    async def rewind(self, conversation: Conversation, place: int, *, language: str) -> Conversation:
        """A conversation as it was before the message at a place."""

    async def shown(self, conversation: Conversation) -> Mapping[int, TurnRecord]:
        """What was shown with the turns of a conversation, by their number."""

    async def feedback(self, conversation: Conversation, item_id: str, kind: FeedbackKind) -> tuple[Conversation, str]:
        """Take in an opinion."""

    async def undo(self, conversation: Conversation, feedback_id: str) -> Conversation:
        """Take an opinion back."""

    async def explain(self, conversation: Conversation, item_id: str, *, language: str) -> Recommendation:
        """An item with all that speaks for it here, whether it was on a list or not."""

    async def why_not(self, conversation: Conversation, item_id: str, *, language: str) -> str:
        """Why an item was not on the last list, in words."""

    async def tendencies(self, conversation: Conversation) -> Sequence[Tendency]:
        """What is believed of the user's taste, group by group."""

    async def forget(self, user_id: str, conversation_id: str) -> None:
        """Forget one conversation for good."""

    async def export(self, user_id: str) -> Any:
        """All that is kept about a user, as JSON values."""

    async def erase(self, user_id: str, *, who: str = "") -> Any:
        """Erase all of it."""
