"""Brings a database to the newest tables with Alembic; a database of any earlier version keeps what it holds."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from retrieval.errors import StateError
from retrieval.state.tables import HEAD

FOLDER = Path(__file__).parent / "migrations"
BEFORE_ALEMBIC = {"1": "0001", "2": "0002", "3": "0003"}
"""Versions that wrote their number into `meta`, and the revision that each is."""


def migrate(connection: Connection) -> None:
    """Run what is missing, within the caller's transaction; two processes must be kept apart by its lock.

    Raises:
        StateError: A newer version wrote the database.
    """
    revision = _revision(connection)
    if revision == HEAD:
        return
    from alembic import command  # only where there is something to do
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StateError(
            f"the state has schema version {revision}, expected {HEAD} or older. "
            "Use the version of Reconteur that wrote it, or another state URL."
        )
    if revision is not None and not _is_versioned(connection):
        command.stamp(config, revision)
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if _is_versioned(connection):
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    if not inspect(connection).has_table("meta"):
        return None
    version = connection.scalar(text("SELECT value FROM meta WHERE key = 'schema_version'"))
    return BEFORE_ALEMBIC.get(version, version) if version is not None else None


def _is_versioned(connection: Connection) -> bool:
    return inspect(connection).has_table("alembic_version")
