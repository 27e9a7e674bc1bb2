"""API keys: 'rk_<id>_<secret>'. Shown once; stored as a digest, since a 256-bit secret needs no slow hash."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable

from retrieval.errors import SettingsError
from retrieval.state import ApiKey, realm_of
from ui.access.caller import Scope

PREFIX = "rk_"


def make_key(name: str, *, tenant: str, scopes: Iterable[str]) -> tuple[str, ApiKey]:
    """A new key, and what is stored of it.

    Raises:
        SettingsError: The tenant or a scope cannot be used.
    """
    key_id = secrets.token_hex(5)
    shown = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    key = ApiKey(key_id, name, realm_of(tenant), checked_scopes(scopes), digest_of(shown), time.time())
    return shown, key


def checked_scopes(words: Iterable[str]) -> tuple[Scope, ...]:
    """Scopes from words; 'all' is all of them.

    Raises:
        SettingsError: There is no such scope, or none is given.
    """
    wanted = {word.strip() for word in words if word.strip()}
    known = {scope.value for scope in Scope}
    if not wanted or not wanted <= known | {"all"}:
        said = ", ".join(sorted(wanted)) or "none"
        raise SettingsError(f"expected scopes of {', '.join(known)} or 'all', with commas between, found {said}.")
    return tuple(scope for scope in Scope if scope in wanted or "all" in wanted)


def id_of(shown: str) -> str:
    """The id within a key; '' where it has none."""
    key_id, separator, _ = shown.removeprefix(PREFIX).partition("_")
    return key_id if shown.startswith(PREFIX) and separator else ""


def is_good(shown: str, stored: ApiKey | None) -> bool:
    """Whether what was shown is the key that is stored, and that one was not revoked; takes the same time for all."""
    expected = stored.digest if stored is not None else ""
    return hmac.compare_digest(digest_of(shown), expected) and stored is not None and stored.revoked_at is None


def digest_of(shown: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()
