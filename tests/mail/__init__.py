"""Reading mail: `relay.mail`."""
