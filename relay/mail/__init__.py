"""Raw bytes → `relay.model.Mail`: formats only, no network and no database. Start at `reader.read`."""

from relay.mail.reader import Text, read, read_body

__all__ = ["Text", "read", "read_body"]
