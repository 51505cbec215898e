"""A project: its root, settings, problems and files, and the masks for secrets."""
