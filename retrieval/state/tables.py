"""The tables, as SQLAlchemy rows. Rows never leave this package."""

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from retrieval.state.realms import RealmId

HEAD = "0009"
"""The newest revision in `migrations/versions`; a change of a table needs a new one there."""
ID_LENGTH = 128


class Base(DeclarativeBase):
    """The declarative root; ids are short strings, times are seconds since 1970, JSON stays small."""

    type_annotation_map = {float: Double, dict[str, Any]: JSON, dict[str, float]: JSON, dict[str, float] | None: JSON}  # noqa: RUF012


class MetaRow(Base):
    """Facts about the store itself: the schema's version, an erasure that still has bytes to clean."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(64))


class UserRow(Base):
    """One user; everything else hangs on it and goes with it."""

    __tablename__ = "users"

    user_id: Mapped[str] = mapped_column(RealmId, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    dataset_user: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    novelty: Mapped[float]
    one_at_a_time: Mapped[bool]
    created_at: Mapped[float]


class ConversationTableRow(Base):
    """One conversation."""

    __tablename__ = "conversations"

    conversation_id: Mapped[str] = mapped_column(RealmId, primary_key=True)
    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    updated_at: Mapped[float]


class ExposureRow(Base):
    """One item shown; the user is empty for callers without one."""

    __tablename__ = "exposures"
    __table_args__ = (Index("ix_exposures_conversation_item", "conversation_id", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str | None] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    conversation_id: Mapped[str] = mapped_column(RealmId)
    turn_index: Mapped[int]
    item_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    position: Mapped[int]
    propensity: Mapped[float]
    exploratory: Mapped[bool]
    policy: Mapped[str] = mapped_column(String(64))
    score: Mapped[float]
    channels: Mapped[dict[str, float]]
    shown_at: Mapped[float]
    context: Mapped[dict[str, float] | None]
    """Since version 2; empty in older rows."""


class ShownRow(Base):
    """What was shown with one turn of a conversation, reasons and all; since version 3."""

    __tablename__ = "shown"

    conversation_id: Mapped[str] = mapped_column(RealmId, primary_key=True)
    turn_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    content: Mapped[dict[str, Any]]
    """As the agent writes it."""
    shown_at: Mapped[float]


class FeedbackRow(Base):
    """One opinion; taken back when `undone_at` is set."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    item_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str] = mapped_column(RealmId)
    exposure_id: Mapped[int | None] = mapped_column(ForeignKey(ExposureRow.id, ondelete="SET NULL"), index=True)
    source: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[float]
    undone_at: Mapped[float | None]


class TasteRow(Base):
    """One lasting taste."""

    __tablename__ = "tastes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]]
    """{'constraint': {...}}, {'wish': {...}} or {}."""
    created_at: Mapped[float]


class TurnRow(Base):
    """What became of one turn, for whoever looks after the server; since version 6."""

    __tablename__ = "turns"
    __table_args__ = (Index("ix_turns_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    at: Mapped[float]
    driver: Mapped[str] = mapped_column(String(16))
    act: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float]
    shown: Mapped[int]
    guesses: Mapped[int]
    near: Mapped[int]
    dropped: Mapped[int]
    failed: Mapped[int]
    is_unread: Mapped[bool]
    unread: Mapped[str] = mapped_column(Text)
    limits: Mapped[str] = mapped_column(Text)


class WatchRow(Base):
    """One item that somebody saved for later; since version 7."""

    __tablename__ = "watchlist"

    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    added_at: Mapped[float]


class ShareRow(Base):
    """One list that others may see by a link; since version 8."""

    __tablename__ = "shares"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True, index=True)
    """SHA-256 of the link's token, in hex."""
    user_id: Mapped[str] = mapped_column(RealmId, ForeignKey(UserRow.user_id, ondelete="CASCADE"), index=True)
    conversation_id: Mapped[str] = mapped_column(RealmId)
    content: Mapped[dict[str, Any]]
    """As the page writes it."""
    created_at: Mapped[float]
    expires_at: Mapped[float]


class KeyRow(Base):
    """One API key; a revoked one stays, so that its id is never given out again."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    tenant: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    """Words, a space between them."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the whole key, in hex."""
    created_at: Mapped[float]
    revoked_at: Mapped[float | None]


class AccountRow(Base):
    """Who may log in to the page."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]


class SessionRow(Base):
    """Somebody who is logged in to the page, in one browser; since version 5."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie, in hex."""
    account: Mapped[str] = mapped_column(String(64), ForeignKey(AccountRow.name, ondelete="CASCADE"), index=True)
    expires_at: Mapped[float]


class AuditRow(Base):
    """One act of administration or erasure; the database refuses to change or delete one."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    who: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(String(32))
    tenant: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    """The key's id, the account's name or the digest of the user's id."""
