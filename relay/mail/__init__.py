"""Raw bytes → `relay.model.Mail`: formats only, no network and no database. Start at `reader.read`."""
