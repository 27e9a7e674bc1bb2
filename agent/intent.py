"""What a message asks for, after its words were linked to the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from retrieval.preference import Constraint, Preference, Wish


class Act(StrEnum):
    """What kind of turn it is."""

    RECOMMEND = "recommend"
    REFINE = "refine"
    ASK = "ask"
    FEEDBACK = "feedback"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One step of the plan: a tool by name and its arguments."""

    tool: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chip:
    """Something understood, as the user sees it and can take it away."""

    key: str
    """The key of a constraint or wish, 'text', or 'liked:<item_id>' / 'disliked:<item_id>'."""
    label: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """The understanding of one message."""

    act: Act
    preference: Preference
    """Accumulated over the conversation, this message included."""
    plan: tuple[ToolCall, ...] = ()
    chips: tuple[Chip, ...] = ()
    about: tuple[str, ...] = ()
    """Item ids that a question is about."""
    topic: str = ""
    """What a question asks: a field name, 'why', 'text' (what is it about) or ''."""
    liked: tuple[str, ...] = ()
    """Item ids that this message likes."""
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    kept: tuple[Constraint | Wish, ...] = ()
    """Lasting tastes that this message states."""
    dropped: tuple[str, ...] = ()
    """Keys of lasting tastes that this message takes back."""
    unknown: tuple[str, ...] = ()
    """Titles that the catalog does not have."""
    ambiguous: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Titles that fit several items: (as written, item ids)."""
    unmet: tuple[str, ...] = ()
    """What was asked for that the catalog cannot tell, in the user's words."""
    reply: str = ""
    """For small talk: what the model answered."""
    source: str = "rules"
    """'model', 'rules' (no model was needed or there was none) or 'click'."""
