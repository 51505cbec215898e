"""A project: its root, settings, problems and files, and what is masked in them."""
