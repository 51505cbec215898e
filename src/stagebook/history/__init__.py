"""The read side: what records, locks and git say of the past."""
