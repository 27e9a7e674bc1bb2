"""The records that the state store takes and returns; they know nothing of the database."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from retrieval.preference import Constraint, Wish

FeedbackSource = Literal["click", "said", "imported"]
_ROUNDING = 1e-6


class FeedbackKind(StrEnum):
    """What a user told about an item."""

    LIKE = "like"
    DISLIKE = "dislike"
    SEEN = "seen"
    """Known already, no opinion given."""

    @property
    def weight(self) -> float:
        """The weight as an interaction, from -1 to 1."""
        return {"like": 1.0, "dislike": -1.0, "seen": 0.0}[self.value]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whose taste is kept."""

    user_id: str
    name: str
    dataset_user: str | None
    """The user of the catalog's interactions whose history this one continues."""
    novelty: float
    """The dial: from 0 (safe) to 1 (adventurous)."""
    created_at: float
    """Seconds since 1970, as all times here."""
    one_at_a_time: bool = False
    """Whether the page shows one item at a time rather than a list."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One opinion about one item."""

    feedback_id: int
    item_id: str
    kind: FeedbackKind
    created_at: float
    conversation_id: str = ""
    exposure_id: int | None = None
    """The showing that it answers."""
    source: FeedbackSource = "click"


@dataclass(frozen=True, slots=True)
class Taste:
    """A lasting taste: the user's words and, where they could be understood, the limit or the wish they mean."""

    words: str
    constraint: Constraint | None = None
    wish: Wish | None = None
    taste_id: int | None = None
    """None before it is kept."""
    created_at: float = field(default=0.0, compare=False)
    """When it was said first, in seconds since 1970; 0 before it is kept."""

    def __post_init__(self) -> None:
        if self.constraint is not None and self.wish is not None:
            raise ValueError("a taste is a constraint or a wish, found both. Keep two tastes.")
        if self.constraint is None and self.wish is None and not self.words.strip():
            raise ValueError("a taste needs words, a constraint or a wish, found none.")

    @property
    def key(self) -> str:
        """The key of its constraint or wish, else 'words:...'."""
        if self.constraint is not None:
            return self.constraint.key
        if self.wish is not None:
            return self.wish.key
        return f"words:{' '.join(self.words.casefold().split())}"


@dataclass(frozen=True, slots=True)
class Saved:
    """One item of a watchlist."""

    item_id: str
    added_at: float


@dataclass(frozen=True, slots=True)
class Share:
    """A list that its user lets others see."""

    share_id: int
    content: Mapping[str, Any]
    """What is seen, as the page writes it."""
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """One item about to be shown."""

    item_id: str
    position: int
    """From 1."""
    propensity: float
    """The probability, under the policy, that this item was shown in this turn."""
    exploratory: bool = False
    policy: str = ""
    score: float = 0.0
    channels: Mapping[str, float] = field(default_factory=dict)
    """Raw scores by channel name."""
    context: Mapping[str, float] = field(default_factory=dict)
    """What the policy knew, and how likely other policies would have shown this item; see `retrieval.exploration`."""

    def __post_init__(self) -> None:
        if not 0 <= self.propensity <= 1 + _ROUNDING:
            raise ValueError(f"expected a propensity from 0 to 1, found {self.propensity}")
        if not all(math.isfinite(score) for score in (self.score, *self.channels.values(), *self.context.values())):
            raise ValueError("expected finite scores in an exposure, found NaN or infinity")


@dataclass(frozen=True, slots=True)
class LoggedExposure:
    """One item that was shown, and what came of it."""

    exposure_id: int
    conversation_id: str
    turn_index: int
    shown_at: float
    shown: Exposure
    outcome: FeedbackKind | None = None
    """The last feedback that answers this showing and was not taken back."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation's entry in the list; its turns are elsewhere."""

    conversation_id: str
    user_id: str
    title: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known about a user, in short."""

    user: User
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    seen: tuple[str, ...]
    """Known without an opinion."""
    tastes: tuple[Taste, ...]
    feedback_count: int
    exposure_count: int
    conversation_count: int

    @property
    def novelty(self) -> float:
        """The user's dial."""
        return self.user.novelty


@dataclass(frozen=True, slots=True)
class TurnNote:
    """What became of one turn, for whoever looks after the server."""

    realm: str
    user_id: str | None
    at: float
    """Seconds since 1970, at its end."""
    driver: str
    act: str
    seconds: float
    shown: int = 0
    guesses: int = 0
    near: int = 0
    dropped: int = 0
    """Sentences of the model that the check left out."""
    failed: int = 0
    """Calls of tools and of the model that failed."""
    is_unread: bool = False
    """Whether there were words or names that nothing was made of."""
    unread: str = ""
    """They; kept for stored users alone, and erased with them."""
    limits: str = ""
    """Where a list was asked for and nothing fitted: the limits that held."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How often people answered what one channel found, or one policy showed."""

    shown: int
    liked: int
    disliked: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored: not the key itself."""

    key_id: str
    """The readable part after 'rk_'."""
    name: str
    tenant: str
    scopes: tuple[str, ...]
    digest: str
    """SHA-256 of the whole key, in hex."""
    created_at: float
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in to the page."""

    name: str
    tenant: str
    password_hash: str
    created_at: float
    """Of the present password: sessions that are older have ended."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log."""

    at: float
    who: str
    act: str
    tenant: str
    subject: str
    """The key's id, the account's name or the digest of the user's id."""
