"""A secret for each chain, which the digests of its events are salted with"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chains", sa.Column("salt", sa.String(), nullable=False, server_default=""))
    mint_salts(op.get_bind())


def mint_salts(connection: sa.Connection) -> None:
    """Chains of before get theirs now."""
    chains = sa.table("chains", sa.column("id"), sa.column("salt"))
    for chain in connection.execute(sa.select(chains.c.id)).scalars().all():
        connection.execute(sa.update(chains).where(chains.c.id == chain).values(salt=secrets.token_hex(32)))


def downgrade() -> None:
    op.drop_column("chains", "salt")
