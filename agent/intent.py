"""What became of a message: the wish as it is understood, what was called, and how the turn ends."""

from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.preference import Constraint, Preference, Wish

PERSON = "/person"
"""What a button sends, and anybody may write, to reach a person of the house; no driver reads it."""


class Act(StrEnum):
    """How a turn ends."""

    RECOMMEND = "recommend"
    """With a list."""
    ANSWER = "answer"
    """With words: facts, a comparison, a count, small talk."""
    ASK = "ask"
    """With a question."""
    HAND_OVER = "hand_over"
    """With a person of the house, whom the user asked for."""
    CALL = "call"
    """Not yet: the client carries out functions of its own first."""


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
    """Accumulated over the conversation, this message and lasting tastes included."""
    chips: tuple[Chip, ...] = ()
    kind: str = ""
    """Of an answer: 'facts', 'comparison', 'connection', 'count', 'list', 'why', 'why_not', 'about_me', 'talk'."""
    about: tuple[str, ...] = ()
    """Item ids that an answer is about."""
    fields: tuple[str, ...] = ()
    """Fields of the catalog that an answer is about."""
    liked: tuple[str, ...] = ()
    """Item ids that this message says are liked (an example of what is wanted is none of them)."""
    examples: tuple[str, ...] = ()
    """Item ids that this message gives as examples of what is wanted."""
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    """Item ids that this message picks for later, as far as they are kept for somebody."""
    kept: tuple[Constraint | Wish, ...] = ()
    """Lasting limits that this message states."""
    dropped: tuple[str, ...] = ()
    """Keys of limits and wishes that this message takes back."""
    unknown: tuple[str, ...] = ()
    """Titles and names that the catalog does not have."""
    ambiguous: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Titles that fit several items: (as written, item ids)."""
    unread: tuple[str, ...] = ()
    """Words of the message that the offline driver did not understand."""
    choices: tuple[str, ...] = field(default=())
    """Answers to click, for a question."""
    driver: str = "offline"
    """Who led the turn: 'tools', 'schema', 'offline', or 'click' where nothing was said."""
