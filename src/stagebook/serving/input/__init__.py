"""The rows of a request: from bytes to exactly what the model takes, or all reasons against it."""
