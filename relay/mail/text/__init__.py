"""The lines of a mail → what was newly written, what is quoted, what is signature. Start at `reply.split`."""
