"""What the notebooks share."""

FEATURES = ["height", "weight"]
