"""A stage that runs again from what ``dvc.lock`` names, and why its outputs differ."""
