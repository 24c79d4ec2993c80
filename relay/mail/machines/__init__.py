"""What machines say by mail: delivery reports, absences, notices, reactions. Start at `automatic.kind`."""
