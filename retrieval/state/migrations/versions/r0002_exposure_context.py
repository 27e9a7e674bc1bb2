"""What the policy knew when it showed an item."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the context of exposures; older rows have none."""
    op.add_column("exposures", sa.Column("context", sa.JSON))
