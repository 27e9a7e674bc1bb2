"""What must outlive a restart: users, feedback, lasting tastes, exposures with propensities, conversations.

The turns of a conversation are not here: the agent's checkpointer keeps them under the same conversation id.
"""

from retrieval.state.access import AccessStore
from retrieval.state.realms import realm_of
from retrieval.state.records import (
    Account,
    Answered,
    ApiKey,
    AuditEntry,
    ConversationRow,
    Exposure,
    Feedback,
    FeedbackKind,
    FeedbackSource,
    LoggedExposure,
    Profile,
    Saved,
    Share,
    Taste,
    TurnNote,
    User,
)
from retrieval.state.shares import ShareStore
from retrieval.state.store import StateStore, open_state
from retrieval.state.turns import TurnLog

__all__ = [
    "AccessStore",
    "Account",
    "Answered",
    "ApiKey",
    "AuditEntry",
    "ConversationRow",
    "Exposure",
    "Feedback",
    "FeedbackKind",
    "FeedbackSource",
    "LoggedExposure",
    "Profile",
    "Saved",
    "Share",
    "ShareStore",
    "StateStore",
    "Taste",
    "TurnLog",
    "TurnNote",
    "User",
    "open_state",
    "realm_of",
]
