"""Lists that a user lets others see: each by a link whose token is known to nobody but whoever was given it."""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, delete, func, select, type_coerce
from sqlalchemy.orm import Session

from retrieval.errors import TooManySharesError
from retrieval.state import conversations, users
from retrieval.state.database import Database
from retrieval.state.realms import SEPARATOR
from retrieval.state.records import Share
from retrieval.state.tables import ShareRow
from retrieval.state.text import is_number

MOST_SHARES = 100
"""Of one user, at the same time."""
DAY_S = 86400
_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""`_BYTES` in base64, for addresses."""


class ShareStore:
    """The shared lists of a realm; each call blocks and is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, user_id: str, conversation_id: str, content: Mapping[str, Any], *, days: float) -> tuple[str, Share]:
        """Let others see a list; those that nobody sees any more go.

        Args:
            user_id: Whose list.
            conversation_id: Where it was shown; the list is seen no longer than that is kept.
            content: What is seen, as JSON values.
            days: For how long.

        Returns:
            The token, which is kept nowhere, and what is kept.

        Raises:
            UnknownUserError: There is no such user.
            UnknownConversationError: The conversation is somebody else's.
            TooManySharesError: They let others see `MOST_SHARES` lists already.
        """
        token, now = secrets.token_urlsafe(_BYTES), time.time()
        with self.database.write() as session:
            users.lock(session, user_id)
            conversations.refuse_others(session, user_id, conversation_id)
            session.execute(delete(ShareRow).where(ShareRow.expires_at <= now))
            if (session.scalar(select(func.count()).where(ShareRow.user_id == user_id)) or 0) >= MOST_SHARES:
                raise TooManySharesError(MOST_SHARES)
            row = ShareRow(
                digest=_digest(token),
                user_id=user_id,
                conversation_id=conversation_id,
                content=dict(content),
                created_at=now,
                expires_at=now + days * DAY_S,
            )
            session.add(row)
            session.flush()
            return token, _share(row)

    def of_user(self, user_id: str) -> list[Share]:
        """What a user lets others see, the newest first.

        Raises:
            UnknownUserError: There is no such user.
        """
        with self.database.read() as session:
            users.get(session, user_id)
            query = select(ShareRow).where(ShareRow.user_id == user_id, _lives())
            return [_share(row) for row in session.scalars(query.order_by(ShareRow.id.desc()))]

    def revoke(self, user_id: str, share_id: int) -> bool:
        """Let a link lead nowhere; False where it is none of this user's.

        Raises:
            UnknownUserError: There is no such user.
        """
        with self.database.write() as session:
            users.lock(session, user_id)
            row = _of(session, user_id, share_id) if is_number(share_id) else None
            if row is not None:
                session.delete(row)
            return row is not None

    def find(self, token: str) -> tuple[str, Share] | None:
        """The list of a token, of whatever realm, and that realm; None where it leads nowhere."""
        if not _TOKEN.fullmatch(token):
            return None
        stored = type_coerce(ShareRow.user_id, String)
        columns = (ShareRow.id, ShareRow.content, ShareRow.created_at, ShareRow.expires_at, stored)
        query = select(*columns).where(ShareRow.digest == _digest(token), _lives())
        with self.database.read() as session:
            row = session.execute(query).first()
        if row is None:
            return None
        share_id, content, created_at, expires_at, user_id = row
        return user_id.rpartition(SEPARATOR)[0], Share(share_id, content, created_at, expires_at)


def _lives() -> ColumnElement[bool]:
    return ShareRow.expires_at > time.time()


def _of(session: Session, user_id: str, share_id: int) -> ShareRow | None:
    return session.scalar(select(ShareRow).where(ShareRow.id == share_id, ShareRow.user_id == user_id))


def _share(row: ShareRow) -> Share:
    return Share(row.id, row.content, row.created_at, row.expires_at)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
