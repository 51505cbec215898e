"""Tables on disk: what a contract asks of them, what is in them, and how that drifts."""
