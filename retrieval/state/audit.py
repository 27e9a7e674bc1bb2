"""The audit log in the database: who administered or erased what and when; of users no more than a digest."""

import hashlib
import hmac
import secrets
import time

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retrieval.state.realms import tenant_of, with_realm
from retrieval.state.records import AuditEntry
from retrieval.state.tables import AuditRow, MetaRow

SECRET_KEY = "secret"  # noqa: S105  the name of a row  # nosec B105
UNKNOWN = "unknown"
ERASE = "erase user"


def note(session: Session, act: str, *, who: str, tenant: str, subject: str) -> None:
    """Add a line, in the transaction of what it tells of."""
    session.add(AuditRow(at=time.time(), who=who or UNKNOWN, act=act, tenant=tenant, subject=subject))


def note_erasure(session: Session, realm: str, user_id: str, *, who: str) -> None:
    """Add that a user was erased."""
    note(session, ERASE, who=who, tenant=tenant_of(realm), subject=digest_of(session, realm, user_id))


def last_erasure(session: Session, tenant: str) -> float:
    """When a user of a tenant was erased last, in seconds since 1970; 0 where none was."""
    query = select(func.max(AuditRow.at)).where(AuditRow.act == ERASE, AuditRow.tenant == tenant)
    return float(session.scalar(query) or 0.0)


def entries(session: Session, limit: int) -> list[AuditEntry]:
    """The last lines, oldest first."""
    rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(max(limit, 0))).all()
    return [AuditEntry(row.at, row.who, row.act, row.tenant, row.subject) for row in reversed(rows)]


def digest_of(session: Session, realm: str, user_id: str) -> str:
    """What stands for a user: keyed, so that nobody without the database can try names."""
    stored = with_realm(realm, user_id).encode()
    return hmac.new(secret(session).encode(), stored, hashlib.sha256).hexdigest()[:32]


def secret(session: Session) -> str:
    """The secret of this store, made at its first use."""
    row = session.get(MetaRow, SECRET_KEY)
    if row is not None:
        return row.value
    try:
        with session.begin_nested():
            session.add(MetaRow(key=SECRET_KEY, value=secrets.token_hex(32)))
    except IntegrityError:  # another process was quicker
        session.expire_all()
    return session.get_one(MetaRow, SECRET_KEY).value
