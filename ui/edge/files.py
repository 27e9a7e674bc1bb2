"""Open files: each connection is one."""

import sys

if sys.platform != "win32":  # which has no such limit
    import resource

WANTED = 65536


def raise_open_files() -> int:
    """Raise the soft limit of open files as far as the hard one allows; returns what may be open now."""
    if sys.platform == "win32":
        return WANTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
