"""The part that uses MLflow: deliveries, the runs that they create, and queries about runs."""
