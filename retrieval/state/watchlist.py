"""What users saved for later, in the database; each function works inside the transaction that it is given."""

import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.state import users
from retrieval.state.records import Saved
from retrieval.state.tables import WatchRow
from retrieval.state.text import checked_id, is_id


def add(session: Session, user_id: str, item_id: str) -> Saved:
    """Save an item; again is no error and changes nothing."""
    checked_id(item_id, what="an item id")
    users.lock(session, user_id)
    row = session.get(WatchRow, (user_id, item_id))
    if row is None:
        row = WatchRow(user_id=user_id, item_id=item_id, added_at=time.time())
        session.add(row)
    return Saved(row.item_id, row.added_at)


def remove(session: Session, user_id: str, item_id: str) -> bool:
    """Take an item off; False where it was not on."""
    users.lock(session, user_id)
    row = session.get(WatchRow, (user_id, item_id)) if is_id(item_id) else None
    if row is not None:
        session.delete(row)
    return row is not None


def of_user(session: Session, user_id: str) -> list[Saved]:
    """What a user saved, the newest first."""
    users.get(session, user_id)
    query = select(WatchRow).where(WatchRow.user_id == user_id)
    rows = session.scalars(query.order_by(WatchRow.added_at.desc(), WatchRow.item_id))
    return [Saved(row.item_id, row.added_at) for row in rows]
