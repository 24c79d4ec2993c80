"""What a letter said is kept with it, to be known again when it is quoted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("letters", sa.Column("shown", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("letters", "shown")
