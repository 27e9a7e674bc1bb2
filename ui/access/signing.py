"""Signed claims: tokens that speak for one user of the API. Knows no database."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

_ALGORITHM = "HS256"
_AUDIENCE = "reconteur-user"


@dataclass(frozen=True, slots=True)
class UserClaims:
    """What a user's token says."""

    user: str
    since: float
    """When the user was made: a token ends with the erasure, whoever has the id afterwards."""
    tenant: str
    key_id: str
    said: Mapping[str, str] = field(default_factory=dict)
    """What is known of the user's requests, for the house's rules."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads claims with the store's secret."""

    secret: str

    def user_token(self, claims: UserClaims, *, seconds: int) -> tuple[str, int]:
        """A token, and when it ends in seconds since 1970."""
        expires = int(time.time()) + seconds
        said = {"sub": claims.user, "since": claims.since, "tenant": claims.tenant, "key": claims.key_id}
        said |= {"said": dict(claims.said)} if claims.said else {}
        return jwt.encode({**said, "aud": _AUDIENCE, "exp": expires}, self.secret, algorithm=_ALGORITHM), expires

    def read_user(self, token: str) -> UserClaims | None:
        """What a token says; None where it is none of ours, was changed or has ended."""
        options: Any = {"require": ["exp", "aud", "sub"]}
        try:
            said = jwt.decode(token, self.secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=options)
        except jwt.InvalidTokenError:
            return None
        match said:
            case {"sub": str(user), "since": float(since), "tenant": str(tenant), "key": str(key_id)}:
                return UserClaims(user, since, tenant, key_id, said.get("said") or {})
        return None
