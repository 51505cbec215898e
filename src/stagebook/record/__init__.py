"""The records of executions, stored here first and then delivered to MLflow."""
