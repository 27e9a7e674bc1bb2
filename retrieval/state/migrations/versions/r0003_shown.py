"""What each turn showed, reasons and all."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table `shown`."""
    op.create_table(
        "shown",
        sa.Column("conversation_id", sa.String(128), primary_key=True),
        sa.Column("turn_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.String(128), sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("shown_at", sa.Double, nullable=False),
    )
    op.create_index("ix_shown_user_id", "shown", ["user_id"])
