"""What runs inside a person's Jupyter kernel."""
