"""Which version is installed."""

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """The installed version; '0' in a bare checkout."""
    try:
        return version("reconteur")
    except PackageNotFoundError:
        return "0"
