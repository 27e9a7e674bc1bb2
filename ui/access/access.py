"""Finds out who a caller is, from a key, a token or a session; blocks, so run it in a thread."""

import secrets
import time
from dataclasses import dataclass, field

from agent.admission import Admission
from agent.settings import AccessSettings
from retrieval.state import AccessStore, Account, User
from ui.access.caller import ALL_SCOPES, Caller, Scope
from ui.access.keys import PREFIX, id_of, is_good
from ui.access.passwords import Attempts
from ui.access.signing import Signer, UserClaims

NO_KEY = "expected an API key as 'Authorization: Bearer rk_...', found none. Make one with: reconteur keys add"
BAD_KEY = "expected an API key of this server, found one that it does not know or that was revoked."
BAD_TOKEN = "expected a user's token that is still good, found another. Get a new one with POST /api/tokens."  # noqa: S105  # nosec B105


class UnauthorizedError(Exception):
    """Nobody who may come in; the message says what was expected."""


@dataclass(slots=True)
class Access:
    """The rules of one server."""

    store: AccessStore
    settings: AccessSettings
    attempts: Attempts = field(default_factory=Attempts)
    checks: Admission = field(default_factory=lambda: Admission(1, most_waiting=8))
    """The line before the check of a password, which is slow on purpose: a flood of them must not stop the rest."""
    _guarded: bool = field(default=False)
    _signer: Signer | None = field(default=None)

    def is_guarded(self) -> bool:
        """Whether keys and logins are on; they never go off while the server runs."""
        self._guarded = self._guarded or self.store.is_guarded()
        return self._guarded

    @property
    def signer(self) -> Signer:
        """Signs tokens."""
        if self._signer is None:
            self._signer = Signer(self.store.secret())
        return self._signer

    def api_caller(self, authorization: str) -> Caller:
        """Who an Authorization header stands for.

        Raises:
            UnauthorizedError: Nobody who may come in.
        """
        scheme, _, shown = authorization.strip().partition(" ")
        shown = shown.strip() if scheme.lower() == "bearer" else ""
        if shown.count(".") == 2:
            return self._token_caller(shown)
        if not self.is_guarded():
            return Caller()  # clients of OpenAI's API always send some key
        if not shown.startswith(PREFIX):
            raise UnauthorizedError(NO_KEY)
        key = self.store.key(id_of(shown))
        if key is None or not is_good(shown, key):
            raise UnauthorizedError(BAD_KEY)
        return Caller(key.tenant, key.key_id, frozenset(map(Scope, key.scopes)))

    def page_caller(self, cookie: str) -> Caller | None:
        """Who sits before the page; None for somebody who has to log in first."""
        if not self.is_guarded():
            return Caller()
        account = self.store.account_of(cookie) if cookie else None
        if account is not None:
            return Caller(account.tenant, scopes=frozenset(), account=account.name)
        return Caller(scopes=frozenset(), account="") if self.settings.guests else None

    def make_token(self, caller: Caller, user: User, *, seconds: int | None) -> tuple[str, int]:
        """A token for one user of the caller's tenant, and when it ends."""
        claims = UserClaims(user.user_id, user.created_at, caller.tenant, caller.key_id, caller.said)
        return self.signer.user_token(claims, seconds=seconds or self.settings.token_s)

    def make_session(self, account: Account) -> str:
        """The cookie of somebody who has just logged in."""
        cookie = secrets.token_urlsafe(32)
        self.store.open_session(cookie, account.name, expires_at=time.time() + self.session_s)
        return cookie

    @property
    def session_s(self) -> int:
        """How long a login lasts."""
        return self.settings.session_h * 3600

    def _token_caller(self, token: str) -> Caller:
        claims = self.signer.read_user(token)
        scopes = self._scopes_of(claims) if claims is not None else None
        if claims is None or scopes is None or not self.store.is_still(claims.tenant, claims.user, claims.since):
            raise UnauthorizedError(BAD_TOKEN)
        return Caller(claims.tenant, claims.key_id, scopes, user=claims.user, said=claims.said)

    def _scopes_of(self, claims: UserClaims) -> frozenset[Scope] | None:
        """What the key that a token was made with is good for; None where it is no longer: a token goes with it."""
        if not claims.key_id:
            return None if self.is_guarded() else ALL_SCOPES
        key = self.store.key(claims.key_id)
        return None if key is None or key.revoked_at is not None else frozenset(map(Scope, key.scopes))
