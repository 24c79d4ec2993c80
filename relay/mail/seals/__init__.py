"""What a mail itself can prove of its origin: DKIM signatures and ARC sets, up to their keys. Start at `reading.read`."""
