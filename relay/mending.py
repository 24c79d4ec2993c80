"""Templates of the admin's that letters had to do without: the postmaster is told, once a day each."""

from __future__ import annotations

from sqlalchemy import Connection

from relay import quotas
from relay.ledger import Stamp
from relay.settings import Settings
from relay.undelivered import tell_postmaster
from relay.wording import TemplateError


def tell(connection: Connection, settings: Settings, error: TemplateError, stamp: Stamp) -> None:
    """Puts a mail about a broken template into the outbox, unless today's has been written."""
    if quotas.first_today(connection, f"template:{error.file}:{error.line}", stamp.now):
        data = {
            "what": "A template of yours does not work",
            "details": {"File": error.file, "Line": str(error.line), "Mistake": error.reason},
            "text": "Letters go out in the built-in wording until it is mended. `relay check` names every mistake; then send the "
            "relay SIGHUP.",
        }
        tell_postmaster(connection, settings, stamp, data)
