"""What is in a table, counted: the same to the byte for the same rows."""
