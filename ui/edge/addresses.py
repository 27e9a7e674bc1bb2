"""Which names this server is called by, and which pages may call it.

A name that is not ours means that somebody made their name point here, to speak to us out of a visitor's browser. Pages
of another origin may neither change anything nor ask whether they may, unless a setting names them.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.settings import Settings
from ui.edge.refusal import Refusal

ANY = "*"
UNKNOWN_HOST = Refusal(
    400,
    "expected a Host that this server goes by, found another one. Use its address, or add the name to "
    "RECONTEUR_HTTP__HOSTS.",
)
FOREIGN_ORIGIN = Refusal(
    403,
    "expected a page of this server, found one of another origin. Add that origin to RECONTEUR_HTTP__ORIGINS if it "
    "may call this server.",
)
_SAFE = ("GET", "HEAD")


class KnownAddresses:
    """ASGI middleware: refuses unknown hosts and foreign pages."""

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self.app = app
        self.hosts = tuple(host.lower() for host in hosts)
        self.origins = tuple(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal.response() if refusal else self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        host = named[0].lower() if len(named) == 1 else ""  # of two, a proxy before us may have judged the other one
        if not is_known(host, self.hosts, here=(scope.get("server") or ("",))[0]):
            return UNKNOWN_HOST
        origin = headers.get("origin", "").lower()
        is_ours = not origin or ANY in self.origins or origin in self.origins or urlsplit(origin).netloc == host
        return None if is_ours or scope["method"] in _SAFE else FOREIGN_ORIGIN


def is_known(host: str, hosts: Sequence[str], *, here: str) -> bool:
    """Whether a Host header, in lower case, names this server.

    Args:
        host: The header.
        hosts: Names and patterns that the settings allow.
        here: The address at which the request came in.
    """
    if ANY in hosts:
        return True
    name = _name(host)
    if not name:
        return False
    is_named = any(name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:])) for allowed in hosts)
    return is_named or is_local(name) or name == _plain(here)


def known_by(settings: Settings, host: str) -> Settings:
    """The settings of a server that is told to listen at `host`, which then is one of its names."""
    http = settings.http.model_copy(update={"hosts": (*settings.http.hosts, host)})
    return settings.model_copy(update={"http": http})


def _name(host: str) -> str:
    """The name or address in a Host header; '' where there is none."""
    try:
        return _plain(urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def is_local(name: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _plain(name: str) -> str:
    """An address in its one usual form, any other name as it is."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)
