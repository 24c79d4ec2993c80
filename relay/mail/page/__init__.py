"""The HTML of a mail → lines in which quotes are marked, and the new part as safe HTML. Start at `html.text`."""
