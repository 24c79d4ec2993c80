"""Verdicts, held mails that somebody is asked about, who was let in, tallies, former addresses, pauses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = {"nullable": False, "server_default": ""}


def upgrade() -> None:
    with op.batch_alter_table("mails") as mails:
        mails.add_column(sa.Column("verdict", sa.JSON(), nullable=True))
        mails.add_column(sa.Column("held_for", sa.String(), **TEXT))
        mails.add_column(sa.Column("token", sa.String(), nullable=True))
        mails.create_unique_constraint("uq_mails_token", ["token"])
    op.create_index("ix_mails_state", "mails", ["state"])
    op.create_table(
        "admitted",
        sa.Column("party", sa.String(), primary_key=True),
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    counts = [sa.Column(name, sa.Integer(), nullable=False) for name in ("mails", "chains", "answers")]
    op.create_table(
        "tallies",
        sa.Column("who", sa.String(), primary_key=True),
        sa.Column("period", sa.String(), primary_key=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        *counts,
    )
    op.create_table(
        "former",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "pauses",
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("tickets.id"), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for name in ("pauses", "former", "tallies", "admitted"):
        op.drop_table(name)
    op.drop_index("ix_mails_state", "mails")
    with op.batch_alter_table("mails") as mails:
        mails.drop_constraint("uq_mails_token", type_="unique")
        for name in ("token", "held_for", "verdict"):
            mails.drop_column(name)
