"""What the relay remembers: tables, transactions, raw mail and attachments. Imports nothing of `relay`."""
