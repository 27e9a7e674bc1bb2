"""Who wants one item at a time rather than a list."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; everybody so far gets lists."""
    op.add_column("users", sa.Column("one_at_a_time", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute("UPDATE meta SET value = '9' WHERE key = 'schema_version'")
