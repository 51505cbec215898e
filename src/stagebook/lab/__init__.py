"""The extension of a person's Jupyter kernel."""
