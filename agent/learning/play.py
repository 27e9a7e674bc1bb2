"""Plays recorded conversations: what was wanted, as far as code reads it, at each place where something was shown."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from agent.conversation import Conversation, Role, Turn
from agent.drivers.base import Deadline, View
from agent.drivers.offline.driver import OfflineDriver
from agent.drivers.schema import unaided_driver
from agent.learning.transcripts import Dialogue, TranscriptTurn
from retrieval.fusion.base import Shown
from retrieval.fusion.learning import RecordedPlace
from retrieval.items import Catalog
from retrieval.preference import Preference

READ_S = 30.0
"""For one history; it is cut off nowhere else."""


@dataclass(frozen=True, slots=True)
class Player:
    """Reads conversations over one catalog without a language model."""

    catalog: Catalog
    driver: OfflineDriver

    @classmethod
    def of(cls, catalog: Catalog) -> "Player":
        """For one catalog."""
        return cls(catalog, unaided_driver(catalog))

    async def places(self, dialogue: Dialogue) -> AsyncIterator[RecordedPlace]:
        """Every place where an item was chosen that had not come up before.

        Where it was noted what the user took, that was right there; else what the assistant recommended.
        """
        session, known = came_up(dialogue), set[str]()
        for index, turn in enumerate(dialogue.turns):
            chosen = tuple(item_id for item_id in _chosen(turn) if item_id not in known and item_id in self.catalog)
            if turn.role is Role.ASSISTANT and chosen:
                yield RecordedPlace(*await self.heard(dialogue.turns[:index]), chosen, session)
            known |= {*turn.recommended, *(mention.item_id for mention in turn.mentions)}

    async def heard(self, turns: Iterable[TranscriptTurn]) -> tuple[Preference, Shown]:
        """What is wanted after some turns, and what was shown in them."""
        conversation = conversation_of(turns, self.catalog)
        view = View(conversation, "", self.catalog, conversation.preference)
        return await self.driver.wish_of(view, Deadline.after(READ_S)), conversation.shown_lists()


def conversation_of(turns: Iterable[TranscriptTurn], catalog: Catalog) -> Conversation:
    """Recorded turns as a conversation that nobody has read yet; what was recommended counts as shown."""
    return Conversation(
        turns=tuple(
            Turn(turn.role, turn.text, tuple(item_id for item_id in turn.recommended if item_id in catalog))
            for turn in turns
        ),
        unread=True,
    )


def came_up(dialogue: Dialogue) -> frozenset[str]:
    """The item ids that were mentioned, and those that were recommended (taken, where that was noted)."""
    mentioned = (mention.item_id for turn in dialogue.turns for mention in turn.mentions)
    return frozenset((*mentioned, *(item_id for turn in dialogue.turns for item_id in _chosen(turn))))


def _chosen(turn: TranscriptTurn) -> tuple[str, ...]:
    return tuple(dict.fromkeys(turn.recommended if turn.accepted is None else turn.accepted))
