"""A turn that the user stopped: what it had brought by then stays in the conversation, marked as stopped."""

from dataclasses import dataclass, replace

from agent.conversation import Conversation, Role, Turn
from agent.intent import Intent
from agent.recommendation import Recommendation, ToolRun, Trace
from agent.turn_record import TurnRecord, cards_of
from retrieval.preference import Preference


@dataclass(frozen=True, slots=True)
class PartialTurn:
    """What a turn's events had told before they were closed."""

    message: str
    """'' where a click asked for the list."""
    intent: Intent | None = None
    wanted: Preference | None = None
    """What is wanted from now on; None where the message was not understood yet."""
    recommendations: tuple[Recommendation, ...] = ()
    near_misses: tuple[Recommendation, ...] = ()
    notices: tuple[str, ...] = ()
    knowing: str = ""
    tools: tuple[ToolRun, ...] = ()
    text: str = ""

    def added_to(self, conversation: Conversation) -> Conversation:
        """The conversation with this half of a turn; what the message asked for still holds."""
        if self.message:
            conversation = conversation.add(Turn(Role.USER, self.message))
        shown = tuple(card.item.item_id for card in self.recommendations)
        near = tuple(card.item.item_id for card in self.near_misses)
        conversation = conversation.add(Turn(Role.ASSISTANT, self.text, shown, near, stopped=True))
        wanted = self.wanted or conversation.preference
        asked = conversation.asked or bool(shown or near)
        return replace(conversation, preference=wanted, asked=asked, question=None)

    def shown(self) -> TurnRecord:
        """What its reader could open."""
        return TurnRecord(
            cards_of(self.recommendations),
            cards_of(self.near_misses),
            self.notices,
            self.knowing,
            () if self.intent is None else self.intent.chips,
            "en" if self.intent is None else self.intent.preference.language,
            Trace(self.tools) if self.tools else None,
        )
