"""Which digests were made, and the tickets of a party found by its key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("party", sa.String(), primary_key=True),
        sa.Column("due", UtcDateTime(), primary_key=True),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
    )
    op.create_index("ix_tickets_party", "tickets", ["party"])


def downgrade() -> None:
    op.drop_index("ix_tickets_party", "tickets")
    op.drop_table("digests")
