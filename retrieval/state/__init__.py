"""What must outlive a restart: users, feedback, lasting tastes, exposures with propensities, conversations.

The turns of a conversation are not here: the agent's checkpointer keeps them under the same conversation id.
"""

from retrieval.state.access import AccessStore
from retrieval.state.realms import realm_of
from retrieval.state.records import (
    Account,
    ApiKey,
    AuditEntry,
    ConversationRow,
    Exposure,
    Feedback,
    FeedbackKind,
    FeedbackSource,
    LoggedExposure,
    Profile,
    Taste,
    User,
)
from retrieval.state.store import StateStore, open_state

__all__ = [
    "AccessStore",
    "Account",
    "ApiKey",
    "AuditEntry",
    "ConversationRow",
    "Exposure",
    "Feedback",
    "FeedbackKind",
    "FeedbackSource",
    "LoggedExposure",
    "Profile",
    "StateStore",
    "Taste",
    "User",
    "open_state",
    "realm_of",
]
