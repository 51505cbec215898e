"""All that one execution leaves to remember, kept here first and delivered to MLflow."""
