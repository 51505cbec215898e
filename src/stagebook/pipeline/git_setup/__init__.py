"""What Stagebook sets up in a git repository: attributes, drivers and a hook."""
