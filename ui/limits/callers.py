"""Who a request is counted for: its key, a key's user, an account of the page, or the address that it comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

NETWORK = 64
"""Bits of an IPv6 address that one caller has for itself; the rest costs nothing to change."""


def caller_of(scope: Scope) -> str:
    """A name for the caller of a request; '' for one on this machine itself who has neither key nor account."""
    caller = scope.get("state", {}).get("caller")
    if key_id := getattr(caller, "key_id", None):
        return f"key {key_id} {getattr(caller, 'user', None) or ''}"
    if account := getattr(caller, "account", None):
        return f"account {getattr(caller, 'tenant', '')} {account}"
    host, _ = scope.get("client") or ("", 0)
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:  # a socket of this machine, or a client in this process
        return ""
    return _name(address)


def _name(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _name(address.ipv4_mapped)
        if not address.is_loopback:
            return f"address {ip_network((address, NETWORK), strict=False)}"
    return "" if address.is_loopback else f"address {address}"
