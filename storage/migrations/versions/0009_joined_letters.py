"""Letters that go as one mail with others"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("letters", sa.Column("joins_until", UtcDateTime(), nullable=True))
    op.add_column("letters", sa.Column("joined_to", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("joined_to", "joins_until"):
        op.drop_column("letters", name)
