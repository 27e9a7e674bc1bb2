"""Who may use the server: API keys, accounts of the page and their sessions, the audit log. Knows no HTTP."""

import hashlib
import time

from sqlalchemy import delete, exists, or_, select

from retrieval.errors import UnknownAccountError, UnknownKeyError
from retrieval.state import audit, users
from retrieval.state.database import Database
from retrieval.state.records import Account, ApiKey, AuditEntry
from retrieval.state.tables import AccountRow, KeyRow, SessionRow

_GUARDED = select(or_(exists(select(KeyRow.key_id)), exists(select(AccountRow.name))))


class AccessStore:
    """Keys, accounts and the audit log of a database; each call blocks and is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database.of("")

    def is_guarded(self) -> bool:
        """Whether anybody has to show a key or log in: from the first key or account on, revoked or not."""
        with self.database.read() as session:
            return bool(session.scalar(_GUARDED))

    # Keys

    def add_key(self, key: ApiKey, *, who: str) -> None:
        """Keep a key."""
        with self.database.write() as session:
            session.add(
                KeyRow(
                    key_id=key.key_id,
                    name=key.name,
                    tenant=key.tenant,
                    scopes=" ".join(key.scopes),
                    digest=key.digest,
                    created_at=key.created_at,
                )
            )
            audit.note(session, "add key", who=who, tenant=key.tenant, subject=key.key_id)

    def key(self, key_id: str) -> ApiKey | None:
        """The key of that id, revoked or not."""
        with self.database.read() as session:
            row = session.get(KeyRow, key_id)
            return None if row is None else _key(row)

    def list_keys(self) -> list[ApiKey]:
        """All keys, oldest first."""
        with self.database.read() as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.key_id))]

    def revoke_key(self, key_id: str, *, who: str) -> None:
        """Let a key open nothing any more; again is no error.

        Raises:
            UnknownKeyError: There is none of that id.
        """
        with self.database.write() as session:
            row = session.get(KeyRow, key_id)
            if row is None:
                raise UnknownKeyError(key_id)
            if row.revoked_at is None:
                row.revoked_at = time.time()
                audit.note(session, "revoke key", who=who, tenant=row.tenant, subject=key_id)

    # Accounts

    def add_account(self, account: Account, *, who: str) -> None:
        """Keep an account; one of the same name gets the new password, and its sessions end.

        Raises:
            UnknownAccountError: The name is taken by another tenant's.
        """
        with self.database.write() as session:
            row = session.get(AccountRow, account.name)
            if row is not None and row.tenant != account.tenant:
                raise UnknownAccountError(account.name, tenant=account.tenant)
            act = "add account" if row is None else "change password"
            session.execute(delete(SessionRow).where(SessionRow.account == account.name))
            session.merge(
                AccountRow(
                    name=account.name,
                    tenant=account.tenant,
                    password_hash=account.password_hash,
                    created_at=account.created_at,
                )
            )
            audit.note(session, act, who=who, tenant=account.tenant, subject=account.name)

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        with self.database.read() as session:
            row = session.get(AccountRow, name)
            return None if row is None else _account(row)

    def list_accounts(self) -> list[Account]:
        """All accounts, by name."""
        with self.database.read() as session:
            return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))]

    def remove_account(self, name: str, *, who: str) -> None:
        """End an account.

        Raises:
            UnknownAccountError: There is none of that name.
        """
        with self.database.write() as session:
            row = session.get(AccountRow, name)
            if row is None:
                raise UnknownAccountError(name)
            session.delete(row)
            audit.note(session, "remove account", who=who, tenant=row.tenant, subject=name)

    # Sessions

    def open_session(self, cookie: str, account: str, *, expires_at: float) -> None:
        """Keep that somebody is logged in, by the digest of the cookie; sessions that have ended go.

        Raises:
            UnknownAccountError: The account was removed meanwhile.
        """
        with self.database.write() as session:
            if session.get(AccountRow, account) is None:
                raise UnknownAccountError(account)
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= time.time()))
            session.add(SessionRow(digest=_digest(cookie), account=account, expires_at=expires_at))

    def account_of(self, cookie: str) -> Account | None:
        """Whose session a cookie stands for; None where it is none, or has ended."""
        with self.database.read() as session:
            row = session.get(SessionRow, _digest(cookie))
            if row is None or row.expires_at <= time.time():
                return None
            return _account(session.get_one(AccountRow, row.account))

    def end_session(self, cookie: str) -> None:
        """Let a cookie open nothing any more; one that opens nothing is no error, and costs no writing."""
        if self.account_of(cookie) is None:
            return
        with self.database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.digest == _digest(cookie)))

    # The rest

    def is_still(self, realm: str, user_id: str, created_at: float) -> bool:
        """Whether the user of a realm who was made then is still there, not somebody with the same id by now."""
        with self.database.of(realm).read() as session:
            user = users.known(session, user_id)
            return user is not None and user.created_at == created_at

    def secret(self) -> str:
        """What signs tokens and cookies; made at its first use."""
        with self.database.write() as session:
            return audit.secret(session)

    def audit(self, limit: int = 1000) -> list[AuditEntry]:
        """The last lines of the audit log, oldest first."""
        with self.database.read() as session:
            return audit.entries(session, limit)

    def digest_of(self, realm: str, user_id: str) -> str:
        """How the audit log names a user."""
        with self.database.write() as session:
            return audit.digest_of(session, realm, user_id)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


def _key(row: KeyRow) -> ApiKey:
    return ApiKey(
        row.key_id, row.name, row.tenant, tuple(row.scopes.split()), row.digest, row.created_at, row.revoked_at
    )


def _account(row: AccountRow) -> Account:
    return Account(row.name, row.tenant, row.password_hash, row.created_at)
