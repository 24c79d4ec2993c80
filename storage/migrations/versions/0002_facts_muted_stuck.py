"""Facts of a matter, people who want no letters, files that cross no hidden link"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("facts", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("participants", sa.Column("joined", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("participants", sa.Column("muted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("attachments", sa.Column("stuck", sa.Boolean(), nullable=False, server_default=sa.false()))
    collect_facts(op.get_bind())


def collect_facts(connection: sa.Connection) -> None:
    """Facts were said before tickets knew them."""
    types = {"id": sa.Integer(), "ticket_id": sa.Integer(), "kind": sa.String(), "at": UtcDateTime(), "data": sa.JSON()}
    events = sa.table("events", *(sa.column(name, kind) for name, kind in types.items()))
    tickets = sa.table("tickets", sa.column("id"), sa.column("facts", sa.JSON()))
    said: dict[int, dict[str, dict[str, str]]] = {}
    for row in connection.execute(sa.select(events).where(events.c.kind == "field").order_by(events.c.id)):
        key = " ".join(row.data["name"].casefold().replace("ё", "е").split())
        mine = said.setdefault(row.ticket_id, {})
        mine.pop(key, None)
        mine[key] = {"name": row.data["name"], "value": row.data["value"], "at": row.at.isoformat()}
    for ticket, facts in said.items():
        connection.execute(sa.update(tickets).where(tickets.c.id == ticket).values(facts=list(facts.values())))


def downgrade() -> None:
    op.drop_column("attachments", "stuck")
    op.drop_column("participants", "muted")
    op.drop_column("participants", "joined")
    op.drop_column("tickets", "facts")
