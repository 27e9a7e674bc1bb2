"""Sessions of the page, so that they can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column(
            "account", sa.String(64), sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.execute("UPDATE meta SET value = '5' WHERE key = 'schema_version'")
