"""Feedback and exposures in the database: what was shown with which probability, and what the user said to it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from retrieval.history import Interaction
from retrieval.state import conversations, users
from retrieval.state.realms import is_inside
from retrieval.state.records import Exposure, Feedback, FeedbackKind, FeedbackSource, LoggedExposure
from retrieval.state.tables import ExposureRow, FeedbackRow
from retrieval.state.text import checked_id, is_number


def add(
    session: Session,
    user_id: str,
    item_id: str,
    kind: FeedbackKind,
    *,
    conversation_id: str,
    exposure_id: int | None,
    source: FeedbackSource,
) -> Feedback:
    """Keep an opinion; the same one again about the same showing (a double click) is kept once."""
    checked_id(item_id, what="an item id")
    users.lock(session, user_id)
    conversations.refuse_others(session, user_id, conversation_id)
    shown_id = _showing(session, user_id, item_id, conversation_id, exposure_id)
    row = FeedbackRow(
        user_id=user_id,
        item_id=item_id,
        kind=FeedbackKind(kind).value,
        conversation_id=conversation_id,
        exposure_id=shown_id,
        source=source,
        created_at=time.time(),
    )
    twin = next((earlier for earlier in session.scalars(_active(user_id)) if _says_the_same(earlier, row)), None)
    if twin is not None:
        return _feedback(twin)
    session.add(row)
    session.flush()
    return _feedback(row)


def bring(session: Session, user_id: str, given: Mapping[str, FeedbackKind]) -> int:
    """Keep opinions from elsewhere, by item id, about items of which nothing is known yet; how many those were."""
    users.lock(session, user_id)
    known = {row.item_id for row in session.scalars(_active(user_id))}
    now = time.time()
    rows = [
        FeedbackRow(
            user_id=user_id,
            item_id=checked_id(item_id, what="an item id"),
            kind=FeedbackKind(kind).value,
            conversation_id="",
            exposure_id=None,
            source="imported",
            created_at=now,
        )
        for item_id, kind in given.items()
        if item_id not in known
    ]
    session.add_all(rows)
    return len(rows)


def undo(session: Session, user_id: str, feedback_id: int) -> bool:
    """Take back an opinion; False when there is nothing (more) to take back."""
    users.lock(session, user_id)
    own = select(FeedbackRow).where(FeedbackRow.id == feedback_id, FeedbackRow.user_id == user_id)
    row = session.scalar(own) if is_number(feedback_id) else None
    if row is None or row.undone_at is not None:
        return False
    row.undone_at = time.time()
    return True


def of_user(session: Session, user_id: str) -> list[Feedback]:
    """What was not taken back, oldest first."""
    users.get(session, user_id)
    return [_feedback(row) for row in session.scalars(_active(user_id))]


def by_user(session: Session) -> dict[str, list[Feedback]]:
    """What was not taken back by all users of the realm, oldest first, by user id."""
    query = select(FeedbackRow).where(FeedbackRow.undone_at.is_(None), is_inside(FeedbackRow.user_id))
    of_users: dict[str, list[Feedback]] = {}
    for row in session.scalars(query.order_by(FeedbackRow.user_id, FeedbackRow.id)):
        of_users.setdefault(row.user_id, []).append(_feedback(row))
    return of_users


def as_interactions(user_id: str, feedback: Iterable[Feedback]) -> list[Interaction]:
    """Feedback as the recommenders read it; 'seen' does not wipe out an opinion about the same item."""
    given = list(feedback)
    judged = {opinion.item_id for opinion in given if opinion.kind is not FeedbackKind.SEEN}
    return [
        Interaction(user_id, opinion.item_id, opinion.kind.weight, opinion.created_at)
        for opinion in given
        if opinion.kind is not FeedbackKind.SEEN or opinion.item_id not in judged
    ]


def record(
    session: Session, user_id: str | None, conversation_id: str, turn_index: int, exposures: Sequence[Exposure]
) -> tuple[int, ...]:
    """Log what is about to be shown; ids in the order given."""
    if user_id is not None:
        users.lock(session, user_id)
    conversations.refuse_others(session, user_id, conversation_id)
    now = time.time()
    rows = [
        {
            "user_id": user_id,
            "conversation_id": conversation_id,
            "turn_index": turn_index,
            "item_id": checked_id(exposure.item_id, what="an item id"),
            "position": exposure.position,
            "propensity": min(exposure.propensity, 1.0),
            "exploratory": exposure.exploratory,
            "policy": exposure.policy[:64],
            "score": float(exposure.score),
            "channels": {name: float(score) for name, score in exposure.channels.items()},
            "shown_at": now,
            "context": {name: float(value) for name, value in exposure.context.items()},
        }
        for exposure in exposures
    ]
    if not rows:
        return ()
    added = insert(ExposureRow).returning(ExposureRow.id, sort_by_parameter_order=True)
    return tuple(session.scalars(added, rows))


def shown_to(session: Session, user_id: str) -> list[LoggedExposure]:
    """What a user was shown, oldest first, with what came of it."""
    outcomes = {opinion.exposure_id: opinion.kind for opinion in of_user(session, user_id)}  # the last one counts
    query = select(ExposureRow).where(ExposureRow.user_id == user_id).order_by(ExposureRow.id)
    return [_logged(row, outcomes.get(row.id)) for row in session.scalars(query)]


def _active(user_id: str) -> Select[FeedbackRow]:
    query = select(FeedbackRow).where(FeedbackRow.user_id == user_id, FeedbackRow.undone_at.is_(None))
    return query.order_by(FeedbackRow.id)


def _showing(session: Session, user_id: str, item_id: str, conversation_id: str, exposure_id: int | None) -> int | None:
    """The showing that feedback answers: the named one, else the last of the item in the conversation, else none."""
    query = select(ExposureRow.id).where(ExposureRow.user_id == user_id, ExposureRow.item_id == item_id)
    if exposure_id is not None:
        return session.scalar(query.where(ExposureRow.id == exposure_id)) if is_number(exposure_id) else None
    if not conversation_id:
        return None
    query = query.where(ExposureRow.conversation_id == conversation_id)
    return session.scalar(query.order_by(ExposureRow.id.desc()).limit(1))


def _says_the_same(old: FeedbackRow, new: FeedbackRow) -> bool:
    names = ("item_id", "kind", "conversation_id", "exposure_id", "source")
    return all(getattr(old, name) == getattr(new, name) for name in names)


def _feedback(row: FeedbackRow) -> Feedback:
    source: FeedbackSource = next((known for known in get_args(FeedbackSource) if known == row.source), "click")
    kind = FeedbackKind(row.kind)
    return Feedback(row.id, row.item_id, kind, row.created_at, row.conversation_id, row.exposure_id, source)


def _logged(row: ExposureRow, outcome: FeedbackKind | None) -> LoggedExposure:
    shown = Exposure(
        row.item_id,
        row.position,
        row.propensity,
        row.exploratory,
        row.policy,
        row.score,
        dict(row.channels),
        dict(row.context or {}),
    )
    return LoggedExposure(row.id, row.conversation_id, row.turn_index, row.shown_at, shown, outcome)
