"""Tables on disk: their contracts, their profiles, and their drift."""
