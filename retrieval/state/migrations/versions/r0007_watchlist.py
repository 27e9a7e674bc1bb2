"""What people saved for later."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "watchlist",
        sa.Column("user_id", sa.String(200), sa.ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("item_id", sa.String(128), primary_key=True),
        sa.Column("added_at", sa.Double, nullable=False),
    )
    op.execute("UPDATE meta SET value = '7' WHERE key = 'schema_version'")
