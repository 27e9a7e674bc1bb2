"""Realms: parts of one database that see nothing of each other. A tenant is a realm, an account of the page another.

Ids of users and conversations are stored with their realm in front. The column type does that for every query there
is, so no query can forget it; and an id that could name another realm cannot be bound at all.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import ColumnElement, Dialect, String, func, type_coerce
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from retrieval.errors import BadIdError, SettingsError

SEPARATOR = "\x1f"
"""Between realm and id; no id from outside holds it, since it cannot be printed."""
STORED_LENGTH = 200
"""Room for a realm of 63 characters, the separator and an id."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}")
_inside: ContextVar[str] = ContextVar("realm", default="")
"""The realm of the transaction that runs; a transaction stays in one thread from its begin to its end."""


def realm_of(tenant: str, account: str | None = None) -> str:
    """The realm of a tenant, or of one account of it; '' is the account of guests.

    Raises:
        SettingsError: One of the names cannot be used.
    """
    for what, name in (("tenant", tenant), ("account", account)):
        if name and not _SLUG.fullmatch(name):
            raise SettingsError(
                f"expected as {what} 1 to 31 of the characters a-z, 0-9, '.', '_' and '-', "
                f"a letter or digit first, found {name!r}. Choose another name."
            )
    return tenant if account is None else f"{tenant}/{account}"


def tenant_of(realm: str) -> str:
    """The tenant that a realm belongs to."""
    return realm.partition("/")[0]


def with_realm(realm: str, own_id: str) -> str:
    """An id as it is stored; different for every pair of realm and id.

    Raises:
        BadIdError: The id holds the separator.
    """
    if SEPARATOR in own_id:
        raise BadIdError("expected an id of printable characters, found a control character. Send a plain, short one.")
    return f"{realm}{SEPARATOR}{own_id}" if realm else own_id


@contextmanager
def inside(realm: str) -> Iterator[None]:
    """Within this block ids are those of the realm."""
    token = _inside.set(realm)
    try:
        yield
    finally:
        _inside.reset(token)


class RealmId(TypeDecorator[str]):
    """A column of ids: outside them the realm is never seen, inside the database it is always there."""

    impl = String(STORED_LENGTH)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else with_realm(_inside.get(), value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """From the database."""
        if value is None:
            return None
        realm, _, own_id = value.rpartition(SEPARATOR)
        if realm != _inside.get():
            raise RuntimeError("a query reached into another realm: please report this with the log")
        return own_id


def is_inside(column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether a row is of the transaction's realm; for queries that ask for no id."""
    stored, realm = type_coerce(column, String), _inside.get()
    if not realm:
        return ~stored.contains(SEPARATOR)
    prefix = realm + SEPARATOR
    return func.substr(stored, 1, len(prefix)) == prefix
