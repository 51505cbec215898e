"""Whether a batch of data differs from a reference by more than its parts do."""
