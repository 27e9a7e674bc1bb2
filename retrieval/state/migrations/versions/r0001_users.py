"""Users, conversations, exposures, feedback and tastes, as the first version made them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.String(128)


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("user_id", ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dataset_user", ID),
        sa.Column("novelty", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "conversations",
        sa.Column("conversation_id", ID, primary_key=True),
        _user(),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "exposures",
        sa.Column("id", sa.Integer, primary_key=True),
        _user(nullable=True),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("turn_index", sa.Integer, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("exploratory", sa.Boolean, nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("shown_at", sa.Double, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        _user(),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("exposure_id", sa.Integer, sa.ForeignKey("exposures.id", ondelete="SET NULL")),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("undone_at", sa.Double),
    )
    op.create_table(
        "tastes",
        sa.Column("id", sa.Integer, primary_key=True),
        _user(),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_exposures_conversation_item", "exposures", ["conversation_id", "item_id"])
    op.create_index("ix_feedback_exposure_id", "feedback", ["exposure_id"])
    for table in ("conversations", "exposures", "feedback", "tastes"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _user(*, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column("user_id", ID, sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=nullable)
