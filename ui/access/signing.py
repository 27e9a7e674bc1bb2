"""Signed claims: tokens that speak for one user of the API, and sessions of the page. Knows no database."""

import time
from dataclasses import dataclass
from typing import Any

import jwt

_ALGORITHM = "HS256"
_TOKEN, _SESSION = "reconteur-user", "reconteur-page"  # audiences: neither passes for the other


@dataclass(frozen=True, slots=True)
class UserClaims:
    """What a user's token says."""

    user: str
    tenant: str
    key_id: str


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What a session's cookie says."""

    account: str
    since: float
    """When the account's password was set: a session ends with the password."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads claims with the store's secret."""

    secret: str

    def user_token(self, claims: UserClaims, *, seconds: int) -> tuple[str, int]:
        """A token, and when it ends in seconds since 1970."""
        expires = int(time.time()) + seconds
        said = {"sub": claims.user, "tenant": claims.tenant, "key": claims.key_id}
        return self._sign(said, _TOKEN, expires), expires

    def read_user(self, token: str) -> UserClaims | None:
        """What a token says; None where it is none of ours, was changed or has ended."""
        match self._read(token, _TOKEN):
            case {"sub": str(user), "tenant": str(tenant), "key": str(key_id)}:
                return UserClaims(user, tenant, key_id)
        return None

    def session(self, claims: SessionClaims, *, seconds: int) -> str:
        """The value of a session's cookie."""
        return self._sign({"sub": claims.account, "since": claims.since}, _SESSION, int(time.time()) + seconds)

    def read_session(self, cookie: str) -> SessionClaims | None:
        """What a cookie says; None where it is none of ours, was changed or has ended."""
        match self._read(cookie, _SESSION):
            case {"sub": str(account), "since": float(since)}:
                return SessionClaims(account, since)
        return None

    def _sign(self, claims: dict[str, Any], audience: str, expires: int) -> str:
        return jwt.encode({**claims, "aud": audience, "exp": expires}, self.secret, algorithm=_ALGORITHM)

    def _read(self, text: str, audience: str) -> dict[str, Any]:
        options: Any = {"require": ["exp", "aud", "sub"]}
        try:
            return jwt.decode(text, self.secret, algorithms=[_ALGORITHM], audience=audience, options=options)
        except jwt.InvalidTokenError:
            return {}
