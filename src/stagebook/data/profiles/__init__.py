"""Profiles of tables: counts and sums, identical to the byte for the same rows."""
