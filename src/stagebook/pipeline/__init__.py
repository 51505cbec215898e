"""Stages, the graph between them, the text of dvc.yaml, and DVC itself."""
