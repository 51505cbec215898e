"""The reference project's domain code: New York flights of 2013 and whether they arrive late."""
