"""What became of turns and of what was shown, for whoever looks after a server. Knows no HTTP."""

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import delete, insert, select

from retrieval.state import users
from retrieval.state.database import Database
from retrieval.state.realms import is_inside, tenant_of
from retrieval.state.records import Answered, FeedbackKind, TurnNote
from retrieval.state.tables import ExposureRow, FeedbackRow, TurnRow

KEEP_DAYS = 31
MOST_ROWS = 20_000
"""The newest that figures are made of; more would hold the database up."""
GUESS = "guess"
"""What the answers to guesses are counted under, beside their policy."""


class TurnLog:
    """The table of turns; each call blocks."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, notes: Sequence[TurnNote]) -> None:
        """Keep notes and forget those older than `KEEP_DAYS`; of users who were erased meanwhile stays a count."""
        for realm, of_realm in groupby(sorted(notes, key=lambda note: note.realm), key=lambda note: note.realm):
            with self.database.of(realm).write() as session:
                of_these = list(of_realm)
                made_at = users.held(session, {note.user_id for note in of_these if note.user_id is not None})
                session.execute(insert(TurnRow), [_row(note, made_at) for note in of_these])
        with self.database.write() as session:
            session.execute(delete(TurnRow).where(TurnRow.at < time.time() - KEEP_DAYS * 86400))

    def since(self, tenant: str, at: float) -> list[TurnNote]:
        """The turns of a tenant, newest first, `MOST_ROWS` at most; whose they were is left out."""
        names = [name for name in TurnNote.__dataclass_fields__ if name not in ("realm", "user_id")]
        columns = [TurnRow.__table__.c[name] for name in names]
        query = select(*columns).where(TurnRow.tenant == tenant, TurnRow.at >= at)
        with self.database.read() as session:
            rows = session.execute(query.order_by(TurnRow.at.desc()).limit(MOST_ROWS)).all()
        return [TurnNote(realm=tenant, user_id=None, **dict(zip(names, row, strict=True))) for row in rows]

    def answers(self, tenant: str, at: float) -> tuple[dict[str, Answered], dict[str, Answered]]:
        """What came of what was shown to a tenant's users: by channel that found it, and by policy that placed it."""
        channels: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        policies: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for found_by, policy, is_guess, kind in self._showings(tenant, at):
            for counts in (
                *(channels[name] for name in found_by),
                policies[f"{policy}, {GUESS}" if is_guess else policy],
            ):
                counts[0] += 1
                counts[1] += kind == FeedbackKind.LIKE
                counts[2] += kind == FeedbackKind.DISLIKE
        return _answered(channels), _answered(policies)

    def _showings(self, tenant: str, at: float) -> Iterator[tuple[Iterable[str], str, bool, str | None]]:
        """Channels, policy, whether it was a guess, and the last opinion, of each showing."""
        with self.database.of("").read() as session:
            realms = {tenant, *(realm for realm in users.realms(session) if tenant_of(realm) == tenant)}
        left = MOST_ROWS
        for realm in sorted(realms):
            with self.database.of(realm).read() as session:
                shown = (
                    select(ExposureRow.id, ExposureRow.channels, ExposureRow.policy, ExposureRow.exploratory)
                    .where(ExposureRow.shown_at >= at, is_inside(ExposureRow.conversation_id))
                    .order_by(ExposureRow.id.desc())
                    .limit(left)
                )
                rows = session.execute(shown).all()
                said = select(FeedbackRow.exposure_id, FeedbackRow.kind).where(
                    FeedbackRow.created_at >= at,
                    FeedbackRow.undone_at.is_(None),
                    FeedbackRow.kind != FeedbackKind.SEEN.value,  # says nothing against a like
                    is_inside(FeedbackRow.user_id),
                )
                kinds = {row.exposure_id: row.kind for row in session.execute(said.order_by(FeedbackRow.id))}
            left -= len(rows)
            for key, channels, policy, is_guess in rows:
                yield channels, policy, is_guess, kinds.get(key)


def _row(note: TurnNote, made_at: Mapping[str, float]) -> dict[str, Any]:
    told = asdict(note)
    tenant = tenant_of(told.pop("realm"))
    if note.user_id is None or made_at.get(note.user_id, math.inf) > note.at:  # not the one that the turn was of
        told |= {"user_id": None, "unread": ""}
    return {"tenant": tenant, **told}


def _answered(counts: dict[str, list[int]]) -> dict[str, Answered]:
    return {name: Answered(*counts[name]) for name in sorted(counts, key=lambda name: -counts[name][0])}
