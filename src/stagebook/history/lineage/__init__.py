"""Where a file comes from and what was made from it."""
