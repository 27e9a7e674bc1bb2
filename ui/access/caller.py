"""Who makes a request; made once per request by the guard, read as `request.state.caller`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.state import realm_of


class Scope(StrEnum):
    """What a key may be good for."""

    CHAT = "chat"
    RECOMMEND = "recommend"
    FEEDBACK = "feedback"
    ITEMS = "items"
    ADMIN = "admin"
    """Users: make, read, export, erase."""


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's caller; without keys everybody is the same one, who may do all."""

    tenant: str = ""
    key_id: str = ""
    """The key that was shown, or that a token was made with; '' for none."""
    scopes: frozenset[Scope] = ALL_SCOPES
    user: str | None = None
    """The one user that a token speaks for; None for keys, which speak for all of their tenant."""
    account: str | None = None
    """Who is logged in to the page; '' for a guest, None where nobody has to log in and for the API."""
    said: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What is known of the request (`Reconteur-Context`), for the house's rules; a token keeps it."""

    @property
    def realm(self) -> str:
        """Whose users and conversations this caller can reach."""
        return realm_of(self.tenant, self.account)

    @property
    def name(self) -> str:
        """For the audit log; holds no user's id."""
        if self.account is not None:
            return f"account {self.account}" if self.account else "a guest of the page"
        if not self.key_id:
            return "somebody without a key"
        return f"key {self.key_id}" if self.user is None else f"a user's token of key {self.key_id}"
