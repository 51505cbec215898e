"""Tables in files: their formats, rows and columns."""
