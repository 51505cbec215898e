"""The log of requests and predictions."""
