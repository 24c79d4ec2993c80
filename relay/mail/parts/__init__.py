"""Raw bytes → the parts of a mail: header, bodies as text, files under safe names. Start at `parse.parse`."""
