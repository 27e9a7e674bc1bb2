"""Whether a server may listen where it is told to: beyond this machine only with keys, or where that is wanted."""

import ipaddress

from agent.settings import Settings
from retrieval.errors import SettingsError


def check_address(settings: Settings, host: str) -> None:
    """Let pass addresses of this machine alone, and others where somebody is asked who they are.

    Args:
        settings: Where the keys are, and whether an open server is wanted.
        host: The address that is listened on, in numbers.

    Raises:
        SettingsError: Everybody who reaches the port could do everything.
    """
    if settings.access.open_to_everyone or ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        return
    from retrieval.state import AccessStore, open_state

    with open_state(settings.retrieval) as state:
        if AccessStore(state.database).is_guarded():
            return
    raise SettingsError(
        f"expected an API key before other machines may reach {host}, found none. "
        "Make one with: reconteur keys add NAME. "
        "Or, where whoever reaches the port may read and erase everything, say so with --open-to-everyone."
    )
