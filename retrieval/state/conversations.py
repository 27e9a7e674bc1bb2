"""The list of conversations in the database: whose they are, their titles and times."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete as remove
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.errors import UnknownConversationError
from retrieval.state import users
from retrieval.state.records import ConversationRow
from retrieval.state.tables import ConversationTableRow as Row
from retrieval.state.tables import ExposureRow, ShareRow, ShownRow
from retrieval.state.text import NAME_LENGTH, checked_id, clean, is_id


def open_one(session: Session, user_id: str, conversation_id: str | None, *, title: str) -> ConversationRow:
    """The user's conversation of that id, or a new one.

    Raises:
        UnknownConversationError: The id is somebody else's.
    """
    users.lock(session, user_id)
    if conversation_id is not None:
        checked_id(conversation_id, what="a conversation id")
        refuse_others(session, user_id, conversation_id)
        stored = session.get(Row, conversation_id)
        if stored is not None:
            return _conversation(stored)
    now = time.time()
    row = Row(
        conversation_id=conversation_id or secrets.token_urlsafe(16),
        user_id=user_id,
        title=clean(title, limit=NAME_LENGTH),
        created_at=now,
        updated_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else took the id in this very moment
        raise UnknownConversationError(row.conversation_id) from None
    return _conversation(row)


def of_user(session: Session, user_id: str) -> list[ConversationRow]:
    """A user's conversations, the most recently used first."""
    users.get(session, user_id)
    query = select(Row).where(Row.user_id == user_id).order_by(Row.updated_at.desc(), Row.conversation_id)
    return [_conversation(row) for row in session.scalars(query)]


def touch(session: Session, user_id: str, conversation_id: str, *, title: str | None = None) -> ConversationRow:
    """Mark a conversation as used now, with a new title where one is given.

    Raises:
        UnknownConversationError: It is not one of this user's.
    """
    row = _own(session, user_id, conversation_id)
    row.updated_at = max(time.time(), row.updated_at)
    if title is not None:
        row.title = clean(title, limit=NAME_LENGTH)
    return _conversation(row)


def keep_shown(
    session: Session, user_id: str, conversation_id: str, turn_index: int, content: Mapping[str, Any]
) -> None:
    """Keep what was shown with a turn, in place of what was kept of it before.

    Raises:
        UnknownConversationError: The conversation is somebody else's.
    """
    users.lock(session, user_id)
    checked_id(conversation_id, what="a conversation id")
    refuse_others(session, user_id, conversation_id)
    row = ShownRow(
        conversation_id=conversation_id,
        turn_index=turn_index,
        user_id=user_id,
        content=dict(content),
        shown_at=time.time(),
    )
    session.merge(row)


def shown_in(session: Session, user_id: str, conversation_id: str) -> dict[int, dict[str, Any]]:
    """What was shown in a user's conversation, by index of its turns; nothing for somebody else's."""
    if not is_id(conversation_id):
        return {}
    query = select(ShownRow).where(ShownRow.conversation_id == conversation_id, ShownRow.user_id == user_id)
    return {row.turn_index: row.content for row in session.scalars(query.order_by(ShownRow.turn_index))}


def delete(session: Session, user_id: str, conversation_id: str) -> None:
    """Forget a conversation, what was shown in it and what others may see of that; the feedback given there stays.

    Raises:
        UnknownConversationError: It is not one of this user's.
    """
    row = _own(session, user_id, conversation_id)
    for table in (ExposureRow, ShownRow, ShareRow):
        session.execute(remove(table).where(table.conversation_id == conversation_id))
    session.delete(row)


def owner(session: Session, conversation_id: str) -> str | None:
    """Whose conversation it is; None when nobody's."""
    row = session.get(Row, conversation_id) if is_id(conversation_id) else None
    return None if row is None else row.user_id


def refuse_others(session: Session, user_id: str | None, conversation_id: str) -> None:
    """Let pass '' (no conversation), an unused id and the user's own.

    Raises:
        UnknownConversationError: The conversation is somebody else's.
    """
    if not conversation_id:
        return
    checked_id(conversation_id, what="a conversation id")
    if owner(session, conversation_id) not in (None, user_id):
        raise UnknownConversationError(conversation_id)


def _own(session: Session, user_id: str, conversation_id: str) -> Row:
    users.lock(session, user_id)
    row = session.get(Row, conversation_id) if is_id(conversation_id) else None
    if row is None or row.user_id != user_id:
        raise UnknownConversationError(conversation_id)
    return row


def _conversation(row: Row) -> ConversationRow:
    return ConversationRow(row.conversation_id, row.user_id, row.title, row.created_at, row.updated_at)
