"""Lasting tastes in the database, with the limit or wish as checked JSON."""

import logging
import time
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from retrieval.preference import Constraint, Wish
from retrieval.state import users
from retrieval.state.records import Taste
from retrieval.state.tables import TasteRow
from retrieval.state.text import KEY_LENGTH, WORDS_LENGTH, clean, is_number

logger = logging.getLogger(__name__)

_CONSTRAINT = TypeAdapter(Constraint)
_WISH = TypeAdapter(Wish)


def keep(session: Session, user_id: str, taste: Taste) -> Taste:
    """Keep a taste; one that is kept already gets the words that it has now."""
    users.lock(session, user_id)
    key = clean(taste.key, limit=KEY_LENGTH)
    row = session.scalars(select(TasteRow).where(TasteRow.user_id == user_id, TasteRow.key == key)).first()
    if row is None:
        row = TasteRow(user_id=user_id, key=key, created_at=time.time())
        session.add(row)
    row.words, row.content = clean(taste.words, limit=WORDS_LENGTH), _content(taste)
    session.flush()
    return replace(taste, words=row.words, taste_id=row.id, created_at=row.created_at)


def of_user(session: Session, user_id: str) -> list[Taste]:
    """A user's tastes, oldest first."""
    users.get(session, user_id)
    rows = session.scalars(select(TasteRow).where(TasteRow.user_id == user_id).order_by(TasteRow.id))
    return [taste for taste in map(_taste, rows) if taste is not None]


def drop(session: Session, user_id: str, key: str | int) -> bool:
    """Take a taste back by its key or its id; False when there is none."""
    users.lock(session, user_id)
    if isinstance(key, int):
        return is_number(key) and _delete(session, user_id, TasteRow.id == key)
    return _delete(session, user_id, TasteRow.key == clean(key, limit=KEY_LENGTH))


def _delete(session: Session, user_id: str, which: ColumnElement[bool]) -> bool:
    rows = session.scalars(select(TasteRow).where(TasteRow.user_id == user_id, which)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return bool(rows)


def _content(taste: Taste) -> dict[str, Any]:
    if taste.constraint is not None:
        return {"constraint": _CONSTRAINT.dump_python(taste.constraint, mode="json")}
    if taste.wish is not None:
        return {"wish": _WISH.dump_python(taste.wish, mode="json")}
    return {}


def _taste(row: TasteRow) -> Taste | None:
    try:
        constraint = _CONSTRAINT.validate_python(row.content["constraint"]) if "constraint" in row.content else None
        wish = _WISH.validate_python(row.content["wish"]) if "wish" in row.content else None
        return Taste(row.words, constraint, wish, row.id, row.created_at)
    except (ValidationError, ValueError, TypeError):
        logger.warning("taste %d cannot be read and is left out. Say it again to replace it.", row.id)
        return None
