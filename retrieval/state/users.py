"""Users in the database; each function works inside the transaction that it is given."""

import secrets
import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import String, delete, func, select, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.errors import UnknownUserError
from retrieval.state.realms import SEPARATOR, is_inside
from retrieval.state.records import User
from retrieval.state.tables import (
    Base,
    ConversationTableRow,
    ExposureRow,
    FeedbackRow,
    ShareRow,
    ShownRow,
    TasteRow,
    TurnRow,
    UserRow,
    WatchRow,
)
from retrieval.state.text import NAME_LENGTH, checked_id, clean, is_id

DEFAULT_NOVELTY = 0.3
BOUND = "bound_to"
"""Where a session says which very user it writes for; see `lock`."""
ROW = "row"
"""Where a session holds the row of the user that it asked for last."""


def create(session: Session, *, name: str, dataset_user: str | None) -> User:
    """A new user with an id that cannot be guessed."""
    return _insert(session, secrets.token_urlsafe(16), name=name, dataset_user=dataset_user)


def known(session: Session, user_id: str) -> User | None:
    """The user of an id that may be one; None where there is none."""
    row = session.get(UserRow, checked_id(user_id, what="a user id"))
    return None if row is None else _user(row)


def ensure(session: Session, user_id: str, *, name: str) -> User:
    """The user of that id, made when there is none."""
    user = known(session, user_id)
    if user is not None:
        return user
    try:
        with session.begin_nested():
            return _insert(session, user_id, name=name, dataset_user=None)
    except IntegrityError:  # another process was quicker
        return get(session, user_id)


def get(session: Session, user_id: str) -> User:
    """The user of that id.

    Raises:
        UnknownUserError: There is none.
    """
    return _user(_row(session, user_id))


def lock(session: Session, user_id: str) -> UserRow:
    """The user's row, held until the transaction ends, so that one user's writes come one after the other.

    Raises:
        UnknownUserError: There is none, or the user that the transaction is bound to was erased meanwhile, even where
            somebody has the same id by now.
    """
    row = _row(session, user_id, held=True)
    bound: User | None = session.info.get(BOUND)
    if bound is not None and bound.user_id == user_id and bound.created_at != row.created_at:
        raise UnknownUserError(user_id)
    return row


def held(session: Session, user_ids: Collection[str]) -> dict[str, float]:
    """When each of some users was made, by id, their rows held as by `lock`; without those that are not there."""
    ids = sorted(filter(is_id, user_ids))
    query = select(UserRow.user_id, UserRow.created_at).where(UserRow.user_id.in_(ids)).order_by(UserRow.user_id)
    return {row.user_id: row.created_at for row in session.execute(query.with_for_update())} if ids else {}


def latest(session: Session, limit: int) -> list[User]:
    """The newest users first."""
    query = select(UserRow).where(is_inside(UserRow.user_id))
    query = query.order_by(UserRow.created_at.desc(), UserRow.user_id).limit(max(limit, 0))
    return [_user(row) for row in session.scalars(query)]


def realms(session: Session) -> list[str]:
    """All realms that have users."""
    stored = session.scalars(select(type_coerce(UserRow.user_id, String)))
    return sorted({user_id.rpartition(SEPARATOR)[0] for user_id in stored})


def count(session: Session, table: type[Base], user_id: str) -> int:
    """How many rows of a table belong to a user."""
    query = select(func.count()).select_from(table).where(table.__table__.c.user_id == user_id)
    return session.scalar(query) or 0


def export(session: Session, user_id: str) -> dict[str, Any]:
    """Every row about a user, by table, ready for JSON.

    Raises:
        UnknownUserError: There is no such user.
    """
    exported: dict[str, Any] = {"user": _plain(_row(session, user_id))}
    for table in (ConversationTableRow, FeedbackRow, TasteRow, WatchRow, ShareRow, ExposureRow, ShownRow, TurnRow):
        columns = table.__table__.c
        query = select(table).where(columns.user_id == user_id).order_by(*table.__table__.primary_key)
        exported[str(table.__tablename__)] = [_plain(row) for row in session.scalars(query)]
    return exported


def erase(session: Session, user_id: str) -> tuple[str, ...]:
    """Delete the user and, by the foreign keys, everything that hangs on it.

    Raises:
        UnknownUserError: There is no such user.
    """
    row = lock(session, user_id)
    owned = select(ConversationTableRow.conversation_id).where(ConversationTableRow.user_id == user_id)
    conversation_ids = tuple(session.scalars(owned))
    # those recorded before the conversation had an owner
    session.execute(delete(ExposureRow).where(ExposureRow.conversation_id.in_(owned)))
    session.delete(row)
    return conversation_ids


def _insert(session: Session, user_id: str, *, name: str, dataset_user: str | None) -> User:
    if dataset_user is not None:
        checked_id(dataset_user, what="a user id of the catalog's interactions")
    row = UserRow(
        user_id=user_id,
        name=clean(name, limit=NAME_LENGTH),
        dataset_user=dataset_user,
        novelty=DEFAULT_NOVELTY,
        one_at_a_time=False,
        created_at=time.time(),
    )
    session.add(row)
    session.flush()
    return _user(row)


def _row(session: Session, user_id: str, *, held: bool = False) -> UserRow:
    row = session.get(UserRow, user_id, with_for_update=held) if is_id(user_id) else None
    if row is None:
        raise UnknownUserError(user_id)
    session.info[ROW] = row  # a session forgets rows that nobody holds, and would ask for them again
    return row


def _user(row: UserRow) -> User:
    return User(row.user_id, row.name, row.dataset_user, row.novelty, row.created_at, row.one_at_a_time)


def _plain(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
