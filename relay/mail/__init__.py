"""Raw bytes → `relay.model.Mail`: formats only, no network and no database. Start at `reader.read`."""

from relay.mail.reader import read, read_body

__all__ = ["read", "read_body"]
