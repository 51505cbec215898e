"""Tables as they lie in files: their formats, rows and columns."""
