"""Facts of a matter, people who want no letters, files that cross no hidden link"""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("joined", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("muted", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stuck", sa.Boolean(), nullable=False, server_default=sa.false()))
    _collect_facts()


def _collect_facts() -> None:
    """Facts were said before tickets knew them."""
    columns = ("id", "ticket_id", "kind", "at", "data")
    events = sa.table("events", *(sa.column(name, sa.JSON() if name == "data" else None) for name in columns))
    tickets = sa.table("tickets", sa.column("id"), sa.column("facts", sa.JSON()))
    said: dict[int, dict[str, dict[str, str]]] = {}
    connection = op.get_bind()
    for row in connection.execute(sa.select(events).where(events.c.kind == "field").order_by(events.c.id)):
        at = row.at if isinstance(row.at, str) else row.at.astimezone(datetime.UTC).isoformat()
        at = at if "+" in at else f"{at.replace(' ', 'T')}+00:00"
        key = " ".join(row.data["name"].casefold().replace("ё", "е").split())
        mine = said.setdefault(row.ticket_id, {})
        mine.pop(key, None)
        mine[key] = {"name": row.data["name"], "value": row.data["value"], "at": at}
    for ticket, facts in said.items():
        connection.execute(sa.update(tickets).where(tickets.c.id == ticket).values(facts=list(facts.values())))


def downgrade() -> None:
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_column("stuck")
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_column("muted")
        batch_op.drop_column("joined")
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_column("facts")
